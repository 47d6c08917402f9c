"""A text in each row of a parquet file, of which only the columns that are needed are read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from spacy_hf_ner.corpus.foreign import translate_errors
from spacy_hf_ner.corpus.formats.hf_datasets import import_arrow
from spacy_hf_ner.corpus.text_input import (
    ID_FIELDS,
    Place,
    PlainText,
    RawText,
    TextColumns,
    TextInput,
    read_record,
    refuse_missing_columns,
)

__all__ = ["ParquetTexts", "read_schema"]

BATCH: Final = 1_000  # rows that are decoded at once


class ParquetTexts:
    """Reads a parquet file. The offset of a row is its number."""

    def find_places(self, source: TextInput) -> Iterator[Place]:
        """Yield the place of each row."""
        arrow = _import(source)
        with translate_errors(source.path, expected="a parquet file"):
            n_rows = arrow.parquet.read_metadata(source.path).num_rows
        for number in range(n_rows):
            yield Place(number, number + 1, number)

    def open(self, source: TextInput, columns: TextColumns, start: Place) -> Iterator[RawText]:
        """Yield each row from a place on.

        Raises:
            CorpusError: It is no parquet file, or lacks a column.
        """
        arrow = _import(source)
        with (
            translate_errors(source.path, expected="a parquet file"),
            arrow.parquet.ParquetFile(source.path) as file,
        ):
            fields = dict.fromkeys(file.schema_arrow.names)
            refuse_missing_columns(fields, source.path, columns)
            wanted = {columns.text, *columns.kept}
            if columns.text_id is None:
                wanted.update(ID_FIELDS)
            else:
                wanted.add(columns.text_id)
            names = [name for name in fields if name in wanted]
            yield from _iterate_rows(file, names, start.number)

    def parse(self, raw: RawText, source: TextInput, columns: TextColumns) -> PlainText:
        """Return the text of a row."""
        return read_record(raw.value, f"{source.path}:{raw.line}", columns)


def _iterate_rows(file: Any, names: list[str], start: int) -> Iterator[RawText]:  # noqa: ANN401 - pyarrow has no types
    """Yield rows from a number on; groups of rows before it are not read."""
    first_group = 0
    first = 0  # the number of the first row of that group
    while first_group < file.num_row_groups:
        n_rows = file.metadata.row_group(first_group).num_rows
        if first + n_rows > start:
            break
        first += n_rows
        first_group += 1
    groups = list(range(first_group, file.num_row_groups))
    for batch in file.iter_batches(BATCH, row_groups=groups, columns=names):
        batch.validate(full=True)
        following = first + len(batch)
        if following > start:
            n_before = max(start - first, 0)
            records = batch.slice(n_before).to_pylist()
            for number, record in enumerate(records, start=first + n_before):
                yield RawText(number + 1, record)
        first = following


def _import(source: TextInput) -> Any:  # noqa: ANN401 - the module
    return import_arrow(purpose=f"reading {Path(source.path).name}")


def read_schema(source: TextInput) -> Any:  # noqa: ANN401 - pyarrow has no types
    """Return the Arrow schema of a parquet file."""
    return _import(source).parquet.read_schema(source.path)
