"""What gold teaches: entities on the tokens of the predicted Doc, and spans known to be wrong.

Gold is brought onto tokens first (``read_targets``), whichever model learns from it. When the model
has given its rows, entities become tags of the units that have one (``TokenTargets.place``). What
is without a row is not counted: prefixes are those of an entity that was trimmed to what the
decoder sees::

    tokens    ␣␣  Angela  ␣␣  Merkel  met
    gold      [---------PER--------]
    units         0           1       2         white space is no unit
    tags          B-PER       I-PER   O

An entity that begins or ends inside of a token teaches where that token has several units: a unit
belongs to the entity in which it starts. Elsewhere its tokens teach nothing::

    token     [U.S.-based   ]         [U.S.-based   ]
    gold      [LOC]                   [LOC]
    units     [U.][S.][-based]        [U.S.-based   ]
    tags      B   I   O               missing
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from spacy.errors import Errors
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import filter_spans

from spacy_hf_ner.core.arrays import Bools, Ints
from spacy_hf_ner.core.labels import TagSet
from spacy_hf_ner.core.schemes import OUTSIDE, Tag
from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.core.tags import write_tags
from spacy_hf_ner.core.units import UnitRows
from spacy_hf_ner.errors import TagError
from spacy_hf_ner.model.training.loss import MISSING, Targets, WrongSpan
from spacy_hf_ner.pipe.gold import read_gold, uses_group
from spacy_hf_ner.pipe.notices import say_outside_is_no_type
from spacy_hf_ner.pipe.segments import cut_segments

__all__ = ["CutEntity", "GoldTargets", "TokenTargets", "find_cut_tokens", "read_targets"]


class GoldTargets(Protocol):
    """What gold says of a Doc, whichever kind of labels it has."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to learn."""

    @property
    def cut_tokens(self) -> Ints:
        """The tokens in which something begins or ends. Shape: (n_cut,)."""

    def place(self, predicted: UnitRows, tag_set: TagSet) -> Targets:
        """Return what the rows of the Doc's units should say."""

    def write_columns(self, token_i: Ints, tag_set: TagSet) -> Ints:
        """Return the column of the gold tag of each unit; ``MISSING`` where nothing is annotated.

        Args:
            token_i: The token of each unit that counts. Shape: (n_units,).
            tag_set: The tags of the columns.
        """


class CutEntity(NamedTuple):
    """A gold entity that begins or ends inside of a token.

    Attributes:
        start_char: Its first character.
        end_char: The character after its last one.
        tokens: The tokens that it touches, with its type.
        cut_tokens: Those of them in which it begins or ends.
    """

    start_char: int
    end_char: int
    tokens: TokenSpan
    cut_tokens: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TokenTargets:
    """What gold says of the tokens of a Doc.

    Attributes:
        doc: The Doc that the tokens are of.
        entities: The gold entities, in order.
        is_annotated: Whether a token is known to be in one of them, or outside of all.
            Shape: (n_tokens,).
        wrong_spans: Spans known to be wrong.
        cut_entities: The gold entities that begin or end inside of a token, in order. Their tokens
            count as not annotated, unless the tokens that they cut have several units.
    """

    doc: Doc
    entities: Sequence[TokenSpan]
    is_annotated: Bools
    wrong_spans: Sequence[TokenSpan] = ()
    cut_entities: Sequence[CutEntity] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to learn."""
        return not (self.wrong_spans or self.cut_entities or self.is_annotated.any())

    @property
    def cut_tokens(self) -> Ints:
        """The tokens in which an entity begins or ends. Shape: (n_cut,)."""
        cut: set[int] = set()
        for entity in self.cut_entities:
            cut.update(entity.cut_tokens)
        return np.array(sorted(cut), dtype=np.int64)

    def place(self, predicted: UnitRows, tag_set: TagSet) -> Targets:
        """Return what the rows of the Doc's units should say.

        Args:
            predicted: The rows, of which some may be NaN: nothing is said of their units.
            tag_set: The tags of the columns.

        Raises:
            TagError: The model lacks a tag that an entity needs.
        """
        with_row = np.flatnonzero(~np.isnan(predicted.rows).any(axis=1))
        columns = np.full(len(predicted), MISSING, dtype=np.int64)
        token_i = predicted.units.token_i[with_row]
        taught = self.cut_entities and self._find_taught(token_i)
        if taught:
            start_char = predicted.units.start_char[with_row]
            columns[with_row] = self._write_parts(taught, token_i, start_char, tag_set)
        else:
            columns[with_row] = self.write_columns(token_i, tag_set)
        if not self.wrong_spans:
            return Targets(columns)
        return Targets(columns, self._place_wrong_spans(predicted, tag_set))

    def write_columns(self, token_i: Ints, tag_set: TagSet) -> Ints:
        """Return the column of the gold tag of each unit; ``MISSING`` where nothing is annotated.

        Args:
            token_i: The token of each unit that counts. Shape: (n_units,).
            tag_set: The tags of the columns.

        Raises:
            TagError: The model lacks a tag that an entity needs.
        """
        return _write_columns(self._place_entities(token_i), self.is_annotated[token_i], tag_set)

    def _place_entities(self, token_i: Ints) -> list[TokenSpan]:
        """Return the entities on units. Shape of ``token_i``: (n_units,)."""
        spans: list[TokenSpan] = []
        for entity in self.entities:
            # The units of the tokens from start to end are a run, as units are in text order. It is
            # empty where all tokens of an entity are without a row.
            start, end = np.searchsorted(token_i, [entity.start, entity.end]).tolist()
            if start < end:
                spans.append(TokenSpan(start, end, entity.entity_type))
        return spans

    def _find_taught(self, token_i: Ints) -> list[CutEntity]:
        """Return the entities whose cut tokens have several units. Shape: (n_units,)."""
        n_units = np.bincount(token_i, minlength=len(self.doc))
        taught: list[CutEntity] = []
        for entity in self.cut_entities:
            if all(n_units[token] > 1 for token in entity.cut_tokens):
                taught.append(entity)
        return taught

    def _write_parts(
        self, taught: Sequence[CutEntity], token_i: Ints, start_char: Ints, tag_set: TagSet
    ) -> Ints:
        """Return the column of each unit's gold tag, where entities begin or end inside of tokens.

        Args:
            taught: The entities that do.
            token_i: The token of each unit. Shape: (n_units,).
            start_char: Its first character. Shape: (n_units,).
            tag_set: The tags of the columns.
        """
        spans = self._place_entities(token_i)
        is_annotated = self.is_annotated[token_i]
        for entity in taught:
            start, end = np.searchsorted(start_char, [entity.start_char, entity.end_char]).tolist()
            if start == end:  # no unit starts in it
                continue
            spans.append(TokenSpan(start, end, entity.tokens.entity_type))
            first, last = np.searchsorted(
                token_i, [entity.tokens.start, entity.tokens.end]
            ).tolist()
            is_annotated[first:last] = True
        return _write_columns(sorted(spans, key=_get_start), is_annotated, tag_set)

    def _place_wrong_spans(self, predicted: UnitRows, tag_set: TagSet) -> list[WrongSpan]:
        """Return the wrong spans that could be found, each in its segment."""
        segments = cut_segments([self.doc], [predicted], keep_entities=False)
        segment_end = np.cumsum(segments.lengths)
        placed: list[WrongSpan] = []
        for span in self.wrong_spans:
            start, end = np.searchsorted(segments.token_i, [span.start, span.end]).tolist()
            # Nothing speaks for a span without a row; one at the end would be in no segment.
            if start == end:
                continue
            # From the right: a segment that is empty ends where the next one begins.
            segment = int(np.searchsorted(segment_end, start, side="right"))
            # No entity is found across two segments.
            if end > segment_end[segment]:
                continue
            segment_start = int(segment_end[segment] - segments.lengths[segment])
            wrong_span = WrongSpan(
                units=segments.unit_i[segment_start : segment_end[segment]],
                start=start - segment_start,
                end=end - segment_start,
                type_i=tag_set.entity_types.index(span.entity_type),
            )
            placed.append(wrong_span)
        return placed


def read_targets(
    example: Example,
    tag_set: TagSet,
    *,
    spans_key: str | None = None,
    prefer_group: bool = False,
    incorrect_spans_key: str | None = None,
) -> TokenTargets:
    """Return what an Example teaches.

    Missing annotation (``-``, Docs without any) teaches nothing, and nor do the tokens that a gold
    entity cuts where the model has one row for them. Gold is read as evaluation reads it. Of spans
    in a group that overlap, the longest counts, as a token has one tag.

    Args:
        example: Gold in the reference, tokens in the predicted Doc.
        tag_set: The tags of the model.
        spans_key: The span group that holds the gold entities where the reference has no ``ents``;
            None for none.
        prefer_group: Read the group, if there is one, whether the reference has ``ents`` or not.
        incorrect_spans_key: The key in the reference's ``spans`` of spans known to be wrong.

    Raises:
        TagError: A gold entity has a type that the model does not know.
        ValueError: A gold entity is marked as wrong as well (spaCy's E868).
    """
    reference = example.reference
    if spans_key is not None and uses_group(
        reference, spans_key=spans_key, prefer_group=prefer_group
    ):
        gold = reference.copy()
        gold.set_ents(filter_spans(reference.spans[spans_key]), default="outside")
        example = Example(example.predicted, gold)
    spans, biluo_tags = example.get_aligned_ents_and_ner()
    entities: list[TokenSpan] = []
    for span in spans:
        if span.label_:
            _check_type(span.label_, tag_set)
            entities.append(TokenSpan(span.start, span.end, span.label_))
    cut_entities: list[CutEntity] = []
    if len(spans) < len(example.reference.ents):
        cut_entities = _read_cut_entities(example, tag_set)
    is_annotated = np.array([tag not in {None, "", "-"} for tag in biluo_tags], dtype=bool)
    wrong_spans: list[TokenSpan] = []
    if incorrect_spans_key is not None and incorrect_spans_key in example.reference.spans:
        wrong_spans = _read_wrong_spans(example, tag_set, incorrect_spans_key)
    return TokenTargets(example.predicted, entities, is_annotated, wrong_spans, cut_entities)


def find_cut_tokens(example: Example) -> list[int]:
    """Return the predicted tokens in which a gold entity begins or ends, in order."""
    if len(example.reference.ents) == 0 or example.reference.text != example.predicted.text:
        return []
    cut: set[int] = set()
    for entity in example.reference.ents:
        cut.update(_find_cut(example.predicted, entity.start_char, entity.end_char))
    return sorted(cut)


def _read_cut_entities(example: Example, tag_set: TagSet) -> list[CutEntity]:
    """Return the gold entities that begin or end inside of a predicted token.

    None where the texts differ, or where a token is annotated in part.

    Raises:
        TagError: One of them has a type that the model does not know.
    """
    doc = example.predicted
    if example.reference.text != doc.text:
        return []
    unknown = read_gold(example.reference, spans_key="", prefer_group=False)
    found: list[CutEntity] = []
    for entity in example.reference.ents:
        if not entity.label_:
            continue
        cut = _find_cut(doc, entity.start_char, entity.end_char)
        if not cut:
            continue
        _check_type(entity.label_, tag_set)
        touched = doc.char_span(entity.start_char, entity.end_char, alignment_mode="expand")
        assert touched is not None
        if unknown.can_judge(touched.start_char, touched.end_char):
            tokens = TokenSpan(touched.start, touched.end, entity.label_)
            found.append(CutEntity(entity.start_char, entity.end_char, tokens, cut))
    return found


def _find_cut(doc: Doc, start_char: int, end_char: int) -> tuple[int, ...]:
    """Return the tokens in which a stretch of the text begins or ends: two, one or none."""
    touched = doc.char_span(start_char, end_char, alignment_mode="expand")
    if touched is None:
        return ()
    cut: list[int] = []
    if touched.start_char < start_char:
        cut.append(touched.start)
    if touched.end_char > end_char and touched.end - 1 not in cut:
        cut.append(touched.end - 1)
    return tuple(cut)


def _get_start(span: TokenSpan) -> int:
    return span.start


def _write_columns(spans: Sequence[TokenSpan], is_annotated: Bools, tag_set: TagSet) -> Ints:
    """Return the column of the tag of each unit; ``MISSING`` where nothing is annotated.

    Args:
        spans: The entities on units, in order.
        is_annotated: Whether a unit is annotated. Shape: (n_units,).
        tag_set: The tags of the columns.

    Raises:
        TagError: The model lacks a tag that an entity needs.
    """
    n_units = len(is_annotated)
    columns = np.full(n_units, MISSING, dtype=np.int64)
    for unit_i, tag in enumerate(write_tags(spans, n_units, tag_set.scheme)):
        if is_annotated[unit_i]:
            columns[unit_i] = _find_column(tag, tag_set)
    return columns


def _check_type(entity_type: str, tag_set: TagSet) -> None:
    """Check that the model knows an entity type.

    Raises:
        TagError: It does not.
    """
    if entity_type not in tag_set.entity_types:
        raise _unknown_type_error(entity_type, tag_set)


def _find_column(tag: Tag, tag_set: TagSet) -> int:
    """Return the column of a tag.

    Raises:
        TagError: The model has none.
    """
    column = tag_set.columns.get(tag)
    if column is not None:
        return column
    if tag == OUTSIDE:
        raise TagError(
            'a token is outside of all entities, but the model has no tag "O": its labels are '
            "those of a tagger (parts of speech, say), in which each token has one. Train another "
            "checkpoint, or a plain encoder, to find entities."
        )
    raise _unknown_type_error(tag.entity_type, tag_set, tag)


def _unknown_type_error(entity_type: str, tag_set: TagSet, tag: Tag | None = None) -> TagError:
    """Return the error that the model lacks a type, or one tag of a type that it has."""
    known = ", ".join(tag_set.entity_types) or "none"
    lacks = f" (and no tag {str(tag)!r})" if tag else ""
    return TagError(
        f"a gold entity has the type {entity_type!r}, but the model knows {known}{lacks}. A head "
        "does not grow in the middle of training. In Python, call add_label before, or "
        "nlp.initialize with data that has all types. In a config, do not source the component, as "
        'sourced ones are not initialized: give it factory = "hf_ner", keep_checkpoint_labels = '
        'true, and in its model name = "…/model-best/hf_ner/model".'
    )


def _read_wrong_spans(example: Example, tag_set: TagSet, key: str) -> list[TokenSpan]:
    """Return the spans known to be wrong whose type the model knows: it finds no others.

    Raises:
        ValueError: A gold entity is marked as wrong as well (spaCy's E868).
    """
    wrong_spans = example.reference.spans[key]
    gold = {_locate(entity) for entity in example.reference.ents}
    for span in wrong_spans:
        if _locate(span) in gold:
            raise ValueError(Errors.E868.format(span=(span.start, span.end), label=span.label_))
    known: list[TokenSpan] = []
    for span in example.get_aligned_spans_y2x(wrong_spans, allow_overlap=True):
        if span.label_ == OUTSIDE.prefix:
            say_outside_is_no_type(key)
        if span.label_ in tag_set.entity_types:
            known.append(TokenSpan(span.start, span.end, span.label_))
    return known


def _locate(span: Span) -> tuple[int, int, str]:
    return span.start_char, span.end_char, span.label_
