"""Tables with a text in each row, as annotation tools export them, to records.

Entities stand in one of two ways::

    text,label                                        a list of spans as JSON (Label Studio)
    Rome is big,"[{""start"": 0, ""end"": 4, …}]"

    text,start,end,label                              one entity a row; rows of one text are
    Rome is big,0,4,LOC                               neighbours
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from spacy_hf_ner.core.wording import count, shorten
from spacy_hf_ner.corpus.blocks import Row
from spacy_hf_ner.corpus.cells import are_offset_columns
from spacy_hf_ner.corpus.columns import Columns
from spacy_hf_ner.corpus.headers import find_known_name, normalize_names
from spacy_hf_ner.corpus.json_values import FoundRecord
from spacy_hf_ner.corpus.tools.keyed import END_KEYS, START_KEYS, TYPE_KEYS
from spacy_hf_ner.errors import CorpusError

__all__ = ["TextTable", "are_spans", "find_text_table", "read_text_table"]

TEXT_NAMES: Final = ("text", "content", "document", "sentence", "data")


@dataclass(frozen=True, slots=True)
class TextTable:
    """Which column of a table holds what.

    Attributes:
        names: The names of all columns.
        text: The column of texts.
        spans: The column of lists of spans, or None where there is one entity a row.
        entity: The columns of an entity's start, end and type, where there are such.
    """

    names: Sequence[str]
    text: int
    spans: int | None = None
    entity: tuple[int, ...] = ()


def find_text_table(rows: Sequence[Sequence[str]], columns: Columns) -> TextTable | None:
    """Return where texts and entities stand in a table, or None if it is none of texts.

    Args:
        rows: The first rows; the very first of them must name the columns.
        columns: What the user says about them.
    """
    if not rows:
        return None
    header, *body = rows
    names = normalize_names(header)
    body = [row for row in body if len(row) == len(header)]
    text = _find_column(columns.token, names, TEXT_NAMES)
    if text is None or not body:
        return None
    spans = _find_spans(body)
    if spans is not None:
        return TextTable(names, text, spans=spans)
    start = find_known_name(START_KEYS, names)
    end = find_known_name(END_KEYS, names)
    entity_type = _find_column(columns.tag, names, TYPE_KEYS)
    if start is None or end is None or entity_type is None:
        return None
    entity = (start, end, entity_type)
    if _are_words(body, text, entity):
        return None
    return TextTable(names, text, entity=entity)


def _find_column(named: int | str | None, names: Sequence[str], known: Iterable[str]) -> int | None:
    """Return the column that the user names, or else the first with a known name."""
    if isinstance(named, int):
        return named % len(names) if -len(names) <= named < len(names) else None
    if named is not None:
        known = normalize_names([named])
    return find_known_name(known, names)


def _find_spans(body: Iterable[Sequence[str]]) -> int | None:
    """Return the column with a list of spans in one of its cells at least, or None."""
    for row in body:
        for column, cell in enumerate(row):
            if are_spans(cell):
                return column
    return None


def are_spans(cell: str) -> bool:
    """Tell whether a cell is a list of spans as JSON: of objects with a start and an end.

    >>> are_spans('[{"start": 0, "end": 4}]'), are_spans('["B-LOC"]'), are_spans("[]")
    (True, False, False)
    """
    items = _read_list(cell)
    if not items:
        return False
    for item in items:
        is_span = isinstance(item, dict) and find_known_name(START_KEYS, list(item)) is not None
        if not is_span:
            return False
    return True


def _read_list(cell: str) -> list[Any] | None:
    """Return the list that a cell holds as JSON; None if it holds none."""
    if not cell.startswith("["):
        return None
    try:
        value = json.loads(cell)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, list) else None


def _are_words(body: Sequence[Sequence[str]], text: int, entity: Sequence[int]) -> bool:
    """Tell whether the texts are words with their own offsets (AnEM), one a row."""
    columns = list(zip(*body, strict=True))
    start, end, _ = entity
    return are_offset_columns(columns[text], columns[start], columns[end])


def read_text_table(rows: Iterable[Row], table: TextTable, *, source: str) -> Iterator[FoundRecord]:
    """Yield the records of a table: a text, its spans, and what the other columns say.

    Args:
        rows: The rows without the header.
        table: Which column holds what.
        source: The file's name, for messages.

    Raises:
        CorpusError: A row has more or fewer cells than the header, or its list cannot be read.
    """
    whole = _drop_blank_rows(rows, table, source)
    for text, group in groupby(whole, key=lambda row: row.cells[table.text]):
        if table.spans is None:
            # One entity a row: all rows of the text are one record.
            yield _join_entities(text, list(group), table)
            continue
        for row in group:
            spans = _read_spans(row, table.spans, source)
            yield FoundRecord(row.line, _make_record(text, spans, row, table))


def _drop_blank_rows(rows: Iterable[Row], table: TextTable, source: str) -> Iterator[Row]:
    """Yield the rows with cells, of which there must be as many as columns."""
    n_columns = len(table.names)
    for row in rows:
        if not any(row.cells):
            continue
        if len(row.cells) != n_columns:
            raise CorpusError(
                f"{source}:{row.line}: expected {count(n_columns, 'cell')}, as the header has, "
                f"got {len(row.cells)}: it is not known which is which. Correct the row."
            )
        yield row


def _read_spans(row: Row, column: int, source: str) -> list[Any] | None:
    """Return the spans of a text; an empty cell says that it was looked at, and has none."""
    cell = row.cells[column].strip()
    if not cell:
        return []
    spans = _read_list(cell)
    if spans is None:
        raise CorpusError(
            f"{source}:{row.line}: expected a list of spans as JSON, as in other rows, got "
            f"{shorten(cell)!r}. Correct the cell, or leave it empty."
        )
    return spans


def _join_entities(text: str, rows: Sequence[Row], table: TextTable) -> FoundRecord:
    """Return the record of a text with one entity a row; a row without offsets has none."""
    start, end, entity_type = table.entity
    spans: list[dict[str, str]] = []
    for row in rows:
        span = {"start": row.cells[start], "end": row.cells[end], "label": row.cells[entity_type]}
        span = {key: cell.strip() for key, cell in span.items()}
        if span["start"] or span["end"]:
            spans.append(span)
    first = rows[0]
    return FoundRecord(first.line, _make_record(text, spans, first, table))


def _make_record(
    text: str, spans: list[Any] | None, row: Row, table: TextTable
) -> Mapping[str, Any]:
    """Return a row as a record, with its text and spans under the names that records have."""
    used = {table.text, table.spans, *table.entity}
    record: dict[str, Any] = {"text": text, "spans": spans}
    for column, name in enumerate(table.names):
        if column not in used and name not in ("data", "label", "labels", *record):
            record[name] = row.cells[column]
    return record
