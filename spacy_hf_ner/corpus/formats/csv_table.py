"""CSV: one word a row, quoted cells, and a column that names the sentence.

The name stands on the first row of a sentence or on all of its rows. Exported data sets have one
sentence a row instead, with lists in their cells; annotation tools have one text a row.
"""

import ast
import csv
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, Final

from spacy_hf_ner.core.wording import shorten
from spacy_hf_ner.corpus.blocks import Kind, Row, group_rows, is_document_mark
from spacy_hf_ner.corpus.columns import SAMPLE, Columns, Layout, plan_layout
from spacy_hf_ner.corpus.format import Format
from spacy_hf_ner.corpus.json_values import FoundRecord
from spacy_hf_ner.corpus.records import find_fields, read_tables
from spacy_hf_ner.corpus.sentence import Problem
from spacy_hf_ner.corpus.source import ReadOptions, Source
from spacy_hf_ner.corpus.table import Table, read_block
from spacy_hf_ner.corpus.table_source import open_tables
from spacy_hf_ner.corpus.text_files import TextFile
from spacy_hf_ner.corpus.text_records import open_texts
from spacy_hf_ner.corpus.text_tables import TextTable, find_text_table, read_text_table
from spacy_hf_ner.errors import CorpusError

__all__ = ["CSV", "SEPARATORS", "is_csv", "open_csv"]

SEPARATORS: Final = (",", ";", "\t", "|")


def open_csv(file: TextFile, options: ReadOptions) -> Source:
    """Return a CSV file as a source.

    Raises:
        CorpusError: The file holds no rows or no tags, its quotes do not close, or its lists cannot
            be read.
    """
    separator = options.columns.separator or _find_separator(file)
    list_header = _find_list_header(file, separator)
    if list_header is not None:
        return _open_lists(file, separator, list_header, options)
    text_table = _find_texts(file, separator, options.columns)
    if text_table is not None:
        return _open_texts(file, separator, text_table, options)
    return _open_words(file, separator, options)


def _find_separator(file: TextFile) -> str:
    """Return the separator that most of the first lines hold, and their first one most often."""
    n_lines: Counter[str] = Counter()
    n_in_first: Counter[str] = Counter()
    for _, line in islice(file.lines(), SAMPLE):
        if line and not n_in_first:
            n_in_first.update(line)
        for separator in SEPARATORS:
            n_lines[separator] += separator in line
    return max(SEPARATORS, key=lambda separator: (n_lines[separator], n_in_first[separator]))


# ----------------------------------------------------------------------------------------------
# one word a row


def _open_words(file: TextFile, separator: str, options: ReadOptions) -> Source:
    """Return a CSV file of one word a row as a source."""
    layout, header_line = _plan_columns(file, separator, options.columns)

    def tables() -> Iterator[Table]:
        rows = (row for row in _read_rows(file, separator) if row.line != header_line)
        classified = map(_classify, rows)
        blocks = group_rows(classified, sentence=layout.sentence, document=layout.document)
        for block in blocks:
            yield read_block(block, layout)

    origin = file.make_origin("csv", layout.find_problems(header_line)).describe(str(layout))
    return open_tables(tables, origin, options)


def _plan_columns(file: TextFile, separator: str, columns: Columns) -> tuple[Layout, int]:
    """Return which column holds what, and the line of the header, or 0."""
    lines: list[int] = []
    cells: list[Sequence[str]] = []
    for row in islice(_read_rows(file, separator), SAMPLE):
        kind, _ = _classify(row)
        if kind == "row":
            lines.append(row.line)
            cells.append(row.cells)
    layout = plan_layout(cells, separator=separator, columns=columns, path=file.path)
    header_line = lines[0] if layout.has_header_row else 0
    return layout, header_line


def _classify(row: Row) -> tuple[Kind, Row]:
    """Return what a row is, and the row."""
    if not "".join(row.cells).strip():
        return "blank", row
    if is_document_mark(row.cells):
        return "mark", row
    return "row", row


def _read_rows(file: TextFile, separator: str, *, may_break: bool = False) -> Iterator[Row]:
    """Yield the rows, each with the line that it begins on.

    Args:
        file: The file.
        separator: What separates cells.
        may_break: Whether rows may go over several lines, as those with texts do.

    Raises:
        CorpusError: A quote is not closed, or a cell is neither quoted nor bare.
    """
    first_line = 1  # of the row that is read next
    reader = csv.reader(_lines_with_ends(file), delimiter=separator, strict=True)
    try:
        for cells in reader:
            if reader.line_num > first_line and not may_break:
                raise CorpusError(
                    f"{file.path}:{first_line}: expected a row on one line, got one that ends on "
                    f"line {reader.line_num}: a quote is opened and not closed, and would swallow "
                    "the rows after it. Close it, or double it."
                )
            yield Row(first_line, cells)
            first_line = reader.line_num + 1
    except csv.Error as error:
        raise CorpusError(
            f"{file.path}:{first_line}: expected a row of quoted or bare cells, got one that is "
            f"neither ({error}). Correct the quotes of the row."
        ) from error


def _lines_with_ends(file: TextFile) -> Iterator[str]:
    """Yield the lines as the csv module wants them."""
    for _, line in file.lines():
        yield line + "\n"


# ----------------------------------------------------------------------------------------------
# one sentence a row


def _find_list_header(file: TextFile, separator: str) -> list[str] | None:
    """Return the first row if the row below it holds lists, which may break lines, or None.

    Raises:
        CorpusError: The lists cannot be read.
    """
    reader = csv.reader(_lines_with_ends(file), delimiter=separator)
    try:
        header, *below = islice(reader, 2)
    except (csv.Error, ValueError):
        return None
    lists: list[str] = []
    for row in below:
        lists += filter(_looks_like_list, row)
    if len(lists) < 2:  # noqa: PLR2004 - words and tags
        return None
    for cell in lists:
        _parse_list(cell, file.path, 2)
    return header


def _looks_like_list(cell: str) -> bool:
    return cell.startswith("[") and cell.endswith("]")


def _open_lists(file: TextFile, separator: str, header: list[str], options: ReadOptions) -> Source:
    """Return a CSV file of one sentence a row as a source."""
    name = str(file.path)
    fields = find_fields(header, options.columns, source=name)
    # A field that the file has not is "".
    list_fields = list(filter(None, (fields.words, fields.tags, fields.pos, fields.chunks)))

    def records() -> Iterator[tuple[int, dict[str, Any], Sequence[Problem]]]:
        for line, cells in islice(_read_rows(file, separator), 1, None):
            if not cells:
                continue
            if len(cells) != len(header):
                names = shorten(", ".join(header), 200)
                raise CorpusError(
                    f"{name}:{line}: expected {len(header)} cells ({names}), "
                    f"got {len(cells)}: it is not known which is which. Correct the row."
                )
            record: dict[str, Any] = dict(zip(header, cells, strict=True))
            for field in list_fields:
                record[field] = _parse_list(record[field], file.path, line)
            yield line, record, ()

    origin = file.make_origin("csv").describe(f"lists in fields {fields}")
    return open_tables(lambda: read_tables(records(), fields, source=name), origin, options)


def _parse_list(cell: str, path: Path, line: int) -> list[Any]:
    """Return a list that was written as JSON or by Python."""
    try:
        value = json.loads(cell)
    except (ValueError, RecursionError):
        value = _evaluate(cell)
    if not isinstance(value, list):
        raise CorpusError(
            f"{path}:{line}: expected a list with commas, as JSON or Python writes it, "
            f"got {shorten(cell)!r}: numpy's form does not tell where a word ends. "
            "Save the data set as JSON or parquet (to_json, to_parquet)."
        )
    return value


def _evaluate(cell: str) -> object:
    """Return what a cell is in Python, or None if it is nothing that Python would write so."""
    try:
        value = ast.literal_eval(cell)
        written = repr(value)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        # Python reads hexadecimal numbers of any length, but writes none of thousands of digits.
        return None
    # numpy leaves the commas out: Python reads ['New' 'York'] as one word, NewYork.
    return value if written == cell else None


# ----------------------------------------------------------------------------------------------
# one text a row


def _find_texts(file: TextFile, separator: str, columns: Columns) -> TextTable | None:
    """Return where texts and entities stand, if the first rows hold such."""
    rows: list[Sequence[str]] = []
    try:
        for row in islice(_read_rows(file, separator, may_break=True), SAMPLE):
            rows.append(row.cells)
    except CorpusError:
        return None  # whoever reads the rows says what is wrong with them
    return find_text_table(rows, columns)


def _open_texts(file: TextFile, separator: str, table: TextTable, options: ReadOptions) -> Source:
    """Return a CSV file of one text a row as a source."""
    name = str(file.path)
    # Records call them text and spans, whatever the user and the file call them.
    columns = replace(options.columns, token=None, tag=None)

    def records() -> Iterator[FoundRecord]:
        rows = islice(_read_rows(file, separator, may_break=True), 1, None)
        return read_text_table(rows, table, source=name)

    origin = file.make_origin("csv").describe("texts with character spans")
    return open_texts(records, origin, replace(options, columns=columns))


def _holds_texts(head: Sequence[str]) -> bool:
    """Tell whether the first lines of a text are a table of texts with their entities."""
    for separator in SEPARATORS:
        if separator not in head[0]:
            continue
        try:
            rows = list(csv.reader(head, delimiter=separator))
        except csv.Error:
            continue
        if find_text_table(rows, Columns()) is not None:
            return True
    return False


def is_csv(head: Sequence[str]) -> bool:
    """Tell whether the first lines of a text are rows of cells between commas, or a table of texts.

    All have as many commas as the first at least, and there is one, with no space after it.
    """
    rows = [line for line in head if not line.startswith("#")]
    if not rows:
        return False
    if _holds_texts(rows):
        return True
    if "\t" in "".join(rows):
        return False
    first = rows[0]
    n_commas = first.count(",")
    # "Sentence #" is the only name with a space: that of GMB.
    if n_commas == 0 or " " in first.replace("Sentence #", ""):
        return False
    return all(row.count(",") >= n_commas for row in rows)


CSV: Final = Format(name="csv", suffixes=(".csv",), sniff=is_csv, open_text=open_csv)
