"""How far scores can be trusted: of the spans with a score around 0.8, are eight in ten right?

Source: Naeini et al. (2015), https://doi.org/10.1609/aaai.v29i1.9602 (expected and maximum
calibration error); Nguyen & O'Connor (2015), https://aclanthology.org/D15-1182 (bins of equal
mass); Brier (1950), https://doi.org/10.1175/1520-0493(1950)078%3C0001:VOFEIT%3E2.0.CO;2.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from spacy_hf_ner.core.arrays import Bools, Floats, Ints

__all__ = [
    "Binning",
    "Reliability",
    "auroc",
    "brier_score",
    "calibration_noise",
    "measure_reliability",
]

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
        """The gap between mean score and share of right spans, averaged over spans (ECE).

        It is 0 without spans.
        """
        n_spans = int(self.n.sum())
        return float(np.sum(self._gaps * self.n) / max(n_spans, 1))

    @property
    def maximum_error(self) -> float:
        """The gap of the worst bin (MCE); 0 without spans."""
        return float(np.max(self._gaps, initial=0.0))

    @property
    def _gaps(self) -> Floats:
        gaps: Floats = np.abs(self.mean_score - self.share_correct)
        return gaps


def measure_reliability(
    scores: Floats, is_correct: Bools, *, n_bins: int = 15, binning: Binning = "equal_mass"
) -> Reliability:
    """Return scores in bins, with what was expected and what was the case in each.

    Args:
        scores: In [0, 1]. Shape: (n,).
        is_correct: Shape: (n,).
        n_bins: The most bins.
        binning: ``"equal_width"`` cuts [0, 1] into equal parts, ``"equal_mass"`` the sorted scores.
            Scores of NER crowd near 1, where bins of equal width put nearly all of them into one.

    >>> scores = np.array([0.2, 0.9, 0.9])
    >>> measure_reliability(scores, np.array([False, True, False]), n_bins=2).share_correct
    array([0. , 0.5])
    """
    order = np.argsort(scores, kind="stable")
    rising_scores = scores[order]
    bin_starts = _cut(rising_scores, n_bins, binning)
    return _measure(rising_scores, is_correct[order], bin_starts)


def _cut(rising_scores: Floats, n_bins: int, binning: Binning) -> Ints:
    """Return where each bin of rising scores starts, empty bins left out."""
    n = len(rising_scores)
    if binning == "equal_width":
        inner_edges = np.linspace(0.0, 1.0, n_bins + 1)[1:-1]
        places = np.searchsorted(rising_scores, inner_edges, side="right")
    else:
        inner_edges = np.linspace(0, n, n_bins + 1)[1:-1]
        even_places = np.round(inner_edges).astype(np.int64)
        first_scores = rising_scores[even_places[even_places < n]]
        # Equal scores go into one bin, the later one, for which of them come first says nothing:
        #   scores   .1  .3  .3 | .3  .9  .9      bins   .1 | .3  .3  .3  .9  .9
        places = np.searchsorted(rising_scores, first_scores, side="left")
    starts = np.unique(np.concatenate([[0], places])).astype(np.int64)
    return starts[starts < n]


def _measure(rising_scores: Floats, is_correct: Bools, bin_starts: Ints) -> Reliability:
    if len(bin_starts) == 0:
        none = np.zeros(0)
        return Reliability(n=bin_starts, low=none, high=none, mean_score=none, share_correct=none)
    ends = np.append(bin_starts[1:], len(rising_scores))
    n = ends - bin_starts
    return Reliability(
        n=n,
        low=rising_scores[bin_starts],
        high=rising_scores[ends - 1],
        mean_score=np.add.reduceat(rising_scores, bin_starts) / n,
        share_correct=np.add.reduceat(is_correct.astype(np.float64), bin_starts) / n,
    )


def calibration_noise(
    scores: Floats,
    *,
    n_bins: int = 15,
    binning: Binning = "equal_mass",
    n_samples: int = 200,
    seed: int = 0,
) -> float:
    """Return the expected calibration error that perfectly calibrated scores show by chance alone.

    An error of this size is no evidence against a model: a share of right spans in a finite bin is
    never exact.

    Args:
        scores: In [0, 1]. Shape: (n,).
        n_bins: The most bins.
        binning: As in :func:`measure_reliability`.
        n_samples: How often outcomes are drawn that are right as often as the scores say.
        seed: Decides what is drawn.

    >>> calibration_noise(np.full(10_000, 0.5), n_bins=1) < 0.01
    True
    """
    random = np.random.default_rng(seed)
    rising_scores = np.sort(scores)
    bin_starts = _cut(rising_scores, n_bins, binning)
    errors: list[float] = []
    for _ in range(n_samples):
        is_correct = random.random(len(rising_scores)) < rising_scores
        errors.append(_measure(rising_scores, is_correct, bin_starts).expected_error)
    return float(np.mean(errors))


def brier_score(scores: Floats, is_correct: Bools) -> float:
    """Return the mean squared gap between score and outcome: 0 is perfect; 0 without spans.

    >>> brier_score(np.array([1.0, 0.5]), np.array([True, False]))
    0.125
    """
    if len(scores) == 0:
        return 0.0
    return float(np.mean((scores - is_correct) ** 2))


def auroc(scores: Floats, is_correct: Bools) -> float | None:
    """Return how often a right span scores higher than a wrong one, ties counting half.

    None where there are no right spans, or no wrong ones.

    >>> auroc(np.array([0.9, 0.6, 0.6, 0.2]), np.array([True, True, False, False]))
    0.875
    """
    n_right = int(is_correct.sum())
    n_wrong = len(scores) - n_right
    if not n_right or not n_wrong:
        return None
    _, group_i, sizes = np.unique(scores, return_inverse=True, return_counts=True)
    # Ranks count from 1, and equal scores share the mean of theirs:
    #   scores   .2  .6  .6  .9      ranks   1  2.5  2.5  4
    group_rank = np.cumsum(sizes) - (sizes - 1) / 2
    rank_sum = float(group_rank[group_i][is_correct].sum())
    # What is left of the ranks of right spans counts the wrong ones below each of them.
    least_rank_sum = n_right * (n_right + 1) / 2
    return (rank_sum - least_rank_sum) / (n_right * n_wrong)
