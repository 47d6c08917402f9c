"""A folder to the parts of a corpus: which of its files are data, and which of one part."""

from collections.abc import Iterable, Sequence
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import Final

from spacy_hf_ner.core.wording import count
from spacy_hf_ner.corpus.format import Format
from spacy_hf_ner.corpus.formats import FORMATS
from spacy_hf_ner.corpus.sentence import Problem
from spacy_hf_ner.corpus.visible import list_visible
from spacy_hf_ner.errors import CorpusError

__all__ = [
    "find_claimant",
    "find_data_folder",
    "find_format_by_suffix",
    "group_parts",
    "is_data",
    "list_data",
    "name_part",
    "report_unread",
]

N_NAMED: Final = 3  # files that a message names
NO_CORPUS: Final = ("readme", "license")  # beginnings of the names of texts about a corpus
# Of all formats: endings of texts that may be in several, and names that end like data.
SHARED_SUFFIXES: Final = frozenset(chain(*map(attrgetter("shared_suffixes"), FORMATS)))
NO_DATA: Final = frozenset(chain(*map(attrgetter("no_data"), FORMATS)))


def find_claimant(name: str, formats: Sequence[Format] = FORMATS) -> Format | None:
    """Return the first format that reads a path or another name as a whole, or None."""
    for candidate in formats:
        if candidate.claims is not None and candidate.claims(name):
            return candidate
    return None


def find_format_by_suffix(file: Path) -> Format | None:
    """Return the format that the ending of a file belongs to, or None if its lines must tell."""
    suffix = file.suffix.lower()
    for candidate in FORMATS:
        if suffix in candidate.suffixes:
            return candidate
    return None


def is_data(file: Path, named: Format | None = None) -> bool:
    """Tell whether a file of a folder is one to convert, by its name.

    Args:
        file: The file.
        named: The format that the user names, in which the file must then be.
    """
    if file.name.startswith(".") or not file.is_file():
        return False
    by_suffix = find_format_by_suffix(file)
    if by_suffix is not None:
        is_known = file.name not in NO_DATA
    else:
        has_shared_suffix = file.suffix.lower() in SHARED_SUFFIXES
        is_known = has_shared_suffix and not file.stem.lower().startswith(NO_CORPUS)
    if named is None or by_suffix is named:
        return is_known
    # Endings of texts do not bind: a user may keep CoNLL columns in ``train.csv``. But no text is
    # in files of bytes, nor in those that another format claims, such as a ``.txt`` of brat's.
    is_text = by_suffix is None or by_suffix.open_text is not None
    return is_known and is_text and named.open_text is not None and not find_claimant(str(file))


def list_data(folder: Path, named: Format | None = None) -> list[Path]:
    """Return the files to convert in a folder and all folders in it, without hidden ones."""
    return [file for file in list_visible(folder) if is_data(file, named)]


def find_data_folder(folder: Path, named: Format | None = None) -> Path:
    """Return the only folder in a folder that holds files to convert.

    Raises:
        CorpusError: There is none, or more than one.
    """
    inner_names: set[str] = set()
    for file in list_data(folder, named):
        inner_names.add(file.relative_to(folder).parts[0])
    if len(inner_names) == 1:
        return folder / inner_names.pop()
    if inner_names:
        names = _name_some(sorted(inner_names))
        raise CorpusError(
            f"{folder}: expected files to convert, got folders with such files ({names}). Name one "
            "of them instead."
        )
    wanted = "with a known ending"
    if named is not None:
        wanted = f"that can be in format {named.name}"
    raise CorpusError(
        f"{folder}: expected files to convert, got none {wanted}. Name a file instead."
    )


def name_part(file: Path, siblings: Iterable[str] = ()) -> str:
    """Return the name of the part that a file holds.

    >>> name_part(Path("data/train-00000-of-00002.parquet")), name_part(Path("train-1.conll"))
    ('train', 'train-1')
    """
    known = find_format_by_suffix(file)
    if known is None:
        return file.stem
    return known.name_part(file, frozenset(siblings))


def group_parts(files: Sequence[Path]) -> dict[str, list[Path]]:
    """Return the files of each part: several where they are shards of it.

    Parts of one name in several formats are told apart by their endings.

    >>> names = ["a-00000.spacy", "a-00001.spacy", "b.conll", "b.spacy"]
    >>> parts = group_parts([Path(name) for name in names])
    >>> {part: [file.name for file in files] for part, files in parts.items()}
    {'a': ['a-00000.spacy', 'a-00001.spacy'], 'b': ['b.conll'], 'b.spacy': ['b.spacy']}
    """
    siblings = frozenset(file.name for file in files)
    groups: dict[tuple[str, str], list[Path]] = {}
    for file in files:
        group = groups.setdefault((name_part(file, siblings), file.suffix), [])
        group.append(file)
    parts: dict[str, list[Path]] = {}
    for (name, _), group in groups.items():
        is_taken = name in parts
        part = group[0].name if is_taken else name
        parts[part] = group
    return parts


def report_unread(folder: Path, read: Iterable[Path]) -> tuple[Problem, ...]:
    """Return the problem that files of a folder look like a corpus and are not read, if any are."""
    known = set(read)
    unread: list[str] = []
    for file in list_data(folder):
        if file not in known:
            unread.append(file.relative_to(folder).as_posix())
    if not unread:
        return ()
    files = count(len(unread), "file")
    return (Problem(f"{files} of the folder, not read: {_name_some(unread)}", 1),)


def _name_some(names: Sequence[str]) -> str:
    """Return the first names of many, for a message."""
    named = list(names[:N_NAMED])
    if len(names) > N_NAMED:
        named.append("…")
    return ", ".join(named)
