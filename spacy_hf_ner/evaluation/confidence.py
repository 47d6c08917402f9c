"""Can the scores be trusted, and where should a threshold lie?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spacy_hf_ner.core.arrays import Bools, Floats
from spacy_hf_ner.core.reliability import (
    Reliability,
    auroc,
    brier_score,
    calibration_noise,
    measure_reliability,
)
from spacy_hf_ner.evaluation.pairing import DocPair, name_apart
from spacy_hf_ner.evaluation.strict import Counts, count_types, harmonic_mean

HIGH_PRECISION = 0.95
NOISE_SAMPLES = 100
NOISE_SEED = 0


@dataclass(frozen=True, slots=True)
class ScoredSpans:
    """Every judged prediction that has a score.

    Attributes:
        scores: In [0, 1]. Shape: (n,).
        is_correct: Shape: (n,).
        entity_types: The type of each; n of them.
        doc_i: The document of each. Shape: (n,).
        always: Of each type the gold entities, found or not, and the judged predictions without a score: those that
            another component has set. No threshold drops them.
    """

    scores: Floats
    is_correct: Bools
    entity_types: tuple[str, ...]
    doc_i: npt.NDArray[np.int64]
    always: dict[str, Counts]

    @property
    def n_unscored(self) -> int:
        """Judged predictions without a score."""
        return sum(counts.n_predicted for counts in self.always.values())


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
    """What remains if, of the spans with a score, only those with at least this one are kept."""

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
        entity_type: The type, or "all types", in brackets if a type is called so.
        points: From the highest threshold to the lowest.
        best_f1: The point with the highest F1.
        high_precision: The point with the highest recall whose precision is at least :data:`HIGH_PRECISION`, if any.
    """

    entity_type: str
    points: tuple[ThresholdPoint, ...]
    best_f1: ThresholdPoint
    high_precision: ThresholdPoint | None


def collect_scores(pairs: Sequence[DocPair]) -> ScoredSpans:
    """Return every judged prediction that has a score, and what there is beside them."""
    rows: list[tuple[float, bool, str, int]] = []
    always: dict[str, Counts] = {}
    for i, pair in enumerate(pairs):
        gold = set(pair.gold)
        rows += [
            (e.score, e in gold, e.entity_type, i) for e in pair.predicted if e.score is not None
        ]
        unscored = [entity for entity in pair.predicted if entity.score is None]
        for entity_type, counts in count_types(pair.gold, unscored).items():
            always[entity_type] = always.get(entity_type, Counts()) + counts
    return ScoredSpans(
        scores=np.array([row[0] for row in rows], dtype=np.float64),
        is_correct=np.array([row[1] for row in rows], dtype=bool),
        entity_types=tuple(row[2] for row in rows),
        doc_i=np.array([row[3] for row in rows], dtype=np.int64),
        always=dict(sorted(always.items())),
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

    Args:
        spans: The scored predictions.
        max_points: Curves with more points are thinned for drawing; the marked points are exact.
    """
    types = np.array(spans.entity_types, dtype=object)
    everything, total = name_apart("all types", spans.always), sum(spans.always.values(), Counts())
    curves = [_trace(everything, spans.scores, spans.is_correct, total, max_points)]
    for entity_type, always in spans.always.items():
        chosen = types == entity_type
        curves.append(
            _trace(entity_type, spans.scores[chosen], spans.is_correct[chosen], always, max_points)
        )
    return tuple(curve for curve in curves if curve)


def _trace(
    name: str, scores: Floats, is_correct: Bools, always: Counts, max_points: int
) -> ThresholdCurve | None:
    if len(scores) == 0 or always.n_gold == 0:
        return None
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    last = np.flatnonzero(
        np.append(ordered[1:] != ordered[:-1], True)
    )  # equal scores are kept or dropped together
    n_right = always.n_correct + np.cumsum(is_correct[order])[last]
    n_kept = always.n_predicted + last + 1
    rows = np.stack([ordered[last], n_right / n_kept, n_right / always.n_gold], axis=1)
    f1 = 2 * n_right / (n_kept + always.n_gold)
    precise = np.flatnonzero(rows[:, 1] >= HIGH_PRECISION)
    shown = np.unique(np.linspace(0, len(rows) - 1, max_points).round().astype(np.int64))
    return ThresholdCurve(
        entity_type=name,
        points=tuple(ThresholdPoint(*row) for row in rows[shown].tolist()),
        best_f1=ThresholdPoint(*rows[f1.argmax()].tolist()),
        high_precision=ThresholdPoint(*rows[precise[-1]].tolist()) if len(precise) else None,
    )
