"""A folder to the parts of a corpus: which of its files are data, which are shards of one part, which are not read."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from spacy_hf_ner.corpus.sentence import Problem

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
TEXT_SUFFIXES: Final = frozenset(
    (
        "annotated",
        "bio",
        "bioes",
        "bmes",
        "conll",
        "data",
        "dev",
        "iob",
        "iob2",
        "ner",
        "test",
        "train",
        "tsv",
        "txt",
    )
)  # of files in a folder that are read by what they hold
NO_DATA: Final = frozenset(
    ("dataset_info.json", "dataset_infos.json")
)  # what the hub keeps beside data
N_NAMED: Final = 3  # files that a message names

_HUB_SHARD = re.compile(r"(.+)-\d{5}-of-\d{5}(?:-[0-9a-f]+)?")
_SHARD = re.compile(r"(.+)-\d{5}")


def is_data(file: Path) -> bool:
    """Tell whether a file of a folder is one to convert, by its name."""
    suffix = file.suffix.lower()
    is_text = suffix.removeprefix(".") in TEXT_SUFFIXES and not file.stem.lower().startswith(
        ("readme", "license")
    )
    is_known = (suffix in SUFFIXES and file.name not in NO_DATA) or is_text
    return is_known and not file.name.startswith(".") and file.is_file()


def list_data(folder: Path) -> list[Path]:
    """Return the files to convert in a folder and all folders in it, without hidden ones."""
    files = (file for file in folder.rglob("*") if is_data(file))
    return sorted(
        file
        for file in files
        if not any(part.startswith(".") for part in file.relative_to(folder).parts)
    )


def name_part(file: Path) -> str:
    """Return the name of the part that a file holds.

    >>> name_part(Path("data/train-00000-of-00002.parquet")), name_part(Path("train-1.conll"))
    ('train', 'train-1')
    """
    shard = _HUB_SHARD.fullmatch(file.stem) if file.suffix == ".parquet" else None
    return shard[1] if shard else file.stem


def group_parts(files: Iterable[Path]) -> dict[str, list[Path]]:
    """Return the files of each part: several where they are shards, as the hub or ``convert`` names them.

    >>> group_parts([Path("a-00000.spacy"), Path("a-00001.spacy"), Path("b.spacy"), Path("b.conll")])
    {'a': [...('a-00000.spacy'), ...('a-00001.spacy')], 'b': [...('b.spacy')], 'b.conll': [...('b.conll')]}
    """
    every = list(files)
    first = {file.name for file in every}
    groups: dict[tuple[str, str], list[Path]] = {}
    for file in every:
        shard = _SHARD.fullmatch(file.stem) if file.suffix == ".spacy" else None
        name = shard[1] if shard and f"{shard[1]}-00000.spacy" in first else name_part(file)
        groups.setdefault((name, file.suffix), []).append(file)
    parts: dict[str, list[Path]] = {}
    for (name, _), group in groups.items():
        parts[name if name not in parts else group[0].name] = group
    return parts


def report_unread(folder: Path, read: Iterable[Path]) -> tuple[Problem, ...]:
    """Return the problem that some files of a folder look like a corpus and are not read, if there are any."""
    known = set(read)
    unread = [
        file.relative_to(folder).as_posix() for file in list_data(folder) if file not in known
    ]
    return (
        (Problem(f"{len(unread)} files of the folder, not read: {name_some(unread)}", 1),)
        if unread
        else ()
    )


def name_some(names: Sequence[str]) -> str:
    """Return the first names of many, for a message."""
    return ", ".join((*names[:N_NAMED], *(["…"] if len(names) > N_NAMED else [])))
