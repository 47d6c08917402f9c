"""How sure is a score? Bootstrap intervals for one pipeline, a permutation test for two.

Documents are drawn, not entities or sentences: the entities of one document depend on each other.

Source: Efron (1979), https://doi.org/10.1214/aos/1176344552 (bootstrap); Noreen (1989) and Dror et al. (2018),
https://aclanthology.org/P18-1128 (approximate randomisation).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from spacy_hf_ner.core.arrays import Floats
from spacy_hf_ner.evaluation.pairing import DocPair
from spacy_hf_ner.evaluation.strict import count_types

BOOTSTRAP_SAMPLES = 1000
PERMUTATION_SAMPLES = 10_000
RESAMPLING_SEED = 0

_CELLS = 500_000  # random numbers held at once: more would be slower, not faster


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
    rows = [count_types(pair.gold, pair.predicted) for pair in pairs]
    types = tuple(sorted({entity_type for row in rows for entity_type in row}))
    column = {entity_type: i for i, entity_type in enumerate(types)}
    counts = np.zeros((len(pairs), len(types), 3))
    for i, row in enumerate(rows):
        for entity_type, one in row.items():
            counts[i, column[entity_type]] = one.n_correct, one.n_predicted, one.n_gold
    return DocCounts(types, counts)


def bootstrap(
    docs: DocCounts, *, n_samples: int = BOOTSTRAP_SAMPLES, seed: int = RESAMPLING_SEED
) -> Intervals | None:
    """Return percentile intervals over drawn documents; None with fewer than two documents or no entities.

    A sample without anything to divide by, such as one without a document that has the type, says nothing of that
    score and is left out of its interval.

    Args:
        docs: The counts of every document.
        n_samples: How often all documents are drawn, with replacement.
        seed: Of the draws.
    """
    n_docs, n_types, _ = docs.counts.shape
    if n_docs < 2 or n_types == 0:  # noqa: PLR2004 - one document says nothing about others
        return None
    flat = docs.counts.reshape(n_docs, -1)
    random = np.random.default_rng(seed)
    samples = [_draw(random, size, n_docs) @ flat for size in _chunks(n_samples, n_docs)]
    drawn = np.concatenate(samples).reshape(n_samples, n_types, 3)
    right, predicted, gold = np.moveaxis(drawn, 2, 0)  # each of shape (n_samples, n_types)
    all_right, all_predicted, all_gold = drawn.sum(axis=1).T
    is_drawn = (predicted + gold > 0).astype(np.float64)
    return Intervals(
        precision=_interval(all_right, all_predicted),
        recall=_interval(all_right, all_gold),
        f1=_interval(2 * all_right, all_predicted + all_gold),
        macro_f1=_interval(_f1(drawn).sum(axis=1), is_drawn.sum(axis=1)),
        f1_per_type={
            t: _interval(2 * right[:, i], predicted[:, i] + gold[:, i])
            for i, t in enumerate(docs.entity_types)
        },
    )


def permutation_test(
    first: DocCounts,
    second: DocCounts,
    *,
    n_samples: int = PERMUTATION_SAMPLES,
    seed: int = RESAMPLING_SEED,
) -> float:
    """Return how often two pipelines would differ by at least as much in micro F1 if they were equally good.

    In each sample, every document's two outputs change places with a chance of one half.

    Args:
        first: The counts of one pipeline.
        second: The counts of the other, on the same documents in the same order.
        n_samples: Samples drawn.
        seed: Of the draws.
    """
    one, other = first.counts.sum(axis=1), second.counts.sum(axis=1)
    n_docs = len(one)
    seen = abs(float(_f1(one.sum(axis=0)) - _f1(other.sum(axis=0))))
    change = other - one
    random = np.random.default_rng(seed)
    n_as_large = 0
    for size in _chunks(n_samples, n_docs):
        moved = random.integers(0, 2, size=(size, n_docs)).astype(np.float64) @ change
        gap = np.abs(_f1(one.sum(axis=0) + moved) - _f1(other.sum(axis=0) - moved))
        n_as_large += int(np.sum(gap >= seen - 1e-12))
    return (n_as_large + 1) / (n_samples + 1)


def _draw(random: np.random.Generator, n_samples: int, n_docs: int) -> Floats:
    """Return how often each document is drawn in each sample. Shape: (n_samples, n_docs)."""
    doc_i = random.integers(n_docs, size=(n_samples, n_docs))
    doc_i += np.arange(n_samples)[:, None] * n_docs
    return np.bincount(doc_i.ravel(), minlength=doc_i.size).reshape(doc_i.shape).astype(np.float64)


def _chunks(n_samples: int, n_docs: int) -> Iterator[int]:
    size = max(1, _CELLS // max(n_docs, 1))
    for start in range(0, n_samples, size):
        yield min(size, n_samples - start)


def _f1(counts: Floats) -> Floats:
    """Return F1 of correct, predicted and gold entities, 0 without any. Shape: that of the counts but for the last."""
    result: Floats = 2 * counts[..., 0] / np.maximum(counts[..., 1] + counts[..., 2], 1.0)
    return result


def _interval(part: Floats, whole: Floats) -> Interval:
    known = whole > 0
    if not known.any():  # nothing predicted at all, say: the precision might be anything
        return Interval(0.0, 1.0)
    low, high = np.quantile(part[known] / whole[known], [0.025, 0.975])
    return Interval(float(low), float(high))
