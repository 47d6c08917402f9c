"""Training logs as JSON lines: those of our RunLogger and those of spaCy's ConsoleLogger, which it extends."""

import json
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
        losses: The loss of each component, summed over the updates since the evaluation before.
        scores: Scores such as ``ents_f``; shares are in percent, as spaCy logs them.
        score: The weighted score that decides which model is best, in [0, 1].
        learn_rate: The learn rate of this update, if logged.
        words_per_second: Training throughput, if logged.
    """

    step: int
    epoch: int
    losses: Mapping[str, float]
    scores: Mapping[str, float]
    score: float
    learn_rate: float | None = None
    words_per_second: float | None = None


def read_training_log(path: Path) -> tuple[TrainingStep, ...]:
    """Return the evaluations in a training log.

    Raises:
        CorpusError: A line is no JSON object of a training log.
    """
    steps: list[TrainingStep] = []
    for number, line in enumerate(path.read_text(encoding="utf8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row: dict[str, Any] = json.loads(line)
            steps.append(_read_row(row))
        except (KeyError, TypeError, ValueError) as error:
            raise CorpusError(
                f"{path}:{number}: expected a JSON object with step, epoch, losses, scores and score, as "
                f"spacy_hf_ner.RunLogger.v1 and spacy.ConsoleLogger.v3 write it, got {line[:60]!r}."
            ) from error
    return tuple(steps)


def _read_row(row: dict[str, Any]) -> TrainingStep:
    return TrainingStep(
        step=int(row["step"]),
        epoch=int(row["epoch"]),
        losses={name: float(value) for name, value in row["losses"].items()},
        scores={name: float(value) for name, value in row["scores"].items() if isinstance(value, int | float)},
        score=float(row["score"]),
        learn_rate=row.get("learn_rate"),
        words_per_second=row.get("words_per_second"),
    )
