"""A folder to the parts of a corpus: which of its files are data, which are shards of one part, which are not read."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from spacy_hf_ner.corpus.format import Format
from spacy_hf_ner.corpus.formats import FORMATS
from spacy_hf_ner.corpus.sentence import Problem
from spacy_hf_ner.errors import CorpusError

N_NAMED: Final = 3  # files that a message names

_HUB_SHARD = re.compile(r"(.+)-\d{5}-of-\d{5}(?:-[0-9a-f]+)?")
_SHARD = re.compile(r"(.+)-\d{5}")


def format_of_suffix(file: Path) -> Format | None:
    """Return the format that the ending of a file belongs to, or None if its lines must tell."""
    suffix = file.suffix.lower()
    for known in FORMATS:
        if suffix in known.suffixes:
            return known
    return None


def is_data(file: Path) -> bool:
    """Tell whether a file of a folder is one to convert, by its name."""
    if file.name.startswith(".") or not file.is_file():
        return False
    if format_of_suffix(file) is not None:
        return not any(file.name in known.no_data for known in FORMATS)
    is_shared = any(file.suffix.lower() in known.shared_suffixes for known in FORMATS)
    return is_shared and not file.stem.lower().startswith(("readme", "license"))


def can_be_in(file: Path, named: Format | None) -> bool:
    """Tell whether a data file can be in a format that the user names: a text in any format of texts."""
    if named is None:
        return True
    by_suffix = format_of_suffix(file)
    if by_suffix is named:
        return True
    if named.open_text is None or (by_suffix is not None and by_suffix.open_text is None):
        return False
    return not any(known.claims is not None and known.claims(str(file)) for known in FORMATS)


def list_files(folder: Path, named: Format | None = None) -> list[Path]:
    """Return the files to convert in a folder, without those of the folders in it."""
    return sorted(file for file in folder.iterdir() if is_data(file) and can_be_in(file, named))


def list_data(folder: Path, named: Format | None = None) -> list[Path]:
    """Return the files to convert in a folder and all folders in it, without hidden ones."""
    files = []
    for file in folder.rglob("*"):
        is_hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
        if not is_hidden and is_data(file) and can_be_in(file, named):
            files.append(file)
    return sorted(files)


def find_data_folder(folder: Path, named: Format | None = None) -> Path:
    """Return the only folder in a folder that holds files to convert.

    Raises:
        CorpusError: There is none, or more than one.
    """
    files = list_data(folder, named)
    folders = sorted({folder / file.relative_to(folder).parts[0] for file in files})
    if len(folders) == 1:
        return folders[0]
    if folders:
        names = name_some([inner.name for inner in folders])
        raise CorpusError(
            f"{folder}: expected files to convert, got folders with such files ({names}). Name one "
            "of them instead."
        )
    wanted = "with a known ending" if named is None else f"that can be in the format {named.name}"
    raise CorpusError(
        f"{folder}: expected files to convert, got none {wanted}. Name a file instead."
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
