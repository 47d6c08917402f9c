"""How far scores can be trusted: of the spans with a score around 0.8, are eight in ten right?

Source: Naeini et al. (2015), https://doi.org/10.1609/aaai.v29i1.9602 (expected and maximum calibration error);
Nguyen & O'Connor (2015), https://aclanthology.org/D15-1182 (bins of equal mass); Brier (1950),
https://doi.org/10.1175/1520-0493(1950)078%3C0001:VOFEIT%3E2.0.CO;2.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from spacy_hf_ner.core.arrays import Bools, Floats, Ints

Binning = Literal["equal_width", "equal_mass"]


@dataclass(frozen=True, slots=True)
class Reliability:
    """Scores in bins; empty bins are left out. All arrays have the shape (n_bins,).

    Attributes:
        n: Scores in each bin.
        low: Least score in each bin.
        high: Greatest score in each bin.
        mean_score: What the model expects.
        share_correct: What is the case.
    """

    n: Ints
    low: Floats
    high: Floats
    mean_score: Floats
    share_correct: Floats

    @property
    def expected_error(self) -> float:
        """The gap between mean score and share of right spans, averaged over spans (ECE); 0 without spans."""
        gaps = np.abs(self.mean_score - self.share_correct)
        return float(np.sum(gaps * self.n) / max(int(self.n.sum()), 1))

    @property
    def maximum_error(self) -> float:
        """The gap of the worst bin (MCE); 0 without spans."""
        return float(np.max(np.abs(self.mean_score - self.share_correct), initial=0.0))


def measure_reliability(
    scores: Floats, is_correct: Bools, *, n_bins: int = 15, binning: Binning = "equal_mass"
) -> Reliability:
    """Return scores in bins, with what was expected and what was the case in each.

    Args:
        scores: In [0, 1]. Shape: (n,).
        is_correct: Shape: (n,).
        n_bins: The most bins.
        binning: ``"equal_width"`` cuts [0, 1] into equal parts, ``"equal_mass"`` the sorted scores. Scores of NER
            crowd near 1, where bins of equal width put nearly all of them into one.

    >>> measure_reliability(np.array([0.2, 0.9, 0.9]), np.array([False, True, False]), n_bins=2).share_correct
    array([0. , 0.5])
    """
    order = np.argsort(scores, kind="stable")
    return _measure(scores[order], is_correct[order], _cut(scores[order], n_bins, binning))


def _cut(ordered: Floats, n_bins: int, binning: Binning) -> Ints:
    """Return where each bin of rising scores starts."""
    if binning == "equal_width":
        edges = np.searchsorted(ordered, np.linspace(0.0, 1.0, n_bins + 1)[1:-1], side="right")
    else:
        middle = np.round(np.linspace(0, len(ordered), n_bins + 1)[1:-1]).astype(np.int64)
        # Equal scores go into one bin: which of them come first says nothing.
        edges = np.searchsorted(ordered, ordered[middle[middle < len(ordered)]], side="left")
    starts = np.unique(np.concatenate([[0], edges])).astype(np.int64)
    return starts[starts < len(ordered)]


def _measure(ordered: Floats, is_correct: Bools, starts: Ints) -> Reliability:
    if len(starts) == 0:
        none = np.zeros(0)
        return Reliability(starts, none, none, none, none)
    ends = np.append(starts[1:], len(ordered))
    n = ends - starts
    return Reliability(
        n=n,
        low=ordered[starts],
        high=ordered[ends - 1],
        mean_score=np.add.reduceat(ordered, starts) / n,
        share_correct=np.add.reduceat(is_correct.astype(np.float64), starts) / n,
    )


def calibration_noise(
    scores: Floats,
    *,
    n_bins: int = 15,
    binning: Binning = "equal_mass",
    n_samples: int = 200,
    seed: int = 0,
) -> float:
    """Return the expected calibration error that perfectly calibrated scores would show, by chance alone.

    An error of this size is no evidence against a model: a share of right spans in a finite bin is never exact.

    >>> calibration_noise(np.full(10_000, 0.5), n_bins=1) < 0.01
    True
    """
    random = np.random.default_rng(seed)
    ordered = np.sort(scores)
    starts = _cut(ordered, n_bins, binning)
    outcomes = (random.random(len(ordered)) < ordered for _ in range(n_samples))
    return float(
        np.mean([_measure(ordered, outcome, starts).expected_error for outcome in outcomes])
    )


def brier_score(scores: Floats, is_correct: Bools) -> float:
    """Return the mean squared gap between score and outcome: 0 is perfect; 0 without spans.

    >>> brier_score(np.array([1.0, 0.5]), np.array([True, False]))
    0.125
    """
    return float(np.mean((scores - is_correct) ** 2)) if len(scores) else 0.0


def auroc(scores: Floats, is_correct: Bools) -> float | None:
    """Return how often a right span scores higher than a wrong one, ties counting half; None without either.

    >>> auroc(np.array([0.9, 0.6, 0.6, 0.2]), np.array([True, True, False, False]))
    0.875
    """
    n_right = int(is_correct.sum())
    n_wrong = len(scores) - n_right
    if not n_right or not n_wrong:
        return None
    _, group, sizes = np.unique(scores, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(sizes) - (sizes - 1) / 2  # 1-based, ties share theirs
    rank_sum = float(mean_rank[group][is_correct].sum())
    return (rank_sum - n_right * (n_right + 1) / 2) / (n_right * n_wrong)
