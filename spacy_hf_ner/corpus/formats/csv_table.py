"""CSV: one word a row, quoted cells, and a column that names the sentence on its first row or on all of its rows.

Exported data sets have one sentence a row instead, with lists in their cells.
"""

import ast
import csv
import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

from spacy_hf_ner.corpus.blocks import Kind, Row, group_rows, is_document_mark
from spacy_hf_ner.corpus.columns import SAMPLE, plan_layout
from spacy_hf_ner.corpus.format import Format
from spacy_hf_ner.corpus.records import find_fields, read_tables
from spacy_hf_ner.corpus.sentence import Problem
from spacy_hf_ner.corpus.source import ReadOptions, Source
from spacy_hf_ner.corpus.table import Table, open_tables, read_block
from spacy_hf_ner.corpus.text_files import TextFile
from spacy_hf_ner.errors import CorpusError

SEPARATORS: Final = (",", ";", "\t", "|")

Rows = Iterator[tuple[int, list[str]]]


def open_csv(file: TextFile, options: ReadOptions) -> Source:
    """Return a CSV file as a source.

    Raises:
        CorpusError: The file holds no rows or no tags, its quotes do not close, or its lists cannot be read.
    """
    separator = options.columns.separator or _find_separator(file)
    if (header := _find_list_header(file, separator)) is not None:
        return _open_lists(file, separator, header, options)
    sample = [
        row for kind, row in _classify(islice(_rows(file, separator), SAMPLE)) if kind == "row"
    ]
    layout = plan_layout(
        [row.cells for row in sample], separator=separator, columns=options.columns, path=file.path
    )
    header_line = sample[0].line if layout.has_header_row else 0

    def tables() -> Iterator[Table]:
        rows = ((number, row) for number, row in _rows(file, separator) if number != header_line)
        for block in group_rows(
            _classify(rows), sentence=layout.sentence, document=layout.document
        ):
            yield read_block(block, layout)

    return open_tables(
        tables,
        name=str(file.path),
        format_name="csv",
        options=options,
        description=f"{file.encoding}, {layout}",
        problems=(*file.problems, *layout.find_problems(header_line)),
    )


def _find_separator(file: TextFile) -> str:
    head = [line for _, line in islice(file.lines(), SAMPLE) if line] or [""]
    return max(
        SEPARATORS,
        key=lambda separator: (sum(separator in line for line in head), head[0].count(separator)),
    )


def _rows(file: TextFile, separator: str) -> Rows:
    """Yield the rows with the number of the line that each begins on."""
    begin = 1

    def lines() -> Iterator[str]:
        for _, line in file.lines():
            yield line + "\n"

    reader = csv.reader(lines(), delimiter=separator, strict=True)
    try:
        for row in reader:
            if reader.line_num > begin:
                raise CorpusError(
                    f"{file.path}:{begin}: expected a row on one line, got one that ends on line {reader.line_num}: a "
                    "quote is opened and not closed, and would swallow the rows after it. Close it, or double it."
                )
            yield begin, row
            begin = reader.line_num + 1
    except csv.Error as error:
        raise CorpusError(
            f"{file.path}:{begin}: expected a row of quoted or bare cells, got one that is neither ({error}). "
            "Correct the quotes of the row."
        ) from error


def _classify(rows: Rows) -> Iterator[tuple[Kind, Row]]:
    for line, cells in rows:
        is_blank = not "".join(cells).strip()
        yield (
            "blank" if is_blank else "mark" if is_document_mark(cells) else "row",
            Row(line, cells),
        )


def _find_list_header(file: TextFile, separator: str) -> list[str] | None:
    """Return the first row if the row below it holds lists, which may break lines, or None.

    Raises:
        CorpusError: The lists cannot be read.
    """
    try:
        header, *below = islice(
            csv.reader((line + "\n" for _, line in file.lines()), delimiter=separator), 2
        )
    except (csv.Error, ValueError):
        return None
    cells = [cell for row in below for cell in row if cell.startswith("[") and cell.endswith("]")]
    if len(cells) < 2:  # noqa: PLR2004 - words and tags
        return None
    for cell in cells:
        _parse_list(cell, file.path, 2)
    return header


def _open_lists(file: TextFile, separator: str, header: list[str], options: ReadOptions) -> Source:
    """Return a CSV file of one sentence a row as a source."""
    name = str(file.path)
    fields = find_fields(header, options.columns, source=name)
    lists = [field for field in (fields.words, fields.tags, fields.pos, fields.chunks) if field]

    def records() -> Iterator[tuple[int, dict[str, Any], Sequence[Problem]]]:
        for line, row in islice(_rows(file, separator), 1, None):
            if not row:
                continue
            if len(row) != len(header):
                raise CorpusError(
                    f"{name}:{line}: expected {len(header)} cells ({', '.join(header)}), got {len(row)}: it is not "
                    "known which is which. Correct the row."
                )
            record: dict[str, Any] = dict(zip(header, row, strict=True))
            record |= {field: _parse_list(record[field], file.path, line) for field in lists}
            yield line, record, ()

    return open_tables(
        lambda: read_tables(records(), fields, source=name),
        name=name,
        format_name="csv",
        options=options,
        description=f"{file.encoding}, lists in fields {fields}",
        problems=file.problems,
    )


def _parse_list(cell: str, path: Path, line: int) -> list[Any]:
    """Return a list that was written as JSON or by Python."""
    try:
        found = json.loads(cell)
    except (ValueError, RecursionError):
        try:
            found = ast.literal_eval(cell)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            found = None
        if repr(found) != cell:  # numpy leaves the commas out, and Python would join the words
            found = None
    if not isinstance(found, list):
        raise CorpusError(
            f"{path}:{line}: expected a list with commas, as JSON or Python writes it, got {cell[:60]!r}: numpy's form "
            "does not tell where a word ends. Save the data set as JSON or parquet (to_json, to_parquet)."
        )
    return found


def is_csv(head: Sequence[str]) -> bool:
    """Tell whether all rows have as many commas as the first, and at least one, with no space after it."""
    rows = [line for line in head if not line.startswith("#")]
    if not rows or any("\t" in row for row in rows):
        return False
    n_commas = rows[0].count(",")
    return (
        n_commas > 0
        and " " not in rows[0].replace("Sentence #", "")
        and all(row.count(",") >= n_commas for row in rows)
    )


CSV: Final = Format(name="csv", suffixes=(".csv",), sniff=is_csv, open_text=open_csv)
