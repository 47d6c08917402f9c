"""CSV: one word a row, quoted cells, and a column that names the sentence on its first row or on all of its rows."""

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from spacy_hf_ner.corpus.layout import SAMPLE, Layout, plan_layout
from spacy_hf_ner.corpus.sentence import Problem
from spacy_hf_ner.corpus.source import ReadOptions, Source
from spacy_hf_ner.corpus.table import Table, open_tables
from spacy_hf_ner.corpus.text_files import TextFile, open_text
from spacy_hf_ner.errors import CorpusError

SEPARATORS: Final = (",", ";", "\t", "|")

Rows = Iterator[tuple[int, list[str]]]


def open_csv(path: Path, options: ReadOptions) -> Source:
    """Return a CSV file as a source.

    Raises:
        CorpusError: The file holds no rows or no tags, or its quotes do not close.
    """
    file = open_text(path, encoding=options.encoding)
    separator = options.columns.separator or _find_separator(file)
    sample = [(n, row) for n, row in islice(_rows(file, separator), SAMPLE) if any(map(str.strip, row))]
    layout = plan_layout([row for _, row in sample], separator=separator, columns=options.columns, path=path)
    header_line = sample[0][0] if layout.has_header else 0

    def tables() -> Iterator[Table]:
        rows = ((number, row) for number, row in _rows(file, separator) if number != header_line)
        return _read_tables(rows, layout)

    return open_tables(
        tables,
        name=str(path),
        format_name="csv",
        options=options,
        description=f"{file.encoding}, {layout}",
        problems=file.problems,
    )


def _find_separator(file: TextFile) -> str:
    head = [line for _, line in islice(file.lines(), SAMPLE) if line]
    return max(SEPARATORS, key=lambda separator: sum(separator in line for line in head))


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


def _read_tables(rows: Rows, layout: Layout) -> Iterator[Table]:
    """Yield a table for each sentence: a new name or a blank row begins one."""
    table = Table(lines=[], words=[], tags=[[] for _ in layout.tags])
    for line, row in rows:
        name = _cell(row, layout.sentence)
        is_blank = not any(map(str.strip, row))
        if (is_blank or (name and name != table.sentence_id)) and table.lines:
            yield table
            table = Table(lines=[], words=[], tags=[[] for _ in layout.tags])
        if is_blank:
            continue
        table.sentence_id = name or table.sentence_id
        is_whole = len(row) == layout.n_columns
        if not is_whole:
            kind = f"row of {len(row)} columns, not {layout.n_columns}: its tag is missing"
            table.problems.append(Problem(kind, line))
        table.lines.append(line)
        table.words.append(_cell(row, layout.token))
        for level, column in zip(table.tags, layout.tags, strict=True):
            level.append(_cell(row, column).strip() if is_whole else "")
        if layout.pos is not None:
            table.pos.append(_cell(row, layout.pos))
        if layout.chunk is not None:
            table.chunks.append(_cell(row, layout.chunk))
    if table.lines:
        yield table


def _cell(row: list[str], column: int | None) -> str:
    return row[column] if column is not None and column < len(row) else ""
