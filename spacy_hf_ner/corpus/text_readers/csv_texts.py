"""A text in each row of a table."""

import csv
import sys
from collections.abc import Iterator
from typing import Final

from spacy_hf_ner.corpus.text_input import (
    BEGINNING,
    Place,
    PlainText,
    RawText,
    TextColumns,
    TextInput,
    read_record,
    refuse_missing_columns,
)
from spacy_hf_ner.corpus.text_lines import TextLine, iterate_lines
from spacy_hf_ner.corpus.text_readers.line_texts import skip_to

__all__ = ["CsvTexts"]

# A cell may hold a whole document; the csv module's own limit is 128 kB.
_MAX_CELL: Final = min(sys.maxsize, 2**31 - 1)


class CsvTexts:
    """Reads a table with a header. A quoted cell may hold several lines."""

    def find_places(self, source: TextInput) -> Iterator[Place]:
        """Yield the place of each row."""
        for number, (line, _) in enumerate(_iterate_rows(source, BEGINNING)):
            yield Place(number, line.number, line.offset)

    def open(self, source: TextInput, columns: TextColumns, start: Place) -> Iterator[RawText]:
        """Yield each row from a place on.

        Raises:
            CorpusError: The header lacks a column.
        """
        refuse_missing_columns(dict.fromkeys(_read_header(source)), f"{source.path}:1", columns)
        for line, record in skip_to(start, _iterate_rows(source, start)):
            yield RawText(line.number, record)

    def parse(self, raw: RawText, source: TextInput, columns: TextColumns) -> PlainText:
        """Return the text of a row."""
        return read_record(raw.value, f"{source.path}:{raw.line}", columns)


class _Feed:
    """Hands lines to the csv module, and remembers the first one of each row."""

    def __init__(self, lines: Iterator[TextLine]) -> None:
        self._lines = lines
        self.first: TextLine | None = None

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            if self.first is None:
                self.first = line
            yield f"{line.text}\n"


def _iterate_rows(
    source: TextInput, start: Place
) -> Iterator[tuple[TextLine, dict[str, str | None]]]:
    """Yield the cells of each row from a place on, by the header, and the row's first line."""
    csv.field_size_limit(_MAX_CELL)
    separator = _find_separator(source)
    header = _read_header(source)
    is_at_header = start.offset <= 0
    feed = _Feed(iterate_lines(source, start))
    for cells in csv.reader(feed, delimiter=separator):
        line = feed.first
        feed.first = None
        assert line is not None, "a row has a line"
        if not cells:
            continue
        if is_at_header:
            is_at_header = False
            continue
        record: dict[str, str | None] = dict.fromkeys(header)
        record.update(zip(header, cells, strict=False))
        yield line, record


def _read_header(source: TextInput) -> list[str]:
    rows = csv.reader(_Feed(iterate_lines(source)), delimiter=_find_separator(source))
    return next(filter(None, rows), [])


def _find_separator(source: TextInput) -> str:
    """Return the separator that the first line holds most often."""
    first = next(iterate_lines(source), None)
    header = "" if first is None else first.text
    return max(",;\t|", key=header.count)
