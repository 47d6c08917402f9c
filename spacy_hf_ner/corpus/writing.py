"""Documents to files that appear all together, or not at all."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from spacy_hf_ner.corpus.format import Target, Writer
from spacy_hf_ner.corpus.formats import FORMATS
from spacy_hf_ner.errors import ConfigError

__all__ = [
    "SHARD_WORDS",
    "find_existing",
    "list_written_suffixes",
    "open_writer",
    "stage_files",
]

SHARD_WORDS: Final = 500_000  # in one .spacy file of a folder

_SHARD: Final = re.compile(r"(.*)-\d{5}")


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


@contextmanager
def stage_files(folder: Path) -> Iterator[Path]:
    """Give a scratch folder whose files move to `folder` at the end, and are removed on an error.

    Other files of the same part (``NAME.spacy`` beside ``NAME-00000.spacy``) are leftovers of an
    earlier run, and are removed.

    Raises:
        ConfigError: A part of the folder's path is a file.
    """
    with tempfile.TemporaryDirectory(prefix=".convert-", dir=find_existing(folder)) as scratch:
        yield Path(scratch)
        written = sorted(Path(scratch).iterdir())
        folder.mkdir(parents=True, exist_ok=True)
        leftovers: set[Path] = set()
        for file in written:
            leftovers |= _find_files_of_part(folder, file)
        # First the new files, then the end of the old: whoever stops this in between has both.
        for file in written:
            leftovers.discard(folder / file.name)
            shutil.move(file, folder / file.name)
        for file in leftovers:
            file.unlink()


def find_existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that is there.

    Raises:
        ConfigError: It is a file, in which nothing can be written.
    """
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if not existing.is_dir():
        raise ConfigError(
            f"expected a folder to write to, got the file {existing}. Name another path."
        )
    return existing


def _find_files_of_part(folder: Path, file: Path) -> set[Path]:
    """Return the files in a folder that hold the same part of a corpus as a file."""
    shard = _SHARD.fullmatch(file.stem)
    part = shard[1] if shard else file.stem
    shards = folder.glob(f"{part}-[0-9][0-9][0-9][0-9][0-9]{file.suffix}")
    whole = folder.glob(f"{part}{file.suffix}")
    return {*shards, *whole}
