"""Entities that begin or end inside of a subword, and words that a tokenizer drops."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from spacy_hf_ner.checking.findings import Finding, Place, make_place
from spacy_hf_ner.checking.parts import CheckedData, GoldDoc
from spacy_hf_ner.core.wording import count
from spacy_hf_ner.pipe.gold import Entity

if TYPE_CHECKING:
    # Who has no model needs no torch.
    from spacy_hf_ner.checking.subwords import SubwordDoc

__all__ = ["check_subword_borders"]

_NO_EVIDENCE: Final = -1


def check_subword_borders(data: CheckedData) -> Iterator[Finding]:
    """Yield findings on entities that subwords cannot express; none without a model."""
    if data.subwords is None:
        return
    cut: list[Place] = []
    unseen: list[Place] = []
    for part in data.parts:
        subword_docs = data.subwords.read(part.spacy_docs())
        for doc_i, (gold_doc, subwords) in enumerate(zip(part.docs, subword_docs, strict=True)):
            for entity in _find_cut(gold_doc, subwords):
                cut.append(_place(part.name, doc_i, gold_doc, entity))
            for entity in _find_unseen(gold_doc, subwords):
                unseen.append(_place(part.name, doc_i, gold_doc, entity))
    if cut:
        yield Finding(
            check="subword_borders",
            severity="warning",
            n=len(cut),
            message=f"{count(len(cut), 'entity', 'entities')} with a border inside of a subword: "
            "the model tells what is inside from what is outside only by their place.",
            advice="Another encoder may cut words there.",
            examples=cut,
        )
    if unseen:
        yield Finding(
            check="subword_borders",
            severity="error",
            n=len(unseen),
            message=f"{count(len(unseen), 'entity', 'entities')} of which the model sees nothing: "
            "its tokenizer drops all of their characters.",
            advice="Clean the text, or take an encoder whose tokenizer knows these characters.",
            examples=unseen,
        )


def _place(part: str, doc_i: int, gold_doc: GoldDoc, entity: Entity) -> Place:
    return make_place(part, doc_i, gold_doc.doc, entity.start_char, entity.end_char)


def _find_cut(gold_doc: GoldDoc, subwords: "SubwordDoc") -> Sequence[Entity]:
    """Return the entities whose first or last subword reaches out of them.

    ::

        text        1 0 k m
        units       [10][km]          a unit that has no subword of its own shares that of the
        subwords    [10km  ]          unit before: no border is between the two
        is_shared    no  yes
    """
    is_shared = subwords.alignment.is_shared
    cut: list[Entity] = []
    for entity in gold_doc.entities:
        first, end = _find_units(entity, subwords)
        starts_inside = first < len(is_shared) and bool(is_shared[first])
        ends_inside = end < len(is_shared) and bool(is_shared[end])
        if starts_inside or ends_inside:
            cut.append(entity)
    return cut


def _find_unseen(gold_doc: GoldDoc, subwords: "SubwordDoc") -> Sequence[Entity]:
    """Return the entities none of whose units has a subword."""
    evidence = subwords.alignment.evidence
    unseen: list[Entity] = []
    for entity in gold_doc.entities:
        first, end = _find_units(entity, subwords)
        if (evidence[first:end] == _NO_EVIDENCE).all():
            unseen.append(entity)
    return unseen


def _find_units(entity: Entity, subwords: "SubwordDoc") -> tuple[int, int]:
    """Return the first unit that begins in an entity, and the first that begins behind it."""
    starts = subwords.units.start_char
    first = int(np.searchsorted(starts, entity.start_char, side="left"))
    end = int(np.searchsorted(starts, entity.end_char, side="left"))
    return first, end
