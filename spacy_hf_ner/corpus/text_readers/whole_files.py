"""Files that are a text each, as a whole."""

from collections.abc import Iterator
from pathlib import Path

from spacy_hf_ner.corpus.compressed import is_compressed, open_bytes
from spacy_hf_ner.corpus.text_files import open_text
from spacy_hf_ner.corpus.text_input import Place, PlainText, RawText, TextColumns, TextInput
from spacy_hf_ner.errors import CorpusError

__all__ = ["WholeFiles"]


class WholeFiles:
    """Reads files of a folder. A text is called after its file, whose number is its offset."""

    def find_places(self, source: TextInput) -> Iterator[Place]:
        """Yield the place of each file."""
        for number in range(len(source.files)):
            yield Place(number, number + 1, number)

    def open(self, source: TextInput, columns: TextColumns, start: Place) -> Iterator[RawText]:  # noqa: ARG002 - as all readers
        """Yield the name of each file from a place on."""
        for number, name in enumerate(source.files[start.number :], start=start.number + 1):
            yield RawText(number, name)

    def parse(self, raw: RawText, source: TextInput, columns: TextColumns) -> PlainText:  # noqa: ARG002
        """Return the text of a file."""
        path = Path(source.path, raw.value)
        try:
            return PlainText(_read(path), str(path), raw.value)
        except (CorpusError, OSError) as error:
            return PlainText("", str(path), raw.value, str(error))


def _read(path: Path) -> str:
    if not is_compressed(path):
        return open_text(path).read()
    with open_bytes(path) as file:
        return file.read().decode("utf-8", "replace")
