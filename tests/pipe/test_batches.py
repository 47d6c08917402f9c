"""A stream of Docs in batches, and what becomes of a batch that fails."""

from collections.abc import Iterator

import pytest
import spacy
from spacy.tokens import Doc

from spacy_hf_ner.pipe.batches import MAX_TOKENS, annotate_docs, batch_docs

NLP = spacy.blank("en")


def make_docs(*texts: str) -> list[Doc]:
    return [NLP.make_doc(text) for text in texts]


@pytest.mark.parametrize(
    ("n_docs", "expected"), [(2, [2, 2, 1]), (5, [5]), (9, [5]), (1, [1, 1, 1, 1, 1])]
)
def test_a_batch_has_so_many_docs_and_the_last_has_the_rest(
    n_docs: int, expected: list[int]
) -> None:
    docs = make_docs("a", "b", "c", "d", "e")
    batches = list(batch_docs(docs, n_docs))
    assert [len(batch) for batch in batches] == expected
    assert [doc for batch in batches for doc in batch] == docs


def test_a_batch_ends_with_the_doc_that_fills_it() -> None:
    long = Doc(NLP.vocab, words=["a"] * MAX_TOKENS)
    short = make_docs("b", "c")
    batches = list(batch_docs([short[0], long, short[1]]))
    assert batches == [[short[0], long], [short[1]]]


def test_docs_are_taken_from_the_stream_when_they_are_needed() -> None:
    taken: list[str] = []

    def stream() -> Iterator[Doc]:
        for doc in make_docs("a", "b", "c"):
            taken.append(doc.text)
            yield doc

    next(batch_docs(stream(), 2))
    assert taken == ["a", "b"]


def test_docs_of_a_batch_that_fails_are_tried_one_by_one() -> None:
    docs = make_docs("good", "bad", "fine", "unset")
    reported: list[tuple[str, str]] = []
    batch_sizes: list[int] = []

    def predict(batch: list[Doc]) -> list[str]:
        batch_sizes.append(len(batch))
        if any(doc.text == "bad" for doc in batch):
            raise ValueError("cannot predict")
        return [doc.text.upper() for doc in batch]

    def annotate(batch: list[Doc], predictions: list[str]) -> None:
        if batch[0].text == "unset":
            raise ValueError("cannot annotate")
        batch[0].user_data["found"] = predictions[0]

    annotated = annotate_docs(
        docs,
        predict=predict,
        annotate=annotate,
        report=lambda doc, error: reported.append((doc.text, str(error))),
    )
    assert [doc.user_data["found"] for doc in annotated] == ["GOOD", "FINE"]
    assert reported == [("bad", "cannot predict"), ("unset", "cannot annotate")]
    assert batch_sizes == [4, 1, 1, 1, 1]
