"""Entities that begin or end inside of a token, and where they are put on tokens.

What the setting ``alignment`` makes of an entity::

    text        U.S.-based makers          김태웅이고 왔다
    tokens      [U.S.-based] [makers]      [김태웅이고] [왔다]
    entity      U.S.                       김태웅
    expand      [U.S.-based]               [김태웅이고]
    contract    none                       none
    split       [U.S.] -based              [김태웅] 이고
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from spacy.tokens import Doc

from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.pipe.annotation import CharOffsets, ScoredSpan
from spacy_hf_ner.pipe.component_settings import TokenAlignment
from spacy_hf_ner.pipe.token_cuts import cut_tokens

__all__ = ["contract", "has_whole_token", "locate", "split_tokens"]


def locate(doc: Doc, found: ScoredSpan, alignment: TokenAlignment) -> CharOffsets | None:
    """Return the characters that an entity has once it is on tokens; None if it gets none.

    Args:
        doc: The Doc, whose tokens are not split yet.
        found: The entity.
        alignment: How it is put on tokens.
    """
    if alignment == "split" and found.char_offsets is not None:
        return found.char_offsets
    placed = found
    if alignment == "contract":
        if not has_whole_token(doc, found):
            return None
        placed = _contract(doc, found)
    span = doc[placed.span.start : placed.span.end]
    return span.start_char, span.end_char


def has_whole_token(doc: Doc, found: ScoredSpan) -> bool:
    """Tell whether some token lies inside of an entity as a whole."""
    start, end = _find_whole_tokens(doc, found)
    return start < end


def contract(doc: Doc, found: Sequence[ScoredSpan]) -> list[ScoredSpan]:
    """Return entities on the tokens that lie inside of them as a whole, in order of their start.

    Those without such a token stay on the tokens that they touch.
    """
    contracted: list[ScoredSpan] = []
    for scored_span in found:
        contracted.append(_contract(doc, scored_span))
    contracted.sort(key=_order)
    return contracted


def split_tokens(doc: Doc, found: Sequence[ScoredSpan]) -> list[ScoredSpan]:
    """Split the tokens of a Doc at the borders of entities; return these on the tokens of then."""
    borders: set[int] = set()
    for scored_span in found:
        borders.update(scored_span.char_offsets or ())
    n_tokens = len(doc)
    cut_tokens(doc, borders)
    if len(doc) == n_tokens:
        return list(found)
    starts = [token.idx for token in doc]
    moved: list[ScoredSpan] = []
    for scored_span in found:
        assert scored_span.char_offsets is not None  # all have them where one has
        start_char, end_char = scored_span.char_offsets
        start = bisect_right(starts, start_char) - 1
        end = bisect_left(starts, end_char)
        span = TokenSpan(start, end, scored_span.span.entity_type)
        moved.append(scored_span._replace(span=span))
    moved.sort(key=_order)
    return moved


def _contract(doc: Doc, found: ScoredSpan) -> ScoredSpan:
    start, end = _find_whole_tokens(doc, found)
    if start >= end:
        return found
    return found._replace(span=TokenSpan(start, end, found.span.entity_type))


def _find_whole_tokens(doc: Doc, found: ScoredSpan) -> tuple[int, int]:
    """Return the first token that lies inside of an entity, and the one after the last.

    They are a run without tokens where none does.
    """
    start, end = found.span.start, found.span.end
    if found.char_offsets is None:
        return start, end
    start_char, end_char = found.char_offsets
    first = doc[start]
    last = doc[end - 1]
    if first.idx < start_char:
        start += 1
    if last.idx + len(last) > end_char:
        end -= 1
    return start, end


def _order(scored_span: ScoredSpan) -> tuple[int, int, float]:
    """Return what brings entities into the order of a span group, the likeliest first."""
    span = scored_span.span
    return span.start, span.end, -scored_span.score
