"""Windows of many Docs to padded batches under a budget, and back.

The subwords of all Docs are packed one after the other. Windows are sorted by length, and a batch
ends where it would be more padding than it saves. The budget counts padded subwords, because time
and memory depend on them.

oneDNN, which multiplies on CPUs, compiles programs for each number of padded subwords and keeps
them: in a long stream of texts, memory would grow with every number that had not occurred before.
So batches get one of a few dozen sizes there, and end where that takes the least padding.
"""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from spacy_hf_ner.core.arrays import Ints, gather_ranges
from spacy_hf_ner.core.windows import Window
from spacy_hf_ner.model.reading.encoding import Template
from spacy_hf_ner.model.reading.limits import Limits

__all__ = ["Budget", "PaddedBatch", "make_batches", "plan_batches", "round_shape"]

# The steps between rounded sizes, up to a size each.
_SIZE_STEPS = ((64, 8), (128, 16), (512, 32), (1024, 64))
_LAST_STEP = 128


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
        rounds: Whether batches are padded further, to one of a few sizes.
        full_length: The length of full windows, special tokens included. Their batches are not
            rounded: long texts consist of them, and so many of one length have few sizes anyhow.
    """

    size: int
    padding: int
    rounds: bool = False
    full_length: int | None = None

    def round(self, n_windows: int, length: int) -> tuple[int, int]:
        """Return the shape that a batch of so many windows gets, the longest of this length."""
        if not self.rounds or length == self.full_length:
            return n_windows, length
        return round_shape(n_windows, length)


def plan_batches(lengths: Ints, budget: Budget) -> list[Ints]:
    """Return indices of windows in batches, shortest first. Shape of ``lengths``: (n_windows,).

    >>> plan_batches(np.array([9, 2, 3]), Budget(size=100, padding=2))
    [array([1, 2]), array([0])]
    """
    order = np.argsort(lengths, kind="stable")
    ascending = lengths[order].tolist()
    batches: list[Ints] = []
    first = 0
    while first < len(order):
        end = _find_end(ascending, first, budget)
        if budget.rounds:
            end = _find_best_end(ascending, first, end, budget)
        batches.append(order[first:end])
        first = end
    return batches


def _find_end(lengths: Sequence[int], first: int, budget: Budget) -> int:
    """Return where the largest batch ends that begins at a window and stays within the budget.

    Args:
        lengths: Lengths of windows, ascending.
        first: The first window of the batch, which is in it whatever its length.
        budget: How large it may be.
    """
    n_subwords = lengths[first]
    for i in range(first + 1, len(lengths)):
        # Lengths only grow, so a window that joins is what its batch would be padded to.
        n_subwords += lengths[i]
        n_padded = lengths[i] * (i - first + 1)
        if n_padded > budget.size or n_padded - n_subwords > budget.padding:
            return i
    return len(lengths)


def _find_best_end(lengths: Sequence[int], first: int, end: int, budget: Budget) -> int:
    """Return where a batch should end whose shape will be rounded: where that costs the least.

    Windows that are left out come into the next batch, where they are padded a little more. A batch
    by itself costs as much as the padding that another batch is worth.

    Args:
        lengths: Lengths of windows, ascending.
        first: The first window of the batch.
        end: Where it ends at the latest; at least half of it stays together.
        budget: How large it may be.
    """
    best_end = end
    least_cost = float("inf")
    n_subwords = sum(lengths[first:end])
    for candidate in range(end, (first + end) // 2, -1):
        n_windows, length = budget.round(candidate - first, lengths[candidate - 1])
        cost = (n_windows * length + budget.padding) / n_subwords
        if cost < least_cost:
            least_cost = cost
            best_end = candidate
        n_subwords -= lengths[candidate - 1]
    return best_end


@functools.lru_cache(maxsize=65_536)
def round_shape(n_windows: int, length: int) -> tuple[int, int]:
    """Return the shape of the smallest batch of a rounded size that has room for so many windows.

    >>> round_shape(5, 57)  # 285 subwords
    (5, 64)
    >>> round_shape(63, 15)  # 945
    (64, 15)

    Args:
        n_windows: The number of windows.
        length: The length of the longest.

    Returns:
        The number of windows with those that only fill the batch, and the length of all.
    """
    size = _round_size(n_windows * length)
    while True:
        for n_filled in range(n_windows, size // length + 1):
            padded_length, rest = divmod(size, n_filled)
            if rest == 0:
                return n_filled, padded_length
        size = _round_size(size + 1)


def _round_size(size: int) -> int:
    """Return the smallest rounded size that is not below a size."""
    for largest, step in _SIZE_STEPS:
        if size <= largest:
            return -(-size // step) * step
    return -(-size // _LAST_STEP) * _LAST_STEP


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
        budget = replace(budget, padding=0, rounds=False)
    for chosen in plan_batches(lengths, budget):
        width = max(int(lengths[chosen].max()), limits.shortest)
        n_windows, rounded_width = budget.round(len(chosen), width)
        if rounded_width > limits.max_subwords + len(template):
            n_windows, rounded_width = len(chosen), width
        yield _pad(_fill(bounds[chosen], n_windows), rounded_width, ids, template, limits)


def _as_array(windows: Sequence[Window]) -> Ints:
    """Return start, end, owned_start and owned_end of each window. Shape: (n_windows, 4)."""
    bounds = [(w.start, w.end, w.owned_start, w.owned_end) for w in windows]
    return np.array(bounds, dtype=np.int64).reshape(-1, 4)


def _fill(bounds: Ints, n_windows: int) -> Ints:
    """Return windows, and the last of them as often again as so many windows take.

    A copy owns no subwords. It is read because networks may not bear a window without any.
    """
    n_copies = n_windows - len(bounds)
    copy = bounds[-1:].copy()
    copy[:, 3] = copy[:, 2]
    return np.concatenate([bounds, np.repeat(copy, n_copies, axis=0)])


def _pad(bounds: Ints, width: int, ids: Ints, template: Template, limits: Limits) -> PaddedBatch:
    """Return windows as one batch, padded to a width.

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
        bounds: The windows, as :func:`_as_array` gives them. Shape: (n_windows, 4).
        width: The length of each, with special tokens and padding.
        ids: The packed subwords. Shape: (n_subwords,).
        template: The special tokens around each window.
        limits: What the network is padded with.
    """
    start, end, owned_start, owned_end = bounds.T
    n_windows = len(bounds)
    n_content = end - start
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
