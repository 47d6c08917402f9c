"""Redactions, masks and hashes."""

import pytest

from spacy_hf_ner.rewriting import Hashes, Masks, Method, Redactions, Rewriter
from tests.rewriting.texts import make_pipeline

TEXT = "Sarah met Merkel in Paris. SARAH's flight to New York left PARIS."


def rewrite(method: Method, text: str = TEXT) -> str:
    return Rewriter(method).rewrite(make_pipeline()(text)).doc.text


def test_names_are_redacted_by_their_types() -> None:
    assert rewrite(Redactions()) == (
        "[PER] met [PER] in [LOC]. [PER]'s flight to [LOC] left [LOC]."
    )


def test_the_same_name_gets_the_same_number() -> None:
    assert rewrite(Redactions(numbered=True)) == (
        "[PER 1] met [PER 2] in [LOC 1]. [PER 1]'s flight to [LOC 2] left [LOC 1]."
    )


@pytest.mark.parametrize(("scope", "number"), [("corpus", 2), ("document", 1)])
def test_numbers_go_on_in_a_corpus_and_start_again_in_a_document(scope: str, number: int) -> None:
    rewriter = Rewriter(Redactions(numbered=True), scope=scope)
    nlp = make_pipeline()
    rewriter.rewrite(nlp("Paris"))
    assert rewriter.rewrite(nlp("New York")).doc.text == f"[LOC {number}]"


def test_a_mask_shows_how_long_a_name_is_and_nothing_more() -> None:
    assert rewrite(Masks(), "Angela Merkel's dog") == "****** ******'s dog"


def test_hashes_depend_on_the_key_and_the_name_alone() -> None:
    nlp = make_pipeline()
    first = Rewriter(Hashes(b"a" * 32)).rewrite(nlp("Sarah, SARAH, Merkel")).doc.text.split(", ")
    assert first[0] == first[1] != first[2]
    assert all(word.startswith("PER_") for word in first)
    again = Rewriter(Hashes(b"a" * 32)).rewrite(nlp("New York and Sarah")).doc.text
    assert again.endswith(first[0])
    other = Rewriter(Hashes(b"b" * 32)).rewrite(nlp("Sarah")).doc.text
    assert other != first[0]
