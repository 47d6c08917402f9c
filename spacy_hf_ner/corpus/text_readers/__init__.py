"""The table of readers of texts without annotation; each kind of input has a file."""

from collections.abc import Mapping
from typing import Final

from spacy_hf_ner.corpus.text_input import TextReader
from spacy_hf_ner.corpus.text_readers.csv_texts import CsvTexts
from spacy_hf_ner.corpus.text_readers.dataset_texts import DatasetTexts
from spacy_hf_ner.corpus.text_readers.docbin_texts import DocBinTexts
from spacy_hf_ner.corpus.text_readers.json_texts import JsonLineTexts, JsonTexts
from spacy_hf_ner.corpus.text_readers.line_texts import LineTexts
from spacy_hf_ner.corpus.text_readers.parquet_texts import ParquetTexts
from spacy_hf_ner.corpus.text_readers.whole_files import WholeFiles

__all__ = ["DATASET", "KIND_OF_SUFFIX", "LINES", "READERS", "WHOLE_FILES"]

LINES: Final = "lines"
WHOLE_FILES: Final = "files"
DATASET: Final = "dataset"

READERS: Final[Mapping[str, TextReader]] = {
    LINES: LineTexts(),
    WHOLE_FILES: WholeFiles(),
    DATASET: DatasetTexts(),
    "jsonl": JsonLineTexts(),
    "json": JsonTexts(),
    "csv": CsvTexts(),
    "parquet": ParquetTexts(),
    "docbin": DocBinTexts(),
}

# By the ending without .gz or .zst. Lines of JSON are often called .json where they are compressed.
KIND_OF_SUFFIX: Final = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
    ".spacy": "docbin",
}
