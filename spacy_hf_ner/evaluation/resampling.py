"""How sure is a score? Bootstrap intervals for one pipeline, a permutation test for two.

Documents are drawn, not entities or sentences: the entities of one document depend on each other.

Source: Efron (1979), https://doi.org/10.1214/aos/1176344552 (bootstrap); Noreen (1989) and
Dror et al. (2018), https://aclanthology.org/P18-1128 (approximate randomisation).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from spacy_hf_ner.core.arrays import Floats
from spacy_hf_ner.evaluation.pairing import DocPair
from spacy_hf_ner.evaluation.strict import count_types

__all__ = [
    "BOOTSTRAP_SAMPLES",
    "PERMUTATION_SAMPLES",
    "RESAMPLING_SEED",
    "DocCounts",
    "Interval",
    "Intervals",
    "bootstrap",
    "count_docs",
    "permutation_test",
]

BOOTSTRAP_SAMPLES: Final = 1000
PERMUTATION_SAMPLES: Final = 10_000
RESAMPLING_SEED: Final = 0

_QUANTILES: Final = (0.025, 0.975)

# Random numbers held at once: more would be slower, not faster.
_MAX_DRAWS: Final = 500_000

# Samples that differ by as much as the pipelines do must not miss by a rounding error.
_TOLERANCE: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Intervals:
    """95 % confidence intervals of strict span scores.

    Attributes:
        precision: Of micro-averaged precision.
        recall: Of micro-averaged recall.
        f1: Of micro-averaged F1.
        macro_f1: Of the mean F1 over entity types.
        f1_per_type: Of the F1 of each entity type.
    """

    precision: Interval
    recall: Interval
    f1: Interval
    macro_f1: Interval
    f1_per_type: dict[str, Interval]


@dataclass(frozen=True, slots=True)
class DocCounts:
    """Counts of every document, to be added up in many ways.

    Attributes:
        entity_types: In alphabetical order.
        counts: Correct, predicted and gold entities. Shape: (n_docs, n_types, 3).
    """

    entity_types: tuple[str, ...]
    counts: Floats


def count_docs(pairs: Sequence[DocPair]) -> DocCounts:
    """Return the counts of every document."""
    doc_counts = [count_types(pair.gold, pair.predicted) for pair in pairs]
    all_types: set[str] = set()
    for counts_by_type in doc_counts:
        all_types.update(counts_by_type)
    entity_types = tuple(sorted(all_types))
    type_i = {entity_type: i for i, entity_type in enumerate(entity_types)}
    counts = np.zeros((len(pairs), len(entity_types), 3))
    for doc_i, counts_by_type in enumerate(doc_counts):
        for entity_type, row in counts_by_type.items():
            counts[doc_i, type_i[entity_type]] = (row.n_correct, row.n_predicted, row.n_gold)
    return DocCounts(entity_types, counts)


def bootstrap(
    docs: DocCounts, *, n_samples: int = BOOTSTRAP_SAMPLES, seed: int = RESAMPLING_SEED
) -> Intervals | None:
    """Return percentile intervals over drawn documents.

    None with fewer than two documents, or without entities. A sample with nothing to divide by,
    such as one in which no document has the type, has no such score: its interval leaves it out.

    Args:
        docs: The counts of every document.
        n_samples: How often all documents are drawn, with replacement.
        seed: Seed of the draws.
    """
    n_docs, n_types, _ = docs.counts.shape
    if n_docs < 2 or n_types == 0:  # noqa: PLR2004 - one document says nothing about others
        return None
    samples = _draw_samples(docs.counts, n_samples, seed)
    # Each of shape (n_samples, n_types).
    n_correct, n_predicted, n_gold = np.moveaxis(samples, 2, 0)
    n_judged = n_predicted + n_gold

    f1_per_type: dict[str, Interval] = {}
    for i, entity_type in enumerate(docs.entity_types):
        f1_per_type[entity_type] = _find_interval(2 * n_correct[:, i], n_judged[:, i])

    # Macro F1 averages over the types that a sample has, which need not be all of them.
    f1_sum = _f1(samples).sum(axis=1)
    n_drawn_types = (n_judged > 0).astype(np.float64).sum(axis=1)
    all_correct, all_predicted, all_gold = samples.sum(axis=1).T
    return Intervals(
        precision=_find_interval(all_correct, all_predicted),
        recall=_find_interval(all_correct, all_gold),
        f1=_find_interval(2 * all_correct, all_predicted + all_gold),
        macro_f1=_find_interval(f1_sum, n_drawn_types),
        f1_per_type=f1_per_type,
    )


def permutation_test(
    first: DocCounts,
    second: DocCounts,
    *,
    n_samples: int = PERMUTATION_SAMPLES,
    seed: int = RESAMPLING_SEED,
) -> float:
    """Return how likely so large a difference in micro F1 is between equally good pipelines.

    In each sample, every document's two outputs change places with a chance of one half.

    Args:
        first: The counts of one pipeline.
        second: The counts of the other, on the same documents in the same order.
        n_samples: Samples drawn.
        seed: Seed of the draws.
    """
    # Each of shape (n_docs, 3).
    first_counts = first.counts.sum(axis=1)
    second_counts = second.counts.sum(axis=1)
    first_total = first_counts.sum(axis=0)
    second_total = second_counts.sum(axis=0)
    difference = abs(float(_f1(first_total) - _f1(second_total)))

    # Where a document changes sides, what one total gains is what the other loses.
    gain = second_counts - first_counts
    n_docs = len(gain)
    random = np.random.default_rng(seed)
    n_as_large = 0
    for size in _split_into_chunks(n_samples, n_docs):
        is_swapped = random.integers(0, 2, size=(size, n_docs)).astype(np.float64)
        moved = is_swapped @ gain
        differences = np.abs(_f1(first_total + moved) - _f1(second_total - moved))
        n_as_large += int(np.sum(differences >= difference - _TOLERANCE))
    # The pipelines as they are count as a sample, so that the result is never 0.
    return (n_as_large + 1) / (n_samples + 1)


def _draw_samples(counts: Floats, n_samples: int, seed: int) -> Floats:
    """Return the summed counts of drawn documents. Shape: (n_samples, n_types, 3)."""
    n_docs, n_types, n_counts = counts.shape
    flat = counts.reshape(n_docs, -1)
    random = np.random.default_rng(seed)
    chunks: list[Floats] = []
    for size in _split_into_chunks(n_samples, n_docs):
        chunks.append(_draw(random, size, n_docs) @ flat)
    return np.concatenate(chunks).reshape(n_samples, n_types, n_counts)


def _draw(random: np.random.Generator, n_samples: int, n_docs: int) -> Floats:
    """Return how often each document is drawn in each sample.

    All samples are counted at once, each in a range of numbers of its own::

        drawn, 2 samples of 3 documents    1 1 0    2 0 2
        shifted by n_docs a sample         1 1 0    5 3 5
        counted                            1 2 0    1 0 2

    Shape: (n_samples, n_docs).
    """
    doc_i = random.integers(n_docs, size=(n_samples, n_docs))
    doc_i += np.arange(n_samples)[:, None] * n_docs
    n_drawn = np.bincount(doc_i.ravel(), minlength=doc_i.size)
    return n_drawn.reshape(n_samples, n_docs).astype(np.float64)


def _split_into_chunks(n_samples: int, n_docs: int) -> Iterator[int]:
    """Yield numbers of samples that add up to all, each with few enough draws to hold at once."""
    max_size = max(1, _MAX_DRAWS // max(n_docs, 1))
    for start in range(0, n_samples, max_size):
        yield min(max_size, n_samples - start)


def _f1(counts: Floats) -> Floats:
    """Return F1 of correct, predicted and gold entities; 0 without any.

    Shape: that of the counts without the last axis.
    """
    n_judged = counts[..., 1] + counts[..., 2]
    f1: Floats = 2 * counts[..., 0] / np.maximum(n_judged, 1.0)
    return f1


def _find_interval(numerator: Floats, denominator: Floats) -> Interval:
    """Return the interval of a score over samples; both of shape (n_samples,)."""
    is_known = denominator > 0
    if not is_known.any():
        # If, say, nothing is predicted in any sample, the precision might be anything.
        return Interval(0.0, 1.0)
    scores = numerator[is_known] / denominator[is_known]
    low, high = np.quantile(scores, _QUANTILES)
    return Interval(float(low), float(high))
