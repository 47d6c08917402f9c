"""What a model predicts for Docs that it was not trained on, beside their gold.

Calibration is fitted on it, and the dial between precision and recall is read from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import filter_spans

from spacy_hf_ner.core.arrays import Ints
from spacy_hf_ner.core.dial import Tally
from spacy_hf_ner.core.judging import TextMap
from spacy_hf_ner.core.labels import TagSet
from spacy_hf_ner.core.units import UnitRows
from spacy_hf_ner.pipe.annotation import ScoredSpan
from spacy_hf_ner.pipe.component_settings import TokenAlignment
from spacy_hf_ner.pipe.entity_alignment import locate
from spacy_hf_ner.pipe.gold import Entity, Gold, map_text, read_gold, read_gold_spans
from spacy_hf_ner.pipe.targets import read_targets

__all__ = ["HeldOut", "count_gold", "read_held_out", "tally"]


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A Doc that the model was not trained on, with the model's rows and with gold.

    Attributes:
        doc: The tokens that the model reads.
        rows: Log-probabilities of the tags of their units.
        tags: The column of each unit's gold tag, negative where it has none. Shape: (n_units,).
        gold: The gold entities, and the tokens that nobody has annotated.
        gold_entities: The gold entities as a set.
        text_map: From the Doc's text to the gold text; None where the two are the same.
        alignment: How predicted entities are put on tokens.
    """

    doc: Doc
    rows: UnitRows
    tags: Ints
    gold: Gold
    gold_entities: frozenset[Entity]
    text_map: TextMap | None
    alignment: TokenAlignment = "expand"

    @property
    def is_annotated(self) -> bool:
        """Whether any gold token is annotated."""
        return self.gold.is_annotated

    def judge(self, predicted: ScoredSpan) -> bool | None:
        """Tell whether a predicted span is right.

        None if a token of it was never annotated, or if it gets no tokens.
        """
        char_offsets = locate(self.doc, predicted, self.alignment)
        if char_offsets is None:
            return None
        start_char, end_char = char_offsets
        if self.text_map is not None:
            start_char, end_char = self.text_map.move(start_char, end_char)
        if not self.gold.can_judge(start_char, end_char):
            return None
        return Entity(start_char, end_char, predicted.span.entity_type) in self.gold_entities


def read_held_out(
    example: Example,
    rows: UnitRows,
    tag_set: TagSet,
    *,
    spans_key: str,
    prefer_group: bool,
    alignment: TokenAlignment = "expand",
) -> HeldOut:
    """Return a model's rows beside the gold of an Example, which is read as evaluation reads it.

    Args:
        example: Gold in the reference, tokens in the predicted Doc.
        rows: Log-probabilities of the tags of the predicted Doc's units.
        tag_set: The tags of the columns.
        spans_key: The span group that holds the gold entities where the reference has no ``ents``.
        prefer_group: Read the group, if there is one, whether the reference has ``ents`` or not.
        alignment: How predicted entities are put on tokens.
    """
    reference = example.reference
    gold = read_gold(reference, spans_key=spans_key, prefer_group=prefer_group)
    gold_spans = read_gold_spans(reference, spans_key=spans_key, prefer_group=prefer_group)
    return HeldOut(
        doc=example.predicted,
        rows=rows,
        tags=_read_tags(example, gold_spans, tag_set, rows, in_group=gold.in_group),
        gold=gold,
        gold_entities=frozenset(gold.entities),
        text_map=map_text(reference.text, example.predicted.text),
        alignment=alignment,
    )


def _read_tags(
    example: Example, gold_spans: Sequence[Span], tag_set: TagSet, rows: UnitRows, *, in_group: bool
) -> Ints:
    """Return the column of each unit's gold tag, negative where it has none. Shape: (n_units,).

    A token has one tag, so the longest of overlapping spans counts. The tokens of a span whose type
    the model lacks have no tag.
    """
    known: list[Span] = []
    unknown: list[Span] = []
    for span in filter_spans(gold_spans):
        if span.label_ in tag_set.entity_types:
            known.append(span)
        else:
            unknown.append(span)
    if in_group or unknown:
        # read_targets reads doc.ents, and takes the types of the model only.
        reference = example.reference.copy()
        other_tokens = "outside" if in_group else "unmodified"
        reference.set_ents(known, missing=unknown, default=other_tokens)
        example = Example(example.predicted, reference)
    return read_targets(example, tag_set).place(rows, tag_set).tags


def count_gold(docs: Sequence[HeldOut]) -> Ints:
    """Return the number of gold entities of each Doc. Shape: (n_docs,)."""
    return np.array([len(held_out.gold_entities) for held_out in docs], dtype=np.int64)


def tally(docs: Sequence[HeldOut], found: Sequence[Sequence[ScoredSpan]]) -> Tally:
    """Return how many of the entities of each Doc are right, and how many gold can judge."""
    n_right = np.zeros(len(docs), dtype=np.int64)
    n_judged = np.zeros(len(docs), dtype=np.int64)
    for i, (held_out, spans) in enumerate(zip(docs, found, strict=True)):
        for scored_span in spans:
            verdict = held_out.judge(scored_span)
            # Spans on tokens that nobody has annotated are neither right nor wrong.
            n_right[i] += verdict is True
            n_judged[i] += verdict is not None
    return Tally(n_right, n_judged)
