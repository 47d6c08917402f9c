"""Texts through a pipeline, as a stream that loses none: what fails comes out with its error."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import raise_error

__all__ = ["AnnotatedText", "annotate_texts"]

Source = TypeVar("Source")


@dataclass(frozen=True, slots=True)
class AnnotatedText(Generic[Source]):
    """What became of a text.

    Attributes:
        index: Its place among all texts, from 0.
        text: The text.
        source: What the caller gave with it.
        doc: What the pipeline made of it; None if it failed.
        error: Why it failed; empty if it did not.
    """

    index: int
    text: str
    source: Source
    doc: Doc | None
    error: str = ""


def annotate_texts(
    nlp: Language,
    texts: Iterable[tuple[str, Source, str]],
    *,
    batch_size: int | None = None,
) -> Iterator[AnnotatedText[Source]]:
    """Yield what a pipeline makes of texts, in their order, each as soon as its batch is done.

    Args:
        nlp: The pipeline.
        texts: Each text, what comes out beside it, and why it could not be read, or nothing. What
            could not be read is not predicted, and comes out with that error.
        batch_size: How many texts are predicted together; None for the pipeline's own.
    """
    stream = _Stream[Source](nlp)
    handler = nlp.default_error_handler
    _set_error_handler(nlp, stream.note_failure)
    try:
        for doc, index in nlp.pipe(stream.read(texts), as_tuples=True, batch_size=batch_size):
            yield from stream.release_failed(until=index)
            yield stream.release(doc)
        yield from stream.release_failed(until=None)
    finally:
        _set_error_handler(nlp, handler)


class _Stream(Generic[Source]):
    """The texts that have gone into a pipeline and not come out of it yet.

    spaCy leaves out a Doc in which a component fails, and tells the error handler which one. It
    waits here until a later text comes out, so that the order is kept::

        in      0 1 2 3 | 4 5 6 7      two batches; 2 and 5 fail
        out     0 1     3 4     6 7
        waiting     2       5          comes out before 3, and before 6
    """

    def __init__(self, nlp: Language) -> None:
        self._nlp = nlp
        self._next = 0  # the index of the text that comes out next
        self._waiting: dict[int, tuple[str, Source]] = {}
        self._errors: dict[int, str] = {}

    def read(self, texts: Iterable[tuple[str, Source, str]]) -> Iterator[tuple[Doc, int]]:
        """Yield the Docs that can be made of texts, and the index of each."""
        for index, (text, source, error) in enumerate(texts):
            self._waiting[index] = (text, source)
            if error:
                self._errors[index] = error
                continue
            # spaCy's limit is meant for its parser; a long text is read in windows here.
            self._nlp.max_length = max(self._nlp.max_length, len(text))
            try:
                doc = self._nlp.make_doc(text)
            except Exception as failure:  # noqa: BLE001 - any text, and any tokenizer
                self._errors[index] = _describe(failure)
            else:
                yield doc, index

    def note_failure(
        self,
        _name: str,
        _pipe: Any,  # noqa: ANN401 - any component
        docs: list[Doc],
        failure: Exception,
    ) -> None:
        """Remember why Docs failed; spaCy calls this with one of them, or with a whole batch."""
        # Of a batch, nobody knows which: each is tried by itself when it comes out.
        if len(docs) == 1:
            self._errors[docs[0]._context] = _describe(failure)  # noqa: SLF001 - spaCy's place for it

    def release(self, doc: Doc) -> AnnotatedText[Source]:
        """Return the text that comes out next, with what became of it."""
        index = self._next
        self._next += 1
        text, source = self._waiting.pop(index)
        return AnnotatedText(index, text, source, doc)

    def release_failed(self, *, until: int | None) -> Iterator[AnnotatedText[Source]]:
        """Yield the texts before an index that have not come out, or all of them."""
        while self._next != until and self._next in self._waiting:
            index = self._next
            self._next += 1
            text, source = self._waiting.pop(index)
            doc = None
            error = self._errors.pop(index, "")
            if not error:
                doc, error = self._try_alone(text)
            yield AnnotatedText(index, text, source, doc, error)

    def _try_alone(self, text: str) -> tuple[Doc | None, str]:
        """Return what a pipeline makes of one text of a batch that failed, or why it fails."""
        _set_error_handler(self._nlp, raise_error)
        try:
            return self._nlp(text), ""
        except Exception as failure:  # noqa: BLE001 - any component
            return None, _describe(failure)
        finally:
            _set_error_handler(self._nlp, self.note_failure)


def _set_error_handler(nlp: Language, handler: Callable[..., Any]) -> None:
    """Let a pipeline call a function where a component fails on Docs.

    As ``nlp.set_error_handler`` does, which itself fails where a component takes none: spaCy's
    parser and its ner are built so that they have no such attribute. They raise what goes wrong.
    """
    nlp.default_error_handler = handler
    for _, component in nlp.pipeline:
        if hasattr(component, "set_error_handler"):
            with suppress(AttributeError):
                component.set_error_handler(handler)


def _describe(failure: Exception) -> str:
    return f"{type(failure).__name__}: {failure}"
