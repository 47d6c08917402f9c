"""The types of columns in inputs that have any: those of parquet files and data sets."""

from collections.abc import Sequence
from typing import Any

from spacy_hf_ner.corpus.text_input import TextInput
from spacy_hf_ner.corpus.text_readers.dataset_texts import load_split
from spacy_hf_ner.corpus.text_readers.parquet_texts import read_schema

__all__ = ["find_column_types"]


def find_column_types(source: TextInput, names: Sequence[str]) -> dict[str, Any]:
    """Return the Arrow type of each column; of columns without one, such as those of JSON, none."""
    if not names:
        return {}
    if source.kind == "parquet":
        schema = read_schema(source)
    elif source.kind == "dataset":
        schema = load_split(source).features.arrow_schema
    else:
        return {}
    return {name: schema.field(name).type for name in names}
