"""What gold teaches: entities on the tokens of the predicted Doc, and spans known to be wrong.

Gold is brought onto tokens first (``read_targets``), whichever model learns from it. When the model
has given its rows, entities become tags of the units that have one (``TokenTargets.place``). What
is without a row is not counted: prefixes are those of an entity that was trimmed to what the
decoder sees::

    tokens    ␣␣  Angela  ␣␣  Merkel  met
    gold      [---------PER--------]
    units         0           1       2         white space is no unit
    tags          B-PER       I-PER   O
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

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
from spacy_hf_ner.pipe.gold import uses_group
from spacy_hf_ner.pipe.notices import say_outside_is_no_type
from spacy_hf_ner.pipe.segments import cut_segments

__all__ = ["GoldTargets", "TokenTargets", "read_targets"]


class GoldTargets(Protocol):
    """What gold says of a Doc, whichever kind of labels it has."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to learn."""

    def place(self, predicted: UnitRows, tag_set: TagSet) -> Targets:
        """Return what the rows of the Doc's units should say."""

    def write_columns(self, token_i: Ints, tag_set: TagSet) -> Ints:
        """Return the column of the gold tag of each unit; ``MISSING`` where nothing is annotated.

        Args:
            token_i: The token of each unit that counts. Shape: (n_units,).
            tag_set: The tags of the columns.
        """


@dataclass(frozen=True, slots=True)
class TokenTargets:
    """What gold says of the tokens of a Doc.

    Attributes:
        doc: The Doc that the tokens are of.
        entities: The gold entities, in order.
        is_annotated: Whether a token is known to be in one of them, or outside of all.
            Shape: (n_tokens,).
        wrong_spans: Spans known to be wrong.
    """

    doc: Doc
    entities: Sequence[TokenSpan]
    is_annotated: Bools
    wrong_spans: Sequence[TokenSpan] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to learn."""
        return not self.wrong_spans and not self.is_annotated.any()

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
        columns[with_row] = self.write_columns(predicted.units.token_i[with_row], tag_set)
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
        spans: list[TokenSpan] = []
        for entity in self.entities:
            # The units of the tokens from start to end are a run, as units are in text order. It is
            # empty where all tokens of an entity are without a row.
            start, end = np.searchsorted(token_i, [entity.start, entity.end]).tolist()
            if start < end:
                spans.append(TokenSpan(start, end, entity.entity_type))
        columns = np.full(len(token_i), MISSING, dtype=np.int64)
        is_annotated = self.is_annotated[token_i]
        for unit_i, tag in enumerate(write_tags(spans, len(token_i), tag_set.scheme)):
            if is_annotated[unit_i]:
                columns[unit_i] = _find_column(tag, tag_set)
        return columns

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

    Missing annotation (``-``, tokens whose gold entity cannot be aligned, Docs without any) teaches
    nothing. Gold is read as evaluation reads it. Of spans in a group that overlap, the longest
    counts, as a token has one tag.

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
    is_annotated = np.array([tag not in {None, "", "-"} for tag in biluo_tags], dtype=bool)
    wrong_spans: list[TokenSpan] = []
    if incorrect_spans_key is not None and incorrect_spans_key in example.reference.spans:
        wrong_spans = _read_wrong_spans(example, tag_set, incorrect_spans_key)
    return TokenTargets(example.predicted, entities, is_annotated, wrong_spans)


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
