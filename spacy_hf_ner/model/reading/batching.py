"""Windows of many Docs to padded batches under a budget, and back.

The subwords of all Docs are packed one after the other. Windows are sorted by length, and a batch
ends where it would be more padding than it saves. The budget counts padded subwords, because time
and memory depend on them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from spacy_hf_ner.core.arrays import Ints, gather_ranges
from spacy_hf_ner.core.windows import Window
from spacy_hf_ner.model.reading.encoding import Template
from spacy_hf_ner.model.reading.limits import Limits

__all__ = ["Budget", "PaddedBatch", "make_batches", "plan_batches"]


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
    first = 0
    n_subwords = 0  # in the batch that begins at ``first``
    for i, length in enumerate(lengths[order].tolist()):
        # Lengths only grow, so a window that joins is what its batch would be padded to.
        n_padded = length * (i - first + 1)
        n_padding = n_padded - n_subwords - length
        is_too_large = n_padded > budget.size or n_padding > budget.padding
        if i > first and is_too_large:
            batches.append(order[first:i])
            first = i
            n_subwords = 0
        n_subwords += length
    if len(order):
        batches.append(order[first:])
    return batches


def make_batches(
    ids: Ints,
    windows: Sequence[Window],
    *,
    template: Template,
    limits: Limits,
    budget: Budget,
) -> Iterator[PaddedBatch]:
    """Yield the batches of packed windows.

    Args:
        ids: The subwords of all texts. Shape: (n_subwords,).
        windows: Windows of all texts, in positions of ``ids``.
        template: The special tokens around each window.
        limits: What the network can read, and what it is padded with.
        budget: How large they may be.
    """
    bounds = _as_array(windows)
    lengths = bounds[:, 1] - bounds[:, 0] + len(template)
    if not limits.takes_padding:
        # Then only windows of one length are put together.
        budget = replace(budget, padding=0)
    for chosen in plan_batches(lengths, budget):
        yield _pad(ids, bounds[chosen], template, limits)


def _as_array(windows: Sequence[Window]) -> Ints:
    """Return start, end, owned_start and owned_end of each window. Shape: (n_windows, 4)."""
    bounds = [(w.start, w.end, w.owned_start, w.owned_end) for w in windows]
    return np.array(bounds, dtype=np.int64).reshape(-1, 4)


def _pad(ids: Ints, bounds: Ints, template: Template, limits: Limits) -> PaddedBatch:
    """Return windows as one batch, padded to the longest of them, or to what the network needs.

    Places are counted in the flattened batch::

        packed subwords    0 An   1 gela   2 met   3 Tim
        windows            [0, 3) owns 0, 1     [2, 4) owns 2, 3      (subword 2 is in both)

        window 0   0 [CLS]   1 An    2 gela   3 met     4 [SEP]       row_start 0
        window 1   5 [CLS]   6 met   7 Tim    8 [SEP]   9 ·           row_start 5

        content    1 2 3   6 7
        suffix     4       8
        source     1 2     6 7
        target     0 1     2 3

    Args:
        ids: The packed subwords. Shape: (n_subwords,).
        bounds: The windows, at least one, as :func:`_as_array` gives them. Shape: (n_windows, 4).
        template: The special tokens around each window.
        limits: What the network is padded with.
    """
    start, end, owned_start, owned_end = bounds.T
    n_windows = len(bounds)
    n_content = end - start
    width = max(int(n_content.max()) + len(template), limits.shortest)
    row_start = np.arange(n_windows) * width
    content_start = row_start + len(template.prefix)
    content = gather_ranges(content_start, n_content)
    suffix = (content_start + n_content)[:, None] + np.arange(len(template.suffix))

    padded = np.full((n_windows, width), limits.pad_id, dtype=np.int64)
    padded[:, : len(template.prefix)] = template.prefix
    flat = padded.reshape(-1)  # a view: what is written to it is in ``padded``
    flat[content] = ids[gather_ranges(start, n_content)]
    flat[suffix] = template.suffix

    n_read = n_content + len(template)
    is_read = np.arange(width) < n_read[:, None]
    n_owned = owned_end - owned_start
    target = gather_ranges(owned_start, n_owned)
    # Subword ``start`` of a window is at ``content_start``, and the others of it are as far away.
    to_place = np.repeat(content_start - start, n_owned)
    return PaddedBatch(
        ids=padded,
        mask=is_read.astype(np.int64),
        types=_fill_types((n_windows, width), suffix, template),
        source=target + to_place,
        target=target,
    )


def _fill_types(shape: tuple[int, int], suffix: Ints, template: Template) -> Ints | None:
    """Return the token type ids of a batch, or None where the model needs none.

    Args:
        shape: The number of windows, and the length they are padded to.
        suffix: The places of suffixes in the flattened batch. Shape: (n_windows, n_suffix).
        template: The special tokens around each window.

    Returns:
        Shape: ``shape``.
    """
    if not template.has_types:
        return None
    types = np.full(shape, template.content_type, dtype=np.int64)
    types[:, : len(template.prefix)] = template.prefix_types
    types.reshape(-1)[suffix] = template.suffix_types
    return types
