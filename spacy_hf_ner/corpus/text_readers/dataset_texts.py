"""A text in each record of a Hugging Face data set, which lies on the disk and is not in memory."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from spacy_hf_ner.corpus.formats.hf_datasets import load_splits
from spacy_hf_ner.corpus.text_input import (
    Place,
    PlainText,
    RawText,
    TextColumns,
    TextInput,
    read_record,
    refuse_missing_columns,
)

__all__ = ["DatasetTexts", "load_split"]


class DatasetTexts:
    """Reads a split of a data set. The offset of a record is its number."""

    def find_places(self, source: TextInput) -> Iterator[Place]:
        """Yield the place of each record."""
        for number in range(len(load_split(source))):
            yield Place(number, number + 1, number)

    def open(self, source: TextInput, columns: TextColumns, start: Place) -> Iterator[RawText]:
        """Yield each record from a place on.

        Raises:
            CorpusError: There is no such data set, or it lacks a column.
        """
        dataset = load_split(source)
        place = f"{source.path}[{source.split}]"
        refuse_missing_columns(dict.fromkeys(dataset.column_names), place, columns)
        records = dataset.select(range(start.number, len(dataset)))
        for number, record in enumerate(records, start=start.number + 1):
            yield RawText(number, record)

    def parse(self, raw: RawText, source: TextInput, columns: TextColumns) -> PlainText:
        """Return the text of a record."""
        return read_record(raw.value, f"{source.path}[{source.split}]:{raw.line}", columns)


# The library looks for a data set again each time, on the network, too.
@lru_cache(maxsize=4)
def _load_splits(name: str) -> dict[str, Any]:
    return load_splits(name)


def load_split(source: TextInput) -> Any:  # noqa: ANN401 - datasets has no types
    """Return a split of a data set, as the library `datasets` has it."""
    return _load_splits(source.path)[source.split]
