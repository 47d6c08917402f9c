"""Streams of Docs in batches, and what happens to a Doc that fails."""

import spacy
from spacy.tokens import Doc

from spacy_hf_ner.pipe.batches import MAX_TOKENS, annotate_docs, batch_docs

VOCAB = spacy.blank("xx").vocab


def _make_docs(*words: str) -> list[Doc]:
    return [Doc(VOCAB, words=[word]) for word in words]


def test_batches_have_the_number_of_docs_that_is_asked_for_and_the_last_has_the_rest() -> None:
    docs = _make_docs("a", "b", "c", "d", "e")
    assert [len(batch) for batch in batch_docs(docs, n_docs=2)] == [2, 2, 1]


def test_a_stream_without_docs_has_no_batches() -> None:
    assert list(batch_docs([])) == []


def test_a_batch_ends_at_the_doc_that_makes_it_too_long() -> None:
    long_doc = Doc(VOCAB, words=["a"] * MAX_TOKENS)
    docs = [*_make_docs("a"), long_doc, *_make_docs("b", "c")]
    assert [len(batch) for batch in batch_docs(docs, n_docs=10)] == [2, 2]


def test_a_doc_that_fails_is_reported_and_the_others_are_annotated() -> None:
    annotated: list[tuple[str, int]] = []
    reported: list[str] = []

    def predict(docs: list[Doc]) -> list[int]:
        texts = [doc.text.strip() for doc in docs]
        if "bad" in texts:
            raise ValueError(texts)
        return [len(text) for text in texts]

    def annotate(docs: list[Doc], predictions: list[int]) -> None:
        annotated.append((docs[0].text.strip(), predictions[0]))

    def report(doc: Doc, error: Exception) -> None:
        assert isinstance(error, ValueError)
        reported.append(doc.text.strip())

    docs = _make_docs("a", "bad", "ccc")
    result = list(annotate_docs(docs, predict=predict, annotate=annotate, report=report))
    assert result == [docs[0], docs[2]]
    assert annotated == [("a", 1), ("ccc", 3)]
    assert reported == ["bad"]
