"""Training logs as JSON lines: of spaCy's ConsoleLogger, and of our RunLogger, which extends it."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from spacy_hf_ner.errors import CorpusError

__all__ = ["TrainingStep", "read_training_log"]

# Characters of a wrong line that its error quotes.
_MAX_QUOTED: Final = 60


@dataclass(frozen=True, slots=True)
class TrainingStep:
    """One evaluation while training.

    Attributes:
        step: Updates made before.
        epoch: Passes over the data completed.
        losses: The loss of each component, summed over the updates since the last evaluation;
            without those that are no finite numbers, as where training diverges.
        scores: Scores such as ``ents_f``; shares are in percent, as spaCy logs them.
        score: The weighted score that decides which model is best, in [0, 1]; None where it is no
            finite number.
        learn_rate: The learn rate of this update, if logged.
        words_per_second: Training throughput, if logged.
    """

    step: int
    epoch: int
    losses: Mapping[str, float]
    scores: Mapping[str, float]
    score: float | None
    learn_rate: float | None = None
    words_per_second: float | None = None


def read_training_log(path: Path) -> tuple[TrainingStep, ...]:
    """Return the evaluations in a training log.

    Raises:
        CorpusError: The file cannot be read as text, or a line is no JSON object of a training log.
    """
    try:
        text = path.read_text(encoding="utf8")
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(
            f"{path}: expected a training log, JSON lines in UTF-8, but it cannot be read "
            f"({error})."
        ) from error

    steps: list[TrainingStep] = []
    for line_number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            steps.append(_read_line(line))
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
            raise CorpusError(
                f"{path}:{line_number}: expected a JSON object with step, epoch, losses, scores "
                "and score, as spacy_hf_ner.RunLogger.v1 and spacy.ConsoleLogger.v3 write it, got "
                f"{line[:_MAX_QUOTED]!r}."
            ) from error
    return tuple(steps)


def _read_line(line: str) -> TrainingStep:
    """Return one evaluation; whatever a wrong line raises, the caller explains."""
    row: dict[str, Any] = json.loads(line)
    # spaCy logs tables of scores, such as ents_per_type, among the scores.
    logged = row["scores"].items()
    scores = {name: value for name, value in logged if isinstance(value, int | float)}
    return TrainingStep(
        step=int(row["step"]),
        epoch=int(row["epoch"]),
        losses=_read_numbers(row["losses"]),
        scores=_read_numbers(scores),
        score=_read_number(row["score"]),
        learn_rate=_read_number(row.get("learn_rate")),
        words_per_second=_read_number(row.get("words_per_second")),
    )


def _read_numbers(values: Mapping[str, Any]) -> dict[str, float]:
    """Return the values that are finite numbers."""
    numbers: dict[str, float] = {}
    for name, value in values.items():
        number = _read_number(value)
        if number is not None:
            numbers[name] = number
    return numbers


def _read_number(value: Any) -> float | None:  # noqa: ANN401 - whatever JSON has
    """Return a finite number; None for any other, which our logger writes as null, spaCy as NaN."""
    if value is None:
        return None
    number = float(value)
    if not math.isfinite(number):
        return None
    return number
