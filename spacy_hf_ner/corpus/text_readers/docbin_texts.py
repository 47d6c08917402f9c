"""The texts of Docs in a ``.spacy`` file."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from spacy.vocab import Vocab

from spacy_hf_ner.corpus.docbins import read_docbin
from spacy_hf_ner.corpus.foreign import translate_errors
from spacy_hf_ner.corpus.text_input import (
    NOWHERE,
    Place,
    PlainText,
    RawText,
    TextColumns,
    TextInput,
)

__all__ = ["DocBinTexts"]

EXPECTED = "a DocBin (.spacy)"


class DocBinTexts:
    """Reads a ``.spacy`` file, which must be in memory as a whole."""

    def find_places(self, source: TextInput) -> Iterator[Place]:
        """Yield the place of each Doc."""
        with translate_errors(source.path, expected=EXPECTED):
            n_docs = len(read_docbin(Path(source.path)))
        for number in range(n_docs):
            yield Place(number, number + 1, NOWHERE)

    def open(self, source: TextInput, columns: TextColumns, start: Place) -> Iterator[RawText]:  # noqa: ARG002 - as all readers
        """Yield text and name of each Doc from a place on."""
        with translate_errors(source.path, expected=EXPECTED):
            docs = read_docbin(Path(source.path)).get_docs(Vocab())
            for number, doc in enumerate(islice(docs, start.number, None), start=start.number + 1):
                yield RawText(number, (doc.text, str(doc.user_data.get("document_id", ""))))

    def parse(self, raw: RawText, source: TextInput, columns: TextColumns) -> PlainText:  # noqa: ARG002
        """Return the text of a Doc."""
        text, text_id = raw.value
        return PlainText(text, f"{source.path}:{raw.line}", text_id)
