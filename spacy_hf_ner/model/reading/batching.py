"""Windows of many Docs to padded batches under a budget, and back.

The subwords of all Docs are packed one after the other. Windows are sorted by length, and a batch ends where it would
be more padding than it saves; the budget counts padded subwords, because that is what time and memory depend on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from spacy_hf_ner.core.arrays import Ints
from spacy_hf_ner.core.windows import Window
from spacy_hf_ner.model.reading.encoding import Template


@dataclass(frozen=True, slots=True)
class PaddedBatch:
    """Windows of similar length, with special tokens and padding, and where their logits go.

    Attributes:
        ids: Shape: (n_windows, length).
        mask: 1 where there is a subword, 0 where there is padding. Shape: (n_windows, length).
        types: Token type ids, or None where the model needs none. Shape: (n_windows, length).
        source: Positions in the flattened batch whose logits are kept. Shape: (n_owned,).
        target: The packed subwords that they belong to. Shape: (n_owned,).
    """

    ids: Ints
    mask: Ints
    types: Ints | None
    source: Ints
    target: Ints


@dataclass(frozen=True, slots=True)
class Budget:
    """How large batches may be, in padded subwords.

    Attributes:
        size: The most in a batch; a window that is larger has a batch of its own.
        padding: The most of them that are padding: beyond it, the work of another batch costs less.
    """

    size: int
    padding: int


def plan_batches(lengths: Ints, budget: Budget) -> list[Ints]:
    """Return indices of windows in batches, shortest first. Shape of ``lengths``: (n_windows,).

    >>> plan_batches(np.array([9, 2, 3]), Budget(size=100, padding=2))
    [array([1, 2]), array([0])]
    """
    order = np.argsort(lengths, kind="stable")
    batches: list[Ints] = []
    first = n_subwords = 0
    for i, length in enumerate(lengths[order].tolist()):
        padded = length * (i - first + 1)
        if i > first and (padded > budget.size or padded - n_subwords - length > budget.padding):
            batches.append(order[first:i])
            first, n_subwords = i, 0
        n_subwords += length
    if len(order):
        batches.append(order[first:])
    return batches


def make_batches(
    ids: Ints,
    windows: Sequence[Window],
    *,
    template: Template,
    pad_id: int,
    budget: Budget,
) -> Iterator[PaddedBatch]:
    """Give the batches of packed windows.

    Args:
        ids: The subwords of all texts. Shape: (n_subwords,).
        windows: Windows of all texts, in positions of ``ids``.
        template: The special tokens around each window.
        pad_id: The id to pad with.
        budget: How large they may be.
    """
    bounds = np.array(
        [(w.start, w.end, w.own_start, w.own_end) for w in windows], dtype=np.int64
    ).reshape(-1, 4)
    lengths = bounds[:, 1] - bounds[:, 0] + len(template)
    for chosen in plan_batches(lengths, budget):
        yield _pad(ids, bounds[chosen], template, pad_id)


def _pad(ids: Ints, bounds: Ints, template: Template, pad_id: int) -> PaddedBatch:
    start, end, own_start, own_end = bounds.T
    length = end - start
    n_windows, n_prefix, n_suffix = len(bounds), len(template.prefix), len(template.suffix)
    width = int(length.max()) + len(template)
    content = np.arange(width)[None, :] - n_prefix  # position in the window of each column
    in_window = (content >= 0) & (content < length[:, None])
    padded = np.full((n_windows, width), pad_id, dtype=np.int64)
    padded[in_window] = ids[(start[:, None] + content)[in_window]]
    padded[:, :n_prefix] = template.prefix
    suffix = (
        np.arange(n_windows)[:, None],
        n_prefix + length[:, None] + np.arange(n_suffix)[None, :],
    )
    padded[suffix] = template.suffix
    types = None
    if template.has_types:
        types = np.full((n_windows, width), template.content_type, dtype=np.int64)
        types[:, :n_prefix] = template.prefix_types
        types[suffix] = template.suffix_types
    n_owned = own_end - own_start
    step = np.arange(int(n_owned.sum())) - np.repeat(np.cumsum(n_owned) - n_owned, n_owned)
    first_kept = np.arange(n_windows) * width + n_prefix + own_start - start
    return PaddedBatch(
        ids=padded,
        mask=(np.arange(width)[None, :] < (length + len(template))[:, None]).astype(np.int64),
        types=types,
        source=np.repeat(first_kept, n_owned) + step,
        target=np.repeat(own_start, n_owned) + step,
    )
