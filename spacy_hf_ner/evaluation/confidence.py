"""What the scores of predictions are worth, and where a threshold on them should lie.

The measures themselves are in :mod:`spacy_hf_ner.core.reliability`; here they meet gold entities.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import starmap
from typing import Final

import numpy as np

from spacy_hf_ner.core.arrays import Bools, Floats, Ints
from spacy_hf_ner.core.reliability import (
    Reliability,
    auroc,
    brier_score,
    calibration_noise,
    measure_reliability,
)
from spacy_hf_ner.evaluation.pairing import DocPair, Entity, name_apart
from spacy_hf_ner.evaluation.strict import Counts, count_types, harmonic_mean

__all__ = [
    "HIGH_PRECISION",
    "NOISE_SAMPLES",
    "NOISE_SEED",
    "Confidence",
    "ScoredSpans",
    "ThresholdCurve",
    "ThresholdPoint",
    "collect_scores",
    "measure_confidence",
    "trace_thresholds",
]

HIGH_PRECISION: Final = 0.95
NOISE_SAMPLES: Final = 100
NOISE_SEED: Final = 0


@dataclass(frozen=True, slots=True)
class ScoredSpans:
    """Every judged prediction that has a score.

    Attributes:
        scores: In [0, 1]. Shape: (n,).
        is_correct: Whether the prediction is right. Shape: (n,).
        entity_types: The type of each; n of them.
        doc_i: The document of each. Shape: (n,).
        base_counts: What no threshold can drop, by entity type: all gold entities, and the judged
            predictions without a score, which another component has set.
    """

    scores: Floats
    is_correct: Bools
    entity_types: tuple[str, ...]
    doc_i: Ints
    base_counts: dict[str, Counts]

    @property
    def n_unscored(self) -> int:
        """Judged predictions without a score."""
        return sum(counts.n_predicted for counts in self.base_counts.values())


@dataclass(frozen=True, slots=True)
class Confidence:
    """What the scores of a data set are worth.

    Attributes:
        equal_mass: Reliability in 15 bins of equal mass.
        equal_width: Reliability in 15 bins of equal width.
        noise: The expected calibration error (equal mass) that perfectly calibrated scores would
            show by chance.
        brier: Mean squared gap between score and outcome.
        auroc: How often a right span scores higher than a wrong one; None if all are right or all
            are wrong.
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
    """Precision and recall if only spans with at least this score are kept.

    Spans without a score are kept at every threshold.
    """

    threshold: float
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return harmonic_mean(self.precision, self.recall)


@dataclass(frozen=True, slots=True)
class ThresholdCurve:
    """Precision and recall of one entity type over the threshold.

    Attributes:
        entity_type: The type, or "all types", which is put in brackets if a type has that name.
        points: From the highest threshold to the lowest.
        best_f1: The point with the highest F1.
        high_precision: The point with the highest recall whose precision is at least
            :data:`HIGH_PRECISION`; None if there is no such point.
    """

    entity_type: str
    points: tuple[ThresholdPoint, ...]
    best_f1: ThresholdPoint
    high_precision: ThresholdPoint | None


def collect_scores(pairs: Sequence[DocPair]) -> ScoredSpans:
    """Return every judged prediction that has a score, and the counts of all other entities."""
    scores: list[float] = []
    is_correct: list[bool] = []
    entity_types: list[str] = []
    doc_i: list[int] = []
    base_counts: dict[str, Counts] = {}
    for i, pair in enumerate(pairs):
        gold = set(pair.gold)
        unscored: list[Entity] = []
        for entity in pair.predicted:
            if entity.score is None:
                unscored.append(entity)
                continue
            scores.append(entity.score)
            is_correct.append(entity in gold)
            entity_types.append(entity.entity_type)
            doc_i.append(i)

        # Scored predictions are left out: a curve adds those that its threshold keeps.
        for entity_type, counts in count_types(pair.gold, unscored).items():
            base_counts[entity_type] = base_counts.get(entity_type, Counts()) + counts
    return ScoredSpans(
        scores=np.array(scores, dtype=np.float64),
        is_correct=np.array(is_correct, dtype=bool),
        entity_types=tuple(entity_types),
        doc_i=np.array(doc_i, dtype=np.int64),
        base_counts=dict(sorted(base_counts.items())),
    )


def measure_confidence(spans: ScoredSpans) -> Confidence | None:
    """Return what the scores are worth; None where there are none."""
    if len(spans.scores) == 0:
        return None
    return Confidence(
        equal_mass=measure_reliability(spans.scores, spans.is_correct, binning="equal_mass"),
        equal_width=measure_reliability(spans.scores, spans.is_correct, binning="equal_width"),
        noise=calibration_noise(spans.scores, n_samples=NOISE_SAMPLES, seed=NOISE_SEED),
        brier=brier_score(spans.scores, spans.is_correct),
        auroc=auroc(spans.scores, spans.is_correct),
        n=len(spans.scores),
        n_unscored=spans.n_unscored,
    )


def trace_thresholds(spans: ScoredSpans, *, max_points: int = 200) -> tuple[ThresholdCurve, ...]:
    """Return precision and recall over the threshold, for all types together and then for each.

    A type without gold entities, or without a prediction that has a score, has no curve.

    Args:
        spans: The scored predictions.
        max_points: Curves with more points are thinned for drawing; the marked points are exact.
    """
    curves: list[ThresholdCurve] = []
    total = sum(spans.base_counts.values(), Counts())
    if _has_curve(spans.scores, total):
        name = name_apart("all types", spans.base_counts)
        curves.append(_trace(name, spans.scores, spans.is_correct, total, max_points))

    entity_types = np.array(spans.entity_types, dtype=object)
    for entity_type, counts in spans.base_counts.items():
        is_of_type = entity_types == entity_type
        scores = spans.scores[is_of_type]
        is_correct = spans.is_correct[is_of_type]
        if _has_curve(scores, counts):
            curves.append(_trace(entity_type, scores, is_correct, counts, max_points))
    return tuple(curves)


def _has_curve(scores: Floats, base: Counts) -> bool:
    return len(scores) > 0 and base.n_gold > 0


def _trace(
    name: str, scores: Floats, is_correct: Bools, base: Counts, max_points: int
) -> ThresholdCurve:
    """Return the curve of some spans; there are scores and gold entities.

    Equal scores are kept or dropped together, so the curve has a point where a run of them ends::

        falling     0.9  0.8  0.8  0.5
        last          0         2    3
        n_kept        1         3    4     and the predictions without a score
    """
    order = np.argsort(-scores, kind="stable")
    falling = scores[order]
    is_last = np.append(falling[1:] != falling[:-1], True)
    last = np.flatnonzero(is_last)

    n_right = base.n_correct + np.cumsum(is_correct[order])[last]
    n_kept = base.n_predicted + last + 1
    precision = n_right / n_kept
    recall = n_right / base.n_gold
    # From counts, not from precision and recall, which may both be 0.
    f1 = 2 * n_right / (n_kept + base.n_gold)
    rows = np.stack([falling[last], precision, recall], axis=1)

    high_precision = None
    precise = np.flatnonzero(precision >= HIGH_PRECISION)
    if len(precise):
        # Recall only grows along the curve: the last precise point is the one that finds most.
        high_precision = ThresholdPoint(*rows[precise[-1]].tolist())

    # Of a short curve every point is shown, and named several times here.
    shown = np.linspace(0, len(rows) - 1, max_points).round().astype(np.int64)
    points = rows[np.unique(shown)].tolist()
    return ThresholdCurve(
        entity_type=name,
        points=tuple(starmap(ThresholdPoint, points)),
        best_f1=ThresholdPoint(*rows[f1.argmax()].tolist()),
        high_precision=high_precision,
    )
