"""Tags that are written as numbers: the file with their names, and the names in their place."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from spacy_hf_ner.core.wording import count, shorten
from spacy_hf_ner.corpus.cells import is_number
from spacy_hf_ner.errors import ConfigError, CorpusError

__all__ = ["IGNORED_CELL", "are_numbered", "name_cells", "read_tag_names"]

# What PyTorch's losses ignore; training code writes it where there is no tag.
IGNORED_CELL: Final = "-100"


def read_tag_names(path: Path | str | None) -> tuple[str, ...]:
    """Return the names of the tags 0, 1, 2 …; none at all without a file.

    The file has one name a line, or is JSON: a list of names, a mapping of numbers to names or the
    other way round, or a checkpoint's ``config.json``.

    Raises:
        ConfigError: There is no such file, or it names no tags, or not each of them once.
    """
    if not path:
        return ()
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise _refuse(file, f"got a file that cannot be read ({error})") from error
    if text.lstrip().startswith(("{", "[")):
        names = _read_json(text, file)
    else:
        names = list(filter(None, map(str.strip, text.splitlines())))
    if not names:
        raise _refuse(file, "got none")
    if len(set(names)) < len(names):
        raise _refuse(file, "got the same name twice")
    return tuple(names)


def _read_json(text: str, file: Path) -> list[str]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _refuse(file, f"got JSON that is damaged ({error})") from error
    if isinstance(value, list):
        names = value
    elif isinstance(value.get("id2label"), dict):
        names = _sort_by_number(value["id2label"], file)
    else:
        names = _sort_by_number(value, file)
    if not all(isinstance(name, str) and name for name in names):
        raise _refuse(file, "got names that are no text")
    return names


def _sort_by_number(mapping: Mapping[str, Any], file: Path) -> list[Any]:
    """Return the names of 0, 1, 2 … from a mapping of numbers to names, or of names to numbers."""
    by_number: dict[str, Any] = {}
    for key, value in mapping.items():
        if is_number(key):
            by_number[key] = value
        else:
            by_number[str(value)] = key
    numbers = list(map(str, range(len(mapping))))
    if by_number.keys() != set(numbers):
        raise _refuse(file, "got numbers that do not count from 0 on")
    return [by_number[number] for number in numbers]


def _refuse(file: Path, got: str) -> ConfigError:
    return ConfigError(
        f"tag_names must be a file with the names of the tags 0, 1, 2 …, one a line or as JSON; "
        f"{file}: {got}.",
        settings=("tag_names",),
    )


def are_numbered(cells: Iterable[str], names: Sequence[str]) -> bool:
    """Tell whether all cells are numbers of tags, and some is.

    >>> are_numbered(["0", "2", "-100"], ["O", "B-X", "I-X"]), are_numbered(["3"], ["O", "B-X"])
    (True, False)
    """
    known = set(map(str, range(len(names))))
    different = set(cells) - {IGNORED_CELL}
    return bool(different) and different <= known


def name_cells(
    cells: Sequence[str], names: Sequence[str], *, source: str, lines: Sequence[int]
) -> list[str]:
    """Return cells with the names of tags in place of their numbers; other cells stay.

    Raises:
        CorpusError: A number has no name.
    """
    named: list[str] = []
    # Some records lack a column that others have.
    for cell, line in zip(cells, lines, strict=False):
        if cell == IGNORED_CELL:
            named.append("")
        elif not cell.isdecimal():
            named.append(cell)
        elif is_number(cell) and int(cell) < len(names):
            named.append(names[int(cell)])
        else:
            raise CorpusError(
                f"{source}:{line}: expected the number of one of {count(len(names), 'tag')}, got "
                f"{shorten(cell)}. Add its name to tag_names.",
                settings=("tag_names",),
            )
    return named
