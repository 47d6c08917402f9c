"""Long texts to passages: a page that draws a book whole does not scroll, and nobody reads it whole.

Whoever shows a text with its entities cuts it here first; documents of a usual length stay in one piece.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from spacy_hf_ner.evaluation.pairing import DocPair, Entity

MAX_CHARS: Final = (
    5_000  # of a passage, unless an entity is longer: some 800 words, most news articles
)

_LINE_END = re.compile(r"\n\s*")
_WHITE_SPACE = re.compile(r"\s+")


def cut_pair(pair: DocPair, *, max_chars: int = MAX_CHARS) -> list[DocPair]:
    """Return the passages of a text in order, each with its entities; their offsets are those of the passage.

    A text is cut at the start of a sentence or line if possible, else at white space, and never within an entity.
    Passages have no sentence starts.

    Args:
        pair: The text with its entities.
        max_chars: The most characters of a passage; one that is a single entity may have more.
    """
    if len(pair.text) <= max_chars:
        return [pair]
    cuts = _find_cuts(pair, max_chars)
    token_cuts = np.searchsorted(pair.token_borders[:, 0], cuts)
    sides = [_deal(entities, cuts) for entities in (pair.gold, pair.predicted, pair.unjudged)]
    return [
        replace(
            pair,
            text=pair.text[cuts[i] : cuts[i + 1]],
            gold=gold,
            predicted=predicted,
            unjudged=unjudged,
            token_borders=pair.token_borders[token_cuts[i] : token_cuts[i + 1]] - cuts[i],
            sentence_starts=(),
        )
        for i, (gold, predicted, unjudged) in enumerate(zip(*sides, strict=True))
    ]


def lay_flat(entities: Sequence[Entity]) -> tuple[list[Entity], list[Entity]]:
    """Return the entities that a line of text can show, and those that overlap one of them; both in text order.

    Surer ones are shown first, then longer ones.

    >>> lay_flat([Entity(0, 3, "A"), Entity(0, 8, "B"), Entity(9, 12, "C")])[1]
    [Entity(start_char=0, end_char=3, entity_type='A')]
    """
    shown: list[Entity] = []
    others: list[Entity] = []
    for entity in sorted(
        entities, key=lambda e: (-(e.score or 0.0), e.start_char - e.end_char, e.start_char)
    ):
        i = bisect_left(shown, entity)
        neighbours = shown[max(i - 1, 0) : i + 1]
        if any(map(entity.overlaps, neighbours)):
            others.append(entity)
        else:
            shown.insert(i, entity)
    return shown, sorted(others)


def _find_cuts(pair: DocPair, max_chars: int) -> list[int]:
    """Return where the passages begin, and the end of the text."""
    end = len(pair.text)
    covering = _make_covering([*pair.gold, *pair.predicted, *pair.unjudged])
    # The places of each kind, the best kind first.
    lines = {match.end() for match in _LINE_END.finditer(pair.text)}
    kinds = [
        sorted({*pair.sentence_starts, *lines}),
        [m.end() for m in _WHITE_SPACE.finditer(pair.text)],
    ]
    free = [[place for place in kind if covering(place) is None] for kind in kinds]
    cuts = [0]
    while end - cuts[-1] > max_chars:
        first, last = cuts[-1] + (max_chars + 1) // 2, cuts[-1] + max_chars
        found = (
            kind[i]
            for kind in free
            if (i := bisect_right(kind, last) - 1) >= 0 and kind[i] >= first
        )
        cuts.append(next(found, None) or _cut_anywhere(covering(last), cuts[-1], last))
    return [*cuts, end] if cuts[-1] < end else cuts


def _cut_anywhere(covered: tuple[int, int] | None, before: int, last: int) -> int:
    """Return the last place that is in no entity: before the one that covers it, or behind if that begins too early."""
    if covered is None:
        return last
    start, end = covered
    return start if start > before else end


def _make_covering(entities: Sequence[Entity]) -> Callable[[int], tuple[int, int] | None]:
    """Return a function that tells which stretch of overlapping entities a place is in, if any."""
    stretches: list[list[int]] = []
    for entity in sorted(entities):
        if stretches and entity.start_char < stretches[-1][1]:
            stretches[-1][1] = max(stretches[-1][1], entity.end_char)
        else:
            stretches.append([entity.start_char, entity.end_char])
    starts = [start for start, _ in stretches]

    def covering(place: int) -> tuple[int, int] | None:
        i = bisect_left(starts, place) - 1
        return (starts[i], stretches[i][1]) if i >= 0 and place < stretches[i][1] else None

    return covering


def _deal(entities: Sequence[Entity], cuts: Sequence[int]) -> list[tuple[Entity, ...]]:
    """Return the entities of each passage, moved to it."""
    dealt: list[list[Entity]] = [[] for _ in cuts[1:]]
    for entity in entities:
        i = bisect_right(cuts, entity.start_char) - 1
        start, end = entity.start_char - cuts[i], entity.end_char - cuts[i]
        dealt[i].append(Entity(start, end, entity.entity_type, entity.score))
    return [tuple(passage) for passage in dealt]
