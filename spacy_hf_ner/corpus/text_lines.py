"""Lines of a text file from any place on, with the place of each."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from spacy_hf_ner.corpus.compressed import is_compressed, open_bytes
from spacy_hf_ner.corpus.sentence import Problem
from spacy_hf_ner.corpus.text_files import TextFile
from spacy_hf_ner.corpus.text_input import BEGINNING, NOWHERE, Place, TextInput

__all__ = ["TextLine", "iterate_lines"]

# Line ends of these are single bytes, so that a file can be read from the middle on.
BYTE_ENCODINGS: Final = frozenset({"utf-8", "utf-8-sig"})
BYTE_ORDER_MARK: Final = "\ufeff"


class TextLine(NamedTuple):
    """A line of a file.

    Attributes:
        number: From 1.
        offset: Its first byte; ``NOWHERE`` where lines are found from the beginning alone.
        text: What it says, without its end.
    """

    number: int
    offset: int
    text: str


def iterate_lines(source: TextInput, start: Place = BEGINNING) -> Iterator[TextLine]:
    """Yield the lines of a file from a place on, or all, where a place is ``NOWHERE``.

    Raises:
        CorpusError: The file is not in its encoding, or not compressed as its ending says.
    """
    path = Path(source.path)
    if source.encoding in BYTE_ENCODINGS and source.newline == "\n":
        yield from _iterate_bytes(path, start)
        return
    problems = (Problem("damaged", 1),) if source.is_damaged else ()
    file = TextFile(path, source.encoding, source.newline, problems)
    for number, text in file.lines():
        yield TextLine(number, NOWHERE, text)


def _iterate_bytes(path: Path, start: Place) -> Iterator[TextLine]:
    can_seek = not is_compressed(path)
    number = 1
    offset = 0
    with open_bytes(path) as file:
        if can_seek and start.offset > 0:
            number = start.line
            offset = start.offset
            file.seek(offset)
        for line in file:
            # A damaged byte becomes U+FFFD: the text around it is still worth reading.
            text = line.rstrip(b"\r\n").decode("utf-8", "replace")
            if number == 1:
                text = text.removeprefix(BYTE_ORDER_MARK)
            yield TextLine(number, offset if can_seek else NOWHERE, text)
            number += 1
            offset += len(line)
