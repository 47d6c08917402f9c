"""Tokens of a Doc cut in pieces, with all that is known of them.

spaCy's retokenizer splits tokens, but what it gives to all pieces but the first is what was in
memory there, which is another token's: its sentence start, its tag, its entity type. Span groups
keep their old token indices, and a tensor gets a row too many for each split (spaCy 3.8,
tokens/_retokenize.pyx). So each piece gets here what its token had::

    tokens          김태웅이고      왔다
    tag             NNP+JC         VV
    starts sentence yes            no
    cut at 3        김태웅    이고   왔다
    tag             NNP+JC   NNP+JC  VV
    starts sentence yes      no      no
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt
from spacy.attrs import (
    DEP,
    ENT_ID,
    ENT_IOB,
    ENT_KB_ID,
    ENT_TYPE,
    LEMMA,
    MORPH,
    POS,
    SENT_START,
    TAG,
)
from spacy.tokens import Doc, Span, SpanGroup
from thinc.api import get_array_module

from spacy_hf_ner.core.arrays import Ints
from spacy_hf_ner.pipe.span_group import LastingSpanGroup

__all__ = ["cut_tokens"]

_INHERITED = [TAG, POS, MORPH, LEMMA, DEP, ENT_TYPE, ENT_KB_ID, ENT_ID, ENT_IOB]
_DEP = _INHERITED.index(DEP)
_ENT_IOB = _INHERITED.index(ENT_IOB)
_IOB_INSIDE = 1
_IOB_BEGIN = 3
_NO_START = -1  # of a sentence


class _Cut(NamedTuple):
    """A token that is to be cut.

    Attributes:
        token_i: The token.
        pieces: The texts of its pieces.
    """

    token_i: int
    pieces: list[str]


def cut_tokens(doc: Doc, borders: Iterable[int]) -> None:
    """Cut the tokens of a Doc, in place, at characters that are inside of them.

    Each piece has the annotation of its token, but a sentence or an entity starts at the first one
    only. Later pieces depend on the first ("dep").

    Args:
        doc: The Doc. Spans that somebody holds of it are wrong afterwards; entities and groups in
            it are not.
        borders: Characters of ``doc.text``; those between two tokens cut nothing.
    """
    cuts = _plan_cuts(doc, borders)
    if not cuts:
        return
    attributes = list(_INHERITED)
    if not doc.has_annotation("DEP"):  # else spaCy finds the sentences in the heads
        attributes.append(SENT_START)
    # They are integers without a sign, whatever the stub says.
    values = cast("Any", doc.to_array(attributes))
    n_pieces = np.ones(len(doc), dtype=np.int64)
    for cut in cuts:
        n_pieces[cut.token_i] = len(cut.pieces)
    groups = _describe_groups(doc)
    tensor = doc.tensor
    has_row_a_token = len(tensor) == len(doc)

    _split(doc, cuts)

    token_of_piece = np.repeat(np.arange(len(n_pieces)), n_pieces)
    inherited = values[token_of_piece]
    continues = np.flatnonzero(np.diff(token_of_piece, prepend=-1) == 0)
    dependent = doc.vocab.strings.add("dep")
    _continue_annotation(inherited, continues, attributes, dependent)
    doc.from_array(attributes, inherited)
    _restore_groups(doc, groups, np.concatenate([[0], np.cumsum(n_pieces)]))
    if has_row_a_token:
        # spaCy has put zeros there, and rows of one token at another.
        xp = get_array_module(tensor)  # type: ignore[no-untyped-call]
        doc.tensor = tensor[xp.asarray(token_of_piece)]


def _plan_cuts(doc: Doc, borders: Iterable[int]) -> list[_Cut]:
    """Return the tokens that some border is inside of, in order."""
    in_order = sorted(set(borders))
    if not in_order:
        return []
    cuts: list[_Cut] = []
    for token in doc:
        start_char = token.idx
        end_char = start_char + len(token)
        inside = in_order[bisect_right(in_order, start_char) : bisect_left(in_order, end_char)]
        if not inside:
            continue
        pieces: list[str] = []
        left = 0
        for border in [*inside, end_char]:
            pieces.append(token.text[left : border - start_char])
            left = border - start_char
        cuts.append(_Cut(token.i, pieces))
    return cuts


def _split(doc: Doc, cuts: Iterable[_Cut]) -> None:
    """Split tokens by spaCy's retokenizer; later pieces depend on the first."""
    with doc.retokenize() as retokenizer:
        for cut in cuts:
            token = doc[cut.token_i]
            first_head = (token, 0) if token.head == token else token.head
            heads = [first_head, *[(token, 0)] * (len(cut.pieces) - 1)]
            retokenizer.split(token, cut.pieces, heads=heads)


def _continue_annotation(
    values: npt.NDArray[Any], continues: Ints, attributes: list[int], dependent: int
) -> None:
    """Let nothing start at the pieces that continue a token, in place.

    Args:
        values: What the pieces have. Shape: (n_pieces, n_attributes).
        continues: The pieces that are not the first of their token. Shape: (n_continuing,).
        attributes: The attributes of the columns.
        dependent: The relation of a piece to the first one, in the string store.
    """
    iob = values[continues, _ENT_IOB]
    values[continues, _ENT_IOB] = np.where(iob == _IOB_BEGIN, _IOB_INSIDE, iob)
    relation = values[continues, _DEP]
    values[continues, _DEP] = np.where(relation == 0, relation, dependent)
    if SENT_START in attributes:
        column = attributes.index(SENT_START)
        starts = values[continues, column]
        # spaCy's arrays have no sign: -1 is the largest number there.
        no_start = np.array(_NO_START).astype(values.dtype)
        values[continues, column] = np.where(starts == 1, no_start, starts)


class _SpanPlace(NamedTuple):
    """A span of a group, by the tokens before they are cut."""

    start: int
    end: int
    label: int
    kb_id: int
    span_id: int


def _describe_groups(doc: Doc) -> dict[str, list[_SpanPlace]]:
    """Return the spans of each group that does not move with the tokens itself."""
    places: dict[str, list[_SpanPlace]] = {}
    for key, group in doc.spans.items():
        if isinstance(group, LastingSpanGroup):
            continue
        in_group: list[_SpanPlace] = []
        for span in group:
            place = _SpanPlace(span.start, span.end, span.label, span.kb_id, span.id)
            in_group.append(place)
        places[key] = in_group
    return places


def _restore_groups(doc: Doc, groups: dict[str, list[_SpanPlace]], first_piece: Ints) -> None:
    """Put the spans of groups on the tokens that they have now.

    Args:
        doc: The Doc.
        groups: Where the spans were before. They may be empty, and then no character is in them.
        first_piece: The first piece of each old token, and how many pieces there are.
            Shape: (n_old_tokens + 1,).
    """
    for key, places in groups.items():
        spans: list[Span] = []
        for place in places:
            span = Span(
                doc,
                int(first_piece[place.start]),
                int(first_piece[place.end]),
                label=place.label,
                kb_id=place.kb_id,
                span_id=place.span_id,
            )
            spans.append(span)
        group = doc.spans[key]
        doc.spans[key] = SpanGroup(doc, name=group.name, attrs=group.attrs, spans=spans)
