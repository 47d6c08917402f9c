"""Documents and tokens that nobody has annotated."""

from collections.abc import Iterator

from spacy_hf_ner.checking.findings import Finding, Place, make_place
from spacy_hf_ner.checking.parts import CheckedData
from spacy_hf_ner.core.wording import count

__all__ = ["check_missing_annotation"]


def check_missing_annotation(data: CheckedData) -> Iterator[Finding]:
    """Yield findings on documents without any annotation, and on tokens without in others."""
    bare: list[Place] = []
    n_bare = 0
    partly: list[Place] = []
    n_tokens = 0
    for part, doc_i, gold_doc in data.docs():
        if len(gold_doc.missing) == 0:
            continue
        first_start, first_end = gold_doc.missing[0].tolist()
        place = make_place(part.name, doc_i, gold_doc.doc, first_start, first_end)
        if gold_doc.gold.is_annotated:
            n_tokens += len(gold_doc.missing)
            partly.append(place)
        else:
            n_bare += 1
            bare.append(place)
    if n_bare:
        yield Finding(
            check="missing_annotation",
            severity="warning",
            n=n_bare,
            message=f"{count(n_bare, 'document')} without any annotation: nothing is learned from "
            "them.",
            advice="Annotate them, if only by saying that there is no entity, or leave them out.",
            examples=bare,
        )
    if n_tokens:
        yield Finding(
            check="missing_annotation",
            severity="note",
            n=n_tokens,
            message=f"{count(n_tokens, 'token')} without annotation in documents that have some: "
            "nothing is learned from them.",
            advice="That is right for what is unknown; what is outside of entities must be O.",
            examples=partly,
        )
