"""Annotating a stream, in a small component that tags tokens."""

from typing import Any

import pytest
from spacy.language import Language
from spacy.tokens import Doc

from spacy_hf_ner.pipe.token_pipe import TokenClassifierPipe
from tests.pipe.token_types import TEXTS, TokenTypes


def test_a_component_must_say_what_its_labels_are_and_what_it_sets(
    nlp: Language, component: TokenTypes
) -> None:
    pipe: Any = TokenClassifierPipe
    with pytest.raises(TypeError, match="abstract"):
        pipe(nlp.vocab, component.model, "x")


def test_docs_are_annotated_in_order(nlp: Language, component: TokenTypes) -> None:
    docs = list(component.pipe((nlp.make_doc(text) for text in TEXTS), batch_size=2))
    assert [doc.text for doc in docs] == TEXTS
    assert all(len(doc.user_data["types"]) == len(doc) for doc in docs)
    alone = component(nlp.make_doc(TEXTS[1]))
    assert alone.user_data["types"] == docs[1].user_data["types"]


def test_only_a_doc_that_fails_by_itself_goes_to_the_error_handler(
    nlp: Language, component: TokenTypes
) -> None:
    failed: list[tuple[str, str, str]] = []

    def note(name: str, _pipe: object, docs: list[Doc], error: Exception) -> None:
        failed.extend((name, doc.text, str(error)) for doc in docs)

    component.set_error_handler(note)
    docs = component.pipe(nlp.make_doc(text) for text in (TEXTS[0], "a broken one", TEXTS[2]))
    assert [doc.text for doc in docs] == [TEXTS[0], TEXTS[2]]
    assert failed == [("types", "a broken one", "a broken text")]
    assert component(nlp.make_doc("broken")).user_data == {}
