"""Long texts to passages: a page that draws a book whole does not scroll.

Whoever shows a text with its entities cuts it here first; documents of a usual length stay in one
piece. Here, too, is which of the entities that overlap a line of text can show.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

import numpy as np

from spacy_hf_ner.evaluation.pairing import DocPair, Entity

__all__ = ["MAX_CHARS", "cut_pair", "lay_flat"]

MAX_CHARS: Final = 5_000
"""Of a passage, unless an entity is longer: some 800 words, longer than most news articles."""

_LINE_END: Final = re.compile(r"\n\s*")
_WHITE_SPACE: Final = re.compile(r"\s+")

# Returns start and end of the stretch of overlapping entities that a character offset is in.
_Covering = Callable[[int], tuple[int, int] | None]


def cut_pair(pair: DocPair, *, max_chars: int = MAX_CHARS) -> list[DocPair]:
    """Return the passages of a text in order, each with its entities.

    Their offsets are those of the passage. A text is cut at the start of a sentence or line if
    possible, else at white space, and never within an entity. Passages have no sentence starts.

    Args:
        pair: The text with its entities.
        max_chars: The most characters of a passage; one that is a single entity may have more.
    """
    if len(pair.text) <= max_chars:
        return [pair]
    cuts = _find_cuts(pair, max_chars)
    # Passage i has the tokens from token_cuts[i] up to token_cuts[i + 1].
    token_cuts = np.searchsorted(pair.token_borders[:, 0], cuts)
    gold = _deal_entities(pair.gold, cuts)
    predicted = _deal_entities(pair.predicted, cuts)
    unjudged = _deal_entities(pair.unjudged, cuts)

    passages: list[DocPair] = []
    for i, (start, end) in enumerate(pairwise(cuts)):
        token_borders = pair.token_borders[token_cuts[i] : token_cuts[i + 1]]
        passage = replace(
            pair,
            text=pair.text[start:end],
            gold=gold[i],
            predicted=predicted[i],
            unjudged=unjudged[i],
            token_borders=token_borders - start,
            sentence_starts=(),
        )
        passages.append(passage)
    return passages


def lay_flat(entities: Sequence[Entity]) -> tuple[list[Entity], list[Entity]]:
    """Return the entities that a line of text can show, and those that overlap one of them.

    Surer ones are shown first, then longer ones. Both lists are in text order.

    >>> lay_flat([Entity(0, 3, "A"), Entity(0, 8, "B"), Entity(9, 12, "C")])[1]
    [Entity(start_char=0, end_char=3, entity_type='A')]
    """
    shown: list[Entity] = []
    overlapping: list[Entity] = []
    for entity in sorted(entities, key=_surest_first):
        # Those shown are in text order and disjoint, so that only two can overlap a new entity:
        # the one before its place and the one after.
        i = bisect_left(shown, entity)
        neighbours = shown[max(i - 1, 0) : i + 1]
        if any(map(entity.overlaps, neighbours)):
            overlapping.append(entity)
        else:
            shown.insert(i, entity)
    return shown, sorted(overlapping)


def _surest_first(entity: Entity) -> tuple[float, int, int]:
    score = entity.score or 0.0
    n_chars = entity.end_char - entity.start_char
    return -score, -n_chars, entity.start_char


def _find_cuts(pair: DocPair, max_chars: int) -> list[int]:
    """Return where the passages begin, and the end of the text."""
    end = len(pair.text)
    covering = _make_covering([*pair.gold, *pair.predicted, *pair.unjudged])
    line_starts = _find_ends(_LINE_END, pair.text)
    word_starts = _find_ends(_WHITE_SPACE, pair.text)
    # The places of each kind, the best kind first.
    kinds = [
        _drop_covered(sorted({*pair.sentence_starts, *line_starts}), covering),
        _drop_covered(word_starts, covering),
    ]
    cuts = [0]
    while end - cuts[-1] > max_chars:
        cuts.append(_find_next_cut(cuts[-1], max_chars, kinds, covering))
    # A long entity at the end has taken the last cut to the end of the text.
    if cuts[-1] < end:
        cuts.append(end)
    return cuts


def _find_ends(pattern: re.Pattern[str], text: str) -> list[int]:
    return [match.end() for match in pattern.finditer(text)]


def _drop_covered(places: Iterable[int], covering: _Covering) -> list[int]:
    return [place for place in places if covering(place) is None]


def _find_next_cut(
    previous: int, max_chars: int, kinds: Sequence[Sequence[int]], covering: _Covering
) -> int:
    """Return where the passage ends that begins at the previous cut.

    It is the last place of the best kind in the second half of what a passage can hold: a passage
    that ends at a sentence is better than one that is full, unless it were very short.
    """
    first = previous + (max_chars + 1) // 2
    last = previous + max_chars
    for places in kinds:
        i = bisect_right(places, last) - 1
        if i >= 0 and places[i] >= first:
            return places[i]
    return _cut_anywhere(covering(last), previous, last)


def _cut_anywhere(covered: tuple[int, int] | None, previous: int, last: int) -> int:
    """Return the last place that is in no entity.

    Where an entity covers the last place that a passage can reach, the cut is before it, or behind
    it if it begins where the passage does.
    """
    if covered is None:
        return last
    start, end = covered
    if start > previous:
        return start
    return end


def _make_covering(entities: Sequence[Entity]) -> _Covering:
    """Return a function that finds the stretch of overlapping entities that an offset is in.

    The borders of a stretch are not in it: there the text may be cut.
    """
    stretch_starts: list[int] = []
    stretch_ends: list[int] = []
    for entity in sorted(entities):
        if stretch_ends and entity.start_char < stretch_ends[-1]:
            stretch_ends[-1] = max(stretch_ends[-1], entity.end_char)
        else:
            stretch_starts.append(entity.start_char)
            stretch_ends.append(entity.end_char)

    def covering(place: int) -> tuple[int, int] | None:
        i = bisect_left(stretch_starts, place) - 1
        if i < 0 or place >= stretch_ends[i]:
            return None
        return stretch_starts[i], stretch_ends[i]

    return covering


def _deal_entities(entities: Sequence[Entity], cuts: Sequence[int]) -> list[tuple[Entity, ...]]:
    """Return the entities of each passage, moved to it."""
    passages: list[list[Entity]] = [[] for _ in cuts[1:]]
    for entity in entities:
        i = bisect_right(cuts, entity.start_char) - 1
        start = entity.start_char - cuts[i]
        end = entity.end_char - cuts[i]
        passages[i].append(Entity(start, end, entity.entity_type, entity.score))
    return [tuple(passage) for passage in passages]
