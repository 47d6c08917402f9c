"""No text is lost in a pipeline, whatever happens to it there."""

from collections.abc import Iterable, Iterator

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import minibatch

from spacy_hf_ner.pipe.text_stream import AnnotatedText, annotate_texts


class Picky:
    """A component that fails on a word, Doc by Doc, as spaCy's functions do."""

    def __call__(self, doc: Doc) -> Doc:
        if "poison" in doc.text:
            raise ValueError(f"cannot read {doc.text}")
        doc.user_data["read"] = True
        return doc


class PickyInBatches(Picky):
    """The same in batches: a Doc that fails takes its whole batch along, as in spaCy's tagger."""

    def pipe(self, stream: Iterable[Doc], *, batch_size: int) -> Iterator[Doc]:
        for docs in minibatch(stream, size=batch_size):  # type: ignore[no-untyped-call]
            yield from self._read(docs)

    def _read(self, docs: list[Doc]) -> list[Doc]:
        try:
            for doc in docs:
                self(doc)
        except ValueError as error:
            self.handler("picky", self, docs, error)
            return []
        return docs

    def set_error_handler(self, handler: object) -> None:
        self.handler = handler  # type: ignore[assignment]

    def handler(self, *_: object) -> None: ...


@Language.factory("test_picky")
def make_picky(nlp: Language, name: str, in_batches: bool) -> Picky:  # noqa: ARG001
    return PickyInBatches() if in_batches else Picky()


def annotate(nlp: Language, texts: Iterable[str]) -> list[AnnotatedText[str]]:
    triples = ((text, text.upper(), "") for text in texts)
    return list(annotate_texts(nlp, triples, batch_size=3))


@pytest.fixture(params=[True, False], ids=["in batches", "one by one"])
def nlp(request: pytest.FixtureRequest) -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("test_picky", config={"in_batches": request.param})
    return nlp


TEXTS = [
    ["a", "b", "poison", "c", "d", "e", "f"],
    ["poison", "a"],
    ["a", "poison"],
    ["poison"] * 7,
    [],
]


@pytest.mark.parametrize("texts", TEXTS)
def test_every_text_comes_out_in_its_place(texts: list[str], nlp: Language) -> None:
    found = annotate(nlp, texts)
    assert [(one.index, one.text, one.source) for one in found] == [
        (i, text, text.upper()) for i, text in enumerate(texts)
    ]
    for one in found:
        if one.text == "poison":
            assert (one.doc, one.error) == (None, "ValueError: cannot read poison")
        else:
            assert one.doc is not None
            assert one.doc.text == one.text
            assert one.doc.user_data["read"]


def test_what_could_not_be_read_comes_out_with_its_reason(nlp: Language) -> None:
    texts = [("a", 1, ""), ("", 2, "no JSON"), ("b", 3, "")]
    found = list(annotate_texts(nlp, texts))
    assert [(one.source, one.error) for one in found] == [(1, ""), (2, "no JSON"), (3, "")]


def test_a_text_of_any_length_is_read(nlp: Language) -> None:
    nlp.max_length = 5
    (found,) = annotate(nlp, ["a long text"])
    assert found.doc is not None


def test_half_a_character_is_an_error_of_its_text_alone(nlp: Language) -> None:
    broken, whole = annotate(nlp, ["half \ud800", "whole"])
    assert broken.error.startswith("UnicodeEncodeError")
    assert whole.doc is not None


def test_the_pipeline_handles_errors_as_before_when_all_is_done(nlp: Language) -> None:
    before = nlp.default_error_handler
    annotate(nlp, ["poison"])
    assert nlp.default_error_handler is before
    with pytest.raises(ValueError, match="cannot read"):
        nlp("poison")


def test_texts_come_out_before_all_have_gone_in(nlp: Language) -> None:
    read: list[str] = []

    def texts() -> Iterator[tuple[str, str, str]]:
        for i in range(100):
            read.append(str(i))
            yield str(i), "", ""

    next(annotate_texts(nlp, texts(), batch_size=3))
    assert len(read) < 10


def test_a_component_that_takes_no_handler_of_errors_is_no_obstacle() -> None:
    nlp = spacy.blank("en")
    parser = nlp.add_pipe("parser")
    parser.add_label("dep")  # type: ignore[attr-defined]
    nlp.initialize()
    (annotated,) = annotate(nlp, ["Ada wrote."])
    assert annotated.doc is not None
    assert annotated.doc.has_annotation("DEP")
