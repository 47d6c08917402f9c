"""Entities that begin or end inside of a token of spaCy's tokenizer."""

from collections.abc import Iterator

from spacy.attrs import IDX, LENGTH

from spacy_hf_ner.checking.findings import MAX_EXAMPLES, Finding, Place, make_place
from spacy_hf_ner.checking.parts import CheckedData
from spacy_hf_ner.core.wording import count

__all__ = ["check_token_borders"]


def check_token_borders(data: CheckedData) -> Iterator[Finding]:
    """Yield a finding on entities that the pipeline's tokens cannot express as they are."""
    places: list[Place] = []
    n_cut = 0
    for part, doc_i, gold_doc in data.docs():
        if not gold_doc.entities:
            continue
        tokens = data.nlp.tokenizer(gold_doc.doc.text).to_array([IDX, LENGTH])
        starts = set(tokens[:, 0].tolist())
        ends = set(tokens.sum(axis=1).tolist())
        for entity in gold_doc.entities:
            if entity.start_char in starts and entity.end_char in ends:
                continue
            n_cut += 1
            if len(places) < MAX_EXAMPLES:
                places.append(
                    make_place(part.name, doc_i, gold_doc.doc, entity.start_char, entity.end_char)
                )
    if n_cut:
        yield Finding(
            check="token_borders",
            severity="warning",
            n=n_cut,
            message=f"{count(n_cut, 'entity', 'entities')} with a border inside of a token: a "
            "model with one label for each token can neither learn nor find them.",
            advice="Check the offsets. If they are right, hf_ner learns them where label_unit is "
            '"auto", and finds them with alignment = "split"; or give the tokenizer a rule that '
            "splits there.",
            examples=places,
        )
