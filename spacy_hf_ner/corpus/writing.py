"""Which writer a part of a corpus gets, and which files of a folder are its own."""

import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final

from spacy_hf_ner.corpus.format import Target, Writer
from spacy_hf_ner.corpus.formats import FORMATS
from spacy_hf_ner.errors import ConfigError

__all__ = [
    "SHARD_WORDS",
    "check_files",
    "check_folder",
    "holds_part",
    "list_written_suffixes",
    "open_writer",
]

SHARD_WORDS: Final = 500_000  # in one .spacy file of a folder

_SHARD: Final = re.compile(r"(.*)-\d{5}", re.DOTALL)  # a name may hold a line end


def open_writer(target: Target) -> Writer:
    """Return a writer of one part of a corpus, in the format that its ending tells.

    Raises:
        ConfigError: No format that is written ends like this.
        MissingExtraError: The format needs a library that is not installed.
    """
    for known in FORMATS:
        if known.open_writer is not None and target.suffix in known.written_suffixes:
            return known.open_writer(target)
    *suffixes, last = list_written_suffixes()
    raise ConfigError(
        f"OUTPUT must be a folder, or a file that ends in {', '.join(suffixes)} or {last}, got an "
        f"ending {target.suffix!r}. For a folder of that name, make it first."
    )


def list_written_suffixes() -> list[str]:
    """Return the endings of files that can be written."""
    suffixes: list[str] = []
    for known in FORMATS:
        suffixes += known.written_suffixes
    return suffixes


def check_folder(folder: Path) -> None:
    """Make sure that no part of a folder's path, which need not be there yet, is a file.

    Raises:
        ConfigError: Some part is one.
    """
    existing = folder
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if not existing.is_dir():
        raise ConfigError(
            f"expected a folder to write to, got the file {existing}. Name another path."
        )


def check_files(folder: Path, parts: Iterable[str], suffix: str) -> None:
    """Make sure that no folder has the name of a file that parts of a corpus are written to.

    Raises:
        ConfigError: Some folder has.
    """
    for part in parts:
        file = folder / f"{part}{suffix}"
        if file.is_dir():
            raise ConfigError(
                f"expected to write the file {file}, got a folder of that name. Name another "
                "place, or move the folder away."
            )


def holds_part(file: Path, parts: Collection[str], suffix: str) -> bool:
    """Tell whether a file holds one of the parts of a corpus, whole or as a shard.

    Names are compared, not matched with a pattern: a part may be called ``train[1]`` or ``*``.

    >>> holds_part(Path("out/dev-00001.spacy"), ["dev"], ".spacy")
    True
    >>> holds_part(Path("out/dev2.spacy"), ["dev?"], ".spacy")
    False
    """
    if file.suffix != suffix:
        return False
    shard = _SHARD.fullmatch(file.stem)
    return file.stem in parts or (shard is not None and shard[1] in parts)
