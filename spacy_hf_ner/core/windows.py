"""Which stretches of a long text the network reads, and which of them speaks for each subword.

::

    subwords   0 . . . . . . . . . . . . . . . . . . . . . n
    window 0   [===================)
    window 1                  [===================)
    window 2                                 [============)
    owned      000000000000000000 11111111111111 2222222222

A window ends at a sentence start if the text has one within reach, else at a token start, else (a token longer than
the window) anywhere. After a sentence the next window begins right there, because no entity crosses the border;
otherwise windows overlap, and each subword of the overlap is owned by the window that reads further around it. The
overlap gives way where the next token would not fit whole into the next window.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from spacy_hf_ner.core.arrays import Ints
from spacy_hf_ner.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of subwords that the network reads at once. All positions are subwords of one text.

    Attributes:
        start: First subword read.
        end: The subword after the last one read.
        own_start: First subword whose logits are taken from this window.
        own_end: The subword after the last one whose logits are taken from this window.
    """

    start: int
    end: int
    own_start: int
    own_end: int

    def __len__(self) -> int:
        return self.end - self.start


def check_window(window: int, overlap: int, *, limit: int, name: str) -> None:
    """Check that windows of this size fit a model.

    Args:
        window: Subwords in a window, without special tokens.
        overlap: Subwords that two neighbouring windows share.
        limit: The most subwords that the model reads, without special tokens.
        name: The model's name, for the message.

    Raises:
        ConfigError: The window is too large or too small, or the overlap is over half of it.
    """
    if not 1 < window <= limit:
        raise ConfigError(
            f"window must be 2..{limit} subwords for {name!r}, got {window}: special tokens take the rest of what "
            f"the model reads. Set window = {min(max(window, 2), limit)}, or null for the default."
        )
    if not 0 <= overlap <= window // 2:
        raise ConfigError(
            f"overlap must be 0..{window // 2} subwords, half of the window of {window}, got {overlap}. "
            "Set overlap = null for a quarter of the window."
        )


def plan_windows(
    n_subwords: int,
    *,
    window: int,
    overlap: int,
    token_starts: Ints,
    sentence_starts: Ints,
) -> list[Window]:
    """Return windows whose owned parts cover every subword of a text exactly once, in order.

    Args:
        n_subwords: The number of subwords in the text.
        window: The most subwords in a window.
        overlap: Subwords shared by neighbouring windows that are not cut between sentences.
        token_starts: Sorted positions of the first subword of each token.
        sentence_starts: Sorted positions of the first subword of each sentence; empty where unknown.

    >>> plan_windows(10, window=6, overlap=2, token_starts=np.arange(10), sentence_starts=np.zeros(0, np.int64))
    [Window(start=0, end=6, own_start=0, own_end=5), Window(start=4, end=10, own_start=5, own_end=10)]
    """
    if n_subwords == 0:
        return []
    edges = np.append(token_starts, n_subwords)
    bounds: list[tuple[int, int]] = []
    start = 0
    while start + window < n_subwords:
        reach = start + window
        if (end := _last_between(sentence_starts, start, reach)) is not None:
            following = end
        elif (end := _last_between(edges, start, reach)) is not None:
            next_end = int(edges[np.searchsorted(edges, end, side="right")])
            low = min(max(start + 1, next_end - window), end)
            following = _overlapping_start(edges, low, end, overlap=overlap)
        else:
            end, following = reach, reach - overlap
        bounds.append((start, end))
        start = following
    bounds.append((start, n_subwords))
    return _with_owners(bounds, token_starts)


def plan_sentence_windows(
    n_subwords: int,
    *,
    window: int,
    overlap: int,
    token_starts: Ints,
    sentence_starts: Ints,
) -> list[Window]:
    """Return windows that never read across a sentence start; for the arguments see :func:`plan_windows`.

    >>> plan_sentence_windows(5, window=6, overlap=2, token_starts=np.arange(5), sentence_starts=np.array([0, 3]))
    [Window(start=0, end=3, own_start=0, own_end=3), Window(start=3, end=5, own_start=3, own_end=5)]
    """
    edges = sorted({0, *sentence_starts.tolist(), n_subwords})
    none = np.zeros(0, dtype=np.int64)
    windows: list[Window] = []
    for left, right in pairwise(edges):
        tokens = (
            token_starts[np.searchsorted(token_starts, left) : np.searchsorted(token_starts, right)]
            - left
        )
        plan = plan_windows(
            right - left, window=window, overlap=overlap, token_starts=tokens, sentence_starts=none
        )
        windows += [
            Window(w.start + left, w.end + left, w.own_start + left, w.own_end + left) for w in plan
        ]
    return windows


def _with_owners(bounds: Sequence[tuple[int, int]], token_starts: Ints) -> list[Window]:
    """Return windows whose ownership meets in the middle of each overlap, moved to the nearest token start in it.

    A window between two others that overlap beyond its middle owns nothing, and is left out.
    """
    borders = [bounds[0][0]]
    for (_, end), (start, _) in pairwise(bounds):
        middle = (start + end + 1) // 2
        after = int(np.searchsorted(token_starts, middle))
        nearby = [int(t) for t in token_starts[max(after - 1, 0) : after + 1] if start <= t <= end]
        border = min(nearby, key=lambda t: abs(t - middle), default=middle)
        borders.append(max(border, borders[-1]))
    borders.append(bounds[-1][1])
    owned = zip(bounds, pairwise(borders), strict=True)
    return [Window(*bound, *own) for bound, own in owned if own[0] < own[1]]


def _overlapping_start(edges: Ints, low: int, end: int, *, overlap: int) -> int:
    """Return the last edge in [low, end - overlap], else the first one in [low, end], of which ``end`` is one."""
    first_allowed = int(np.searchsorted(edges, low))
    last_overlapping = int(np.searchsorted(edges, end - overlap, side="right")) - 1
    return int(edges[max(first_allowed, last_overlapping)])


def _last_between(positions: Ints, low: int, high: int) -> int | None:
    """Return the last position in (low, high], or None."""
    i = int(np.searchsorted(positions, high, side="right")) - 1
    return int(positions[i]) if i >= 0 and positions[i] > low else None
