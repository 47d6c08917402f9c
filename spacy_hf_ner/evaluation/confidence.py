"""Can the scores be trusted, and where should a threshold lie?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spacy_hf_ner.core.reliability import Reliability, auroc, brier_score, calibration_noise, measure_reliability
from spacy_hf_ner.evaluation.entities import DocPair

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
HIGH_PRECISION = 0.95


@dataclass(frozen=True, slots=True)
class ScoredSpans:
    """Every judged prediction that has a score.

    Attributes:
        scores: In [0, 1]. Shape: (n,).
        is_correct: Shape: (n,).
        entity_types: The type of each; n of them.
        doc_i: The document of each. Shape: (n,).
        n_gold: Gold entities of each type, found or not.
        n_unscored: Judged predictions without a score.
    """

    scores: Floats
    is_correct: Bools
    entity_types: tuple[str, ...]
    doc_i: npt.NDArray[np.int64]
    n_gold: dict[str, int]
    n_unscored: int


@dataclass(frozen=True, slots=True)
class Confidence:
    """What the scores of a data set are worth.

    Attributes:
        equal_mass: Reliability in 15 bins of equal mass.
        equal_width: Reliability in 15 bins of equal width.
        noise: The expected calibration error (equal mass) that true scores would show by chance.
        brier: Mean squared gap between score and outcome.
        auroc: How often a right span scores higher than a wrong one; None without either.
        n: Scored predictions.
        n_unscored: Predictions without a score.
    """

    equal_mass: Reliability
    equal_width: Reliability
    noise: float
    brier: float
    auroc: float | None
    n: int
    n_unscored: int


@dataclass(frozen=True, slots=True)
class ThresholdPoint:
    """What remains if only spans with at least this score are kept."""

    threshold: float
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass(frozen=True, slots=True)
class ThresholdCurve:
    """Precision and recall of one entity type over the threshold.

    Attributes:
        entity_type: The type, or "all types".
        points: From the highest threshold to the lowest.
        best_f1: The point with the highest F1.
        high_precision: The point with the highest recall whose precision is at least :data:`HIGH_PRECISION`, if any.
    """

    entity_type: str
    points: tuple[ThresholdPoint, ...]
    best_f1: ThresholdPoint
    high_precision: ThresholdPoint | None


def collect_scores(pairs: Sequence[DocPair]) -> ScoredSpans:
    """Return every judged prediction that has a score."""
    rows: list[tuple[float, bool, str, int]] = []
    n_gold: dict[str, int] = {}
    n_unscored = 0
    for i, pair in enumerate(pairs):
        gold = set(pair.gold)
        for entity in pair.gold:
            n_gold[entity.entity_type] = n_gold.get(entity.entity_type, 0) + 1
        for entity in pair.predicted:
            if entity.score is None:
                n_unscored += 1
            else:
                rows.append((entity.score, entity in gold, entity.entity_type, i))
    return ScoredSpans(
        scores=np.array([row[0] for row in rows], dtype=np.float64),
        is_correct=np.array([row[1] for row in rows], dtype=bool),
        entity_types=tuple(row[2] for row in rows),
        doc_i=np.array([row[3] for row in rows], dtype=np.int64),
        n_gold=dict(sorted(n_gold.items())),
        n_unscored=n_unscored,
    )


def measure_confidence(spans: ScoredSpans) -> Confidence | None:
    """Return what the scores are worth; None where there are none."""
    if len(spans.scores) == 0:
        return None
    return Confidence(
        equal_mass=measure_reliability(spans.scores, spans.is_correct, binning="equal_mass"),
        equal_width=measure_reliability(spans.scores, spans.is_correct, binning="equal_width"),
        noise=calibration_noise(spans.scores, n_samples=100),
        brier=brier_score(spans.scores, spans.is_correct),
        auroc=auroc(spans.scores, spans.is_correct),
        n=len(spans.scores),
        n_unscored=spans.n_unscored,
    )


def trace_thresholds(spans: ScoredSpans, *, max_points: int = 200) -> tuple[ThresholdCurve, ...]:
    """Return precision and recall over the threshold, for all types together and then for each.

    Args:
        spans: The scored predictions.
        max_points: Curves with more points are thinned for drawing; the marked points are exact.
    """
    types = np.array(spans.entity_types, dtype=object)
    curves = [_trace("all types", spans.scores, spans.is_correct, sum(spans.n_gold.values()), max_points)]
    for entity_type, n_gold in spans.n_gold.items():
        chosen = types == entity_type
        curves.append(_trace(entity_type, spans.scores[chosen], spans.is_correct[chosen], n_gold, max_points))
    return tuple(curve for curve in curves if curve)


def _trace(name: str, scores: Floats, is_correct: Bools, n_gold: int, max_points: int) -> ThresholdCurve | None:
    if len(scores) == 0 or n_gold == 0:
        return None
    order = np.argsort(-scores, kind="stable")
    ordered, n_right = scores[order], np.cumsum(is_correct[order])
    last = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))  # equal scores are kept or dropped together
    precision, recall = n_right[last] / (last + 1), n_right[last] / n_gold
    rows = np.stack([ordered[last], precision, recall], axis=1)
    f1 = 2 * n_right[last] / (last + 1 + n_gold)
    precise = np.flatnonzero(precision >= HIGH_PRECISION)
    shown = np.unique(np.linspace(0, len(rows) - 1, max_points).round().astype(np.int64))
    return ThresholdCurve(
        entity_type=name,
        points=tuple(ThresholdPoint(*row) for row in rows[shown].tolist()),
        best_f1=ThresholdPoint(*rows[f1.argmax()].tolist()),
        high_precision=ThresholdPoint(*rows[precise[-1]].tolist()) if len(precise) else None,
    )
