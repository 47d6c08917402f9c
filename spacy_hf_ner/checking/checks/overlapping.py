"""Entities of several levels, of which ``doc.ents`` can hold only one."""

from collections.abc import Iterator

from spacy_hf_ner.checking.findings import Finding, Place, make_place
from spacy_hf_ner.checking.parts import CheckedData
from spacy_hf_ner.core.wording import count
from spacy_hf_ner.corpus.docs import LAYERS_KEY
from spacy_hf_ner.evaluation.pairing import have_overlaps, read_group

__all__ = ["check_overlapping"]


def check_overlapping(data: CheckedData) -> Iterator[Finding]:
    """Yield findings on entities that lie in others, and on those that overlap in a group."""
    nested: list[Place] = []
    n_overlapping = 0
    overlapping: list[Place] = []
    for part, doc_i, gold_doc in data.docs():
        doc = gold_doc.doc
        kept = set(gold_doc.entities)
        for entity in read_group(doc, LAYERS_KEY):
            if entity not in kept:
                nested.append(make_place(part.name, doc_i, doc, entity.start_char, entity.end_char))
        if have_overlaps(gold_doc.entities):
            n_overlapping += 1
            first = gold_doc.entities[0]
            overlapping.append(make_place(part.name, doc_i, doc, first.start_char, first.end_char))
    if nested:
        yield Finding(
            check="overlapping",
            severity="warning",
            n=len(nested),
            message=f"{count(len(nested), 'entity', 'entities')} of other levels, which doc.ents "
            f"cannot hold: they are in doc.spans[{LAYERS_KEY!r}] alone, and are not learned.",
            advice="Learn them with a span categorizer, or leave the outer ones out.",
            examples=nested,
        )
    if n_overlapping:
        yield Finding(
            check="overlapping",
            severity="error",
            n=n_overlapping,
            message=f"{count(n_overlapping, 'document')} with entities that overlap: tags have one "
            "layer.",
            advice="Keep one of two entities that overlap in doc.ents.",
            examples=overlapping,
        )
