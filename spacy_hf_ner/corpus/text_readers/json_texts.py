"""Texts in records of JSON: one in each line, or all in an array."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from spacy_hf_ner.corpus.json_values import read_records
from spacy_hf_ner.corpus.text_files import open_text
from spacy_hf_ner.corpus.text_input import (
    NOWHERE,
    Place,
    PlainText,
    RawText,
    TextColumns,
    TextInput,
    read_record,
    refuse_missing_columns,
)
from spacy_hf_ner.corpus.text_lines import TextLine, iterate_lines
from spacy_hf_ner.corpus.text_readers.line_texts import find_line_places, skip_to

__all__ = ["JsonLineTexts", "JsonTexts"]


class JsonLineTexts:
    """Reads a record in each line that is not blank. A record may be a text itself."""

    def find_places(self, source: TextInput) -> Iterator[Place]:
        """Yield the place of each record."""
        return find_line_places(_iterate_records(iterate_lines(source)))

    def open(self, source: TextInput, columns: TextColumns, start: Place) -> Iterator[RawText]:
        """Yield each line with a record from a place on.

        Raises:
            CorpusError: The first record lacks a column: then all of them do.
        """
        lines = skip_to(start, _iterate_records(iterate_lines(source, start)))
        for line in lines:
            if line.number == 1:
                _check_first(line, source, columns)
            yield RawText(line.number, line.text)

    def parse(self, raw: RawText, source: TextInput, columns: TextColumns) -> PlainText:
        """Return the text of a line's record."""
        place = f"{source.path}:{raw.line}"
        try:
            record = json.loads(raw.value)
        except (ValueError, RecursionError) as error:
            return PlainText("", place, error=f"expected JSON, got something else ({error})")
        return read_record(record, place, columns)


def _iterate_records(lines: Iterator[TextLine]) -> Iterator[TextLine]:
    for line in lines:
        if line.text.strip():
            yield line


def _check_first(line: TextLine, source: TextInput, columns: TextColumns) -> None:
    try:
        record = json.loads(line.text)
    except (ValueError, RecursionError):
        return  # it comes out with its error
    if isinstance(record, dict):
        refuse_missing_columns(record, f"{source.path}:{line.number}", columns)


class JsonTexts:
    """Reads the records of a file that is one array, or has one in each line."""

    def find_places(self, source: TextInput) -> Iterator[Place]:
        """Yield the place of each record."""
        for number, found in enumerate(read_records(open_text(Path(source.path)))):
            yield Place(number, found.line, NOWHERE)

    def open(self, source: TextInput, columns: TextColumns, start: Place) -> Iterator[RawText]:
        """Yield each record from a place on.

        Raises:
            CorpusError: The first record lacks a column: then all of them do.
        """
        records = read_records(open_text(Path(source.path)))
        for number, found in enumerate(islice(records, start.number, None), start.number):
            if number == 0:
                refuse_missing_columns(found.record, f"{source.path}:{found.line}", columns)
            yield RawText(found.line, found.record)

    def parse(self, raw: RawText, source: TextInput, columns: TextColumns) -> PlainText:
        """Return the text of a record."""
        return read_record(raw.value, f"{source.path}:{raw.line}", columns)
