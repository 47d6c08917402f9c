"""Which format a corpus is in, and the corpus opened: the table of formats is here."""

import json
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path
from typing import Final

from spacy_hf_ner.corpus.formats.brat import open_brat
from spacy_hf_ner.corpus.formats.conll import open_conll
from spacy_hf_ner.corpus.formats.conllu import open_conllu
from spacy_hf_ner.corpus.formats.csv_table import open_csv
from spacy_hf_ner.corpus.formats.hf_datasets import PREFIX, open_data_file, open_hub_dataset, open_saved_dataset
from spacy_hf_ner.corpus.formats.json_records import open_json
from spacy_hf_ner.corpus.formats.spacy_docs import open_docbin
from spacy_hf_ner.corpus.source import ReadOptions, Source
from spacy_hf_ner.corpus.text_files import open_text
from spacy_hf_ner.errors import ConfigError, CorpusError

FORMATS: Final[Mapping[str, Callable[[Path, ReadOptions], Source]]] = {
    "brat": open_brat,
    "conll": open_conll,
    "conllu": open_conllu,
    "csv": open_csv,
    "datasets": open_data_file,
    "json": open_json,
    "spacy": open_docbin,
}
SUFFIXES: Final[Mapping[str, str]] = {
    ".ann": "brat",
    ".arrow": "datasets",
    ".conllu": "conllu",
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".parquet": "datasets",
    ".spacy": "spacy",
}
SAVED_DATASET: Final = ("dataset_dict.json", "state.json")
TEXT_SUFFIXES: Final = frozenset(
    ("annotated", "bio", "bioes", "bmes", "conll", "data", "dev", "iob", "iob2", "ner", "test", "train", "tsv", "txt")
)  # of files in a folder that are read by what they hold


def open_corpus(path: Path | str, options: ReadOptions, *, format_name: str = "auto") -> Source:
    """Return one file, or one folder of brat annotations, as a source of sentences.

    Raises:
        ConfigError: There is no such format.
        CorpusError: The file is not in the format.
        MissingExtraError: The format needs a library that is not installed.
    """
    place = Path(path)
    if format_name != "auto" and format_name not in FORMATS:
        raise ConfigError(f"unknown format {format_name!r}: expected auto or one of {', '.join(FORMATS)}.")
    if not place.exists():
        raise CorpusError(f"{place}: expected a file or a folder, got nothing there. Check the path.")
    return FORMATS[find_format(place, options) if format_name == "auto" else format_name](place, options)


def open_corpora(name: str, options: ReadOptions, *, format_name: str = "auto") -> dict[str, Source]:
    """Return the parts of a corpus by their names: the files of a folder, the splits of a data set, or one file.

    Raises:
        ConfigError: There is no such format.
        CorpusError: The corpus cannot be read as what it claims to be.
        MissingExtraError: The format needs a library that is not installed.
    """
    if name.startswith(PREFIX):
        return open_hub_dataset(name, options)
    path = Path(name)
    if not path.is_dir():
        return {path.stem: open_corpus(path, options, format_name=format_name)}
    if any((path / file).is_file() for file in SAVED_DATASET):
        return open_saved_dataset(path, options)
    if format_name == "brat" or any(path.rglob("*.ann")):
        return {path.name: open_brat(path, options)}
    files = sorted(file for file in path.iterdir() if file.is_file() and _is_data(file))
    if not files:
        raise CorpusError(f"{path}: expected files to convert, got none with a known ending. Name a file instead.")
    sources: dict[str, Source] = {}
    for file in files:
        stem = file.stem if file.stem not in sources else file.name
        sources[stem] = open_corpus(file, options, format_name=format_name)
    return sources


def find_format(path: Path, options: ReadOptions) -> str:
    """Return the format of a file: by the ending of its name if that tells, else by its first lines.

    Raises:
        CorpusError: There is no such file.
    """
    suffix = path.suffix.lower()
    if path.is_dir() or (suffix == ".txt" and path.with_suffix(".ann").is_file()):
        return "brat"
    return SUFFIXES.get(suffix) or _find_by_lines(path, options)


def _find_by_lines(path: Path, options: ReadOptions) -> str:
    lines = [line for _, line in islice(open_text(path, encoding=options.encoding).lines(), 200) if line.strip()]
    rows = [line for line in lines if not line.startswith("#")]
    if lines and (_is_json(lines[0]) or lines[0].strip() == "["):
        return "json"
    if rows and all(row.count("\t") == 9 and row[0].isdecimal() for row in rows):  # noqa: PLR2004 - ten columns
        return "conllu"
    if rows and not any("\t" in row for row in rows) and _is_comma_separated(rows):
        return "csv"
    return "conll"


def _is_data(file: Path) -> bool:
    suffix = file.suffix.lower()
    is_text = suffix.removeprefix(".") in TEXT_SUFFIXES and not file.stem.lower().startswith(("readme", "license"))
    return not file.name.startswith(".") and (suffix in SUFFIXES or is_text)


def _is_json(line: str) -> bool:
    if not line.lstrip().startswith(("{", "[")):
        return False
    try:
        return isinstance(json.loads(line), (dict, list))
    except (ValueError, RecursionError):
        return False


def _is_comma_separated(rows: list[str]) -> bool:
    """Tell whether all rows have as many commas as the first, and at least one, with no space after it."""
    n_commas = rows[0].count(",")
    return n_commas > 0 and " " not in rows[0].replace("Sentence #", "") and all(r.count(",") >= n_commas for r in rows)
