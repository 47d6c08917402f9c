"""Which format a corpus is in, and the corpus opened: the table of formats is here."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Final

from spacy_hf_ner.corpus.folders import (
    SUFFIXES,
    group_parts,
    is_data,
    list_data,
    name_part,
    name_some,
    report_unread,
)
from spacy_hf_ner.corpus.formats.brat import open_brat
from spacy_hf_ner.corpus.formats.conll import open_conll
from spacy_hf_ner.corpus.formats.conllu import open_conllu
from spacy_hf_ner.corpus.formats.csv_table import open_csv
from spacy_hf_ner.corpus.formats.hf_datasets import (
    PREFIX,
    import_datasets,
    open_data_file,
    open_hub_dataset,
    open_parquet,
    open_saved_dataset,
)
from spacy_hf_ner.corpus.formats.json_records import open_json
from spacy_hf_ner.corpus.formats.spacy_docs import open_docbin, open_docbins
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
SAVED_DATASET: Final = ("dataset_dict.json", "state.json")


def open_corpus(path: Path | str, options: ReadOptions, *, format_name: str = "auto") -> Source:
    """Return one file, or one folder of brat annotations, as a source of sentences.

    Raises:
        ConfigError: There is no such format.
        CorpusError: The file is not in the format.
        MissingExtraError: The format needs a library that is not installed.
    """
    place = Path(path)
    if format_name != "auto" and format_name not in FORMATS:
        raise ConfigError(
            f"unknown format {format_name!r}: expected auto or one of {', '.join(FORMATS)}."
        )
    if not place.exists():
        raise CorpusError(
            f"{place}: expected a file or a folder, got nothing there. Check the path."
        )
    return FORMATS[find_format(place, options) if format_name == "auto" else format_name](
        place, options
    )


def open_corpora(
    name: str, options: ReadOptions, *, format_name: str = "auto"
) -> dict[str, Source]:
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
        return {name_part(path): open_corpus(path, options, format_name=format_name)}
    if any((path / file).is_file() for file in SAVED_DATASET):
        return open_saved_dataset(path, options)
    if format_name == "brat" or any(path.rglob("*.ann")):
        return {path.name: _open_brat_folder(path, options)}
    files = sorted(file for file in path.iterdir() if is_data(file))
    if not files:
        return open_corpora(str(_find_folder(path)), options, format_name=format_name)
    sources = {
        part: _open_part(part, group, options, format_name=format_name)
        for part, group in group_parts(files).items()
    }
    first = next(iter(sources))
    unread = report_unread(path, files)
    return {**sources, first: replace(sources[first], problems=(*sources[first].problems, *unread))}


def _find_folder(path: Path) -> Path:
    """Return the only folder in a folder that holds files to convert.

    Raises:
        CorpusError: There is none, or more than one.
    """
    folders = sorted({path / file.relative_to(path).parts[0] for file in list_data(path)})
    if len(folders) == 1:
        return folders[0]
    if folders:
        raise CorpusError(
            f"{path}: expected files to convert, got folders with such files ({name_some([f.name for f in folders])}). "
            "Name one of them instead."
        )
    raise CorpusError(
        f"{path}: expected files to convert, got none with a known ending. Name a file instead."
    )


def _open_brat_folder(path: Path, options: ReadOptions) -> Source:
    source = open_brat(path, options)
    annotations = list(path.rglob("*.ann"))
    unread = report_unread(
        path, (*annotations, *(file.with_suffix(".txt") for file in annotations))
    )
    return replace(source, problems=(*source.problems, *unread))


def _open_part(part: str, files: list[Path], options: ReadOptions, *, format_name: str) -> Source:
    if len(files) == 1:
        return open_corpus(files[0], options, format_name=format_name)
    suffix = files[0].suffix
    name = files[0].with_name(f"{part}-*{suffix}")
    if suffix == ".spacy":
        return open_docbins(files, options, name=str(name))
    import_datasets()
    try:
        return open_parquet(files, str(name), options)
    except (OSError, ValueError) as error:
        if isinstance(error, CorpusError):
            raise
        raise CorpusError(
            f"{name}: expected parquet files, got something else ({error})."
        ) from error


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
    lines = [
        line
        for _, line in islice(open_text(path, encoding=options.encoding).lines(), 200)
        if line.strip()
    ]
    rows = [line for line in lines if not line.startswith("#")]
    if lines and (_is_json(lines[0]) or lines[0].strip() == "["):
        return "json"
    if rows and all(row.count("\t") == 9 and row[0].isdecimal() for row in rows):  # noqa: PLR2004 - ten columns
        return "conllu"
    if rows and not any("\t" in row for row in rows) and _is_comma_separated(rows):
        return "csv"
    return "conll"


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
    return (
        n_commas > 0
        and " " not in rows[0].replace("Sentence #", "")
        and all(r.count(",") >= n_commas for r in rows)
    )
