"""Training logs as JSON lines: those of our RunLogger and those of spaCy's ConsoleLogger, which it extends."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacy_hf_ner.errors import CorpusError


@dataclass(frozen=True, slots=True)
class TrainingStep:
    """One evaluation while training.

    Attributes:
        step: Updates made before.
        epoch: Passes over the data completed.
        losses: The loss of each component, summed over the updates since the evaluation before; without those that
            are no finite numbers, as where training diverges.
        scores: Scores such as ``ents_f``; shares are in percent, as spaCy logs them.
        score: The weighted score that decides which model is best, in [0, 1]; None where it is no finite number.
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
            f"{path}: expected a training log, JSON lines in UTF-8, but it cannot be read ({error})."
        ) from error
    steps: list[TrainingStep] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row: dict[str, Any] = json.loads(line)
            steps.append(_read_row(row))
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
            raise CorpusError(
                f"{path}:{number}: expected a JSON object with step, epoch, losses, scores and score, as "
                f"spacy_hf_ner.RunLogger.v1 and spacy.ConsoleLogger.v3 write it, got {line[:60]!r}."
            ) from error
    return tuple(steps)


def _read_row(row: dict[str, Any]) -> TrainingStep:
    return TrainingStep(
        step=int(row["step"]),
        epoch=int(row["epoch"]),
        losses=_read_numbers(row["losses"]),
        scores=_read_numbers(
            {key: value for key, value in row["scores"].items() if isinstance(value, int | float)}
        ),
        score=_read_number(row["score"]),
        learn_rate=_read_number(row.get("learn_rate")),
        words_per_second=_read_number(row.get("words_per_second")),
    )


def _read_numbers(values: Mapping[str, Any]) -> dict[str, float]:
    return {
        name: number
        for name, value in values.items()
        if (number := _read_number(value)) is not None
    }


def _read_number(value: Any) -> float | None:  # noqa: ANN401 - whatever JSON has
    """Return a finite number; None for what our logger writes as null, and spaCy's as NaN."""
    return float(value) if value is not None and math.isfinite(float(value)) else None
