"""A text in each line."""

from collections.abc import Iterator
from itertools import islice
from typing import TypeVar

from spacy_hf_ner.corpus.text_input import (
    NOWHERE,
    Place,
    PlainText,
    RawText,
    TextColumns,
    TextInput,
)
from spacy_hf_ner.corpus.text_lines import TextLine, iterate_lines

_Record = TypeVar("_Record")

__all__ = ["LineTexts", "find_line_places", "skip_to"]


class LineTexts:
    """Reads a text in each line; an empty line is an empty text."""

    def find_places(self, source: TextInput) -> Iterator[Place]:
        """Yield the place of each line."""
        return find_line_places(iterate_lines(source))

    def open(self, source: TextInput, columns: TextColumns, start: Place) -> Iterator[RawText]:  # noqa: ARG002 - as all readers
        """Yield each line from a place on."""
        for line in skip_to(start, iterate_lines(source, start)):
            yield RawText(line.number, line.text)

    def parse(self, raw: RawText, source: TextInput, columns: TextColumns) -> PlainText:  # noqa: ARG002
        """Return the text of a line."""
        return PlainText(raw.value, f"{source.path}:{raw.line}")


def find_line_places(lines: Iterator[TextLine]) -> Iterator[Place]:
    """Yield the place of each line."""
    for number, line in enumerate(lines):
        yield Place(number, line.number, line.offset)


def skip_to(start: Place, records: Iterator[_Record]) -> Iterator[_Record]:
    """Return the records without those before a place found from the beginning alone."""
    if start.offset == NOWHERE:
        return islice(records, start.number, None)
    return records
