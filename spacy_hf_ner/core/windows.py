"""Which stretches of a long text the network reads, and which of them speaks for each subword.

::

    subwords   0 . . . . . . . . . . . . . . . . . . . . . n
    window 0   [===================)
    window 1                  [===================)
    window 2                                 [============)
    owned      000000000000000000 11111111111111 2222222222

A window ends at a sentence start if the text has one within reach, else at a token start, else (in
a token longer than the window) anywhere. After a sentence the next window begins right there,
because no entity crosses the border; otherwise windows overlap, and each subword of the overlap is
owned by the window that reads further around it. The overlap gives way where the next token would
not fit whole into the next window.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from spacy_hf_ner.core.arrays import Ints, no_ints
from spacy_hf_ner.errors import ConfigError

__all__ = ["Window", "check_window", "plan_sentence_windows", "plan_windows"]


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of subwords that the network reads at once. All positions are subwords of one text.

    Attributes:
        start: First subword read.
        end: The subword after the last one read.
        owned_start: First subword whose logits are taken from this window.
        owned_end: The subword after the last one whose logits are taken from this window.
    """

    start: int
    end: int
    owned_start: int
    owned_end: int

    def __len__(self) -> int:
        return self.end - self.start

    def shift(self, n_subwords: int) -> "Window":
        """Return the window moved to the right by some subwords.

        >>> Window(0, 4, 0, 3).shift(10)
        Window(start=10, end=14, owned_start=10, owned_end=13)
        """
        return Window(
            start=self.start + n_subwords,
            end=self.end + n_subwords,
            owned_start=self.owned_start + n_subwords,
            owned_end=self.owned_end + n_subwords,
        )


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
        nearest = min(max(window, 2), limit)
        raise ConfigError(
            f"window must be 2..{limit} subwords for {name!r}, got {window}: special tokens take "
            f"the rest of what the model reads. Set window = {nearest}, or null for the default.",
            settings=("window",),
        )
    most = window // 2
    if not 0 <= overlap <= most:
        raise ConfigError(
            f"overlap must be 0..{most} subwords, half of the window of {window}, got {overlap}. "
            "Set overlap = null for a quarter of the window.",
            settings=("overlap",),
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
        sentence_starts: Sorted positions of the first subword of each sentence; empty where
            unknown.

    >>> for planned in plan_windows(
    ...     10, window=6, overlap=2, token_starts=np.arange(10), sentence_starts=no_ints()
    ... ):
    ...     print(planned)
    Window(start=0, end=6, owned_start=0, owned_end=5)
    Window(start=4, end=10, owned_start=5, owned_end=10)
    """
    if n_subwords == 0:
        return []
    token_edges = np.append(token_starts, n_subwords)
    bounds: list[tuple[int, int]] = []
    start = 0
    while start + window < n_subwords:
        reach = start + window
        end = _last_between(sentence_starts, start, reach)
        if end is not None:
            next_start = end
        else:
            end = _last_between(token_edges, start, reach)
            if end is not None:
                next_start = _start_overlapping(token_edges, start, end, window, overlap)
            else:
                end = reach
                next_start = reach - overlap
        bounds.append((start, end))
        start = next_start
    bounds.append((start, n_subwords))
    return _share_out(bounds, token_starts)


def plan_sentence_windows(
    n_subwords: int,
    *,
    window: int,
    overlap: int,
    token_starts: Ints,
    sentence_starts: Ints,
) -> list[Window]:
    """Return windows that never read across a sentence start.

    For the arguments see :func:`plan_windows`.

    >>> for planned in plan_sentence_windows(
    ...     5, window=6, overlap=2, token_starts=np.arange(5), sentence_starts=np.array([0, 3])
    ... ):
    ...     print(planned)
    Window(start=0, end=3, owned_start=0, owned_end=3)
    Window(start=3, end=5, owned_start=3, owned_end=5)
    """
    sentence_edges = sorted({0, *sentence_starts.tolist(), n_subwords})
    windows: list[Window] = []
    for left, right in pairwise(sentence_edges):
        first_token, end_token = np.searchsorted(token_starts, [left, right])
        planned = plan_windows(
            right - left,
            window=window,
            overlap=overlap,
            token_starts=token_starts[first_token:end_token] - left,
            sentence_starts=no_ints(),
        )
        for in_sentence in planned:
            windows.append(in_sentence.shift(left))
    return windows


def _start_overlapping(token_edges: Ints, start: int, end: int, window: int, overlap: int) -> int:
    """Return where the window begins that comes after [start, end), whose end is a token edge.

    At the last edge that leaves the whole overlap; but where the token after ``end`` would not fit
    into a window from there, at the first edge from which it does (``end`` itself, at the latest)::

        token edges     |   |   |   |   |   |             |
        [start, end)    [===================)
        overlap                     [=======)
        next window                     [===================)
    """
    after_end = np.searchsorted(token_edges, end, side="right")
    next_token_end = int(token_edges[after_end])
    lowest = max(start + 1, next_token_end - window)
    lowest = min(lowest, end)
    first_allowed = int(np.searchsorted(token_edges, lowest))
    last_overlapping = int(np.searchsorted(token_edges, end - overlap, side="right")) - 1
    return int(token_edges[max(first_allowed, last_overlapping)])


def _share_out(bounds: Sequence[tuple[int, int]], token_starts: Ints) -> list[Window]:
    """Return windows of these bounds, of which each owns a part of what it shares with the next.

    A window between two others that overlap beyond its middle owns nothing, and is left out.
    """
    borders = [bounds[0][0]]
    for (_, overlap_end), (overlap_start, _) in pairwise(bounds):
        border = _find_border(overlap_start, overlap_end, token_starts)
        borders.append(max(border, borders[-1]))
    borders.append(bounds[-1][1])

    windows: list[Window] = []
    for (start, end), (owned_start, owned_end) in zip(bounds, pairwise(borders), strict=True):
        if owned_start < owned_end:
            windows.append(Window(start, end, owned_start, owned_end))
    return windows


def _find_border(overlap_start: int, overlap_end: int, token_starts: Ints) -> int:
    """Return where ownership passes on in an overlap: at the token start nearest to its middle.

    ::

        window 0      [===================)
        window 1                [===================)
        middle                       :
        token starts    |    |     |       |     |
        owned         0000000000000 11111111111111111

    Where no token starts in the overlap, in the middle itself.
    """
    middle = (overlap_start + overlap_end + 1) // 2
    after = int(np.searchsorted(token_starts, middle))
    # The last token start before the middle, and the first one from the middle on.
    neighbours: list[int] = token_starts[max(after - 1, 0) : after + 1].tolist()
    inside = [position for position in neighbours if overlap_start <= position <= overlap_end]
    return min(inside, key=lambda position: abs(position - middle), default=middle)


def _last_between(positions: Ints, low: int, high: int) -> int | None:
    """Return the last position in (low, high], or None."""
    i = int(np.searchsorted(positions, high, side="right")) - 1
    if i < 0 or positions[i] <= low:
        return None
    return int(positions[i])
