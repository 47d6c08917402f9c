"""Documents to files that appear all together, or not at all."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from spacy_hf_ner.corpus.format import Target, Writer
from spacy_hf_ner.corpus.formats import FORMATS
from spacy_hf_ner.errors import ConfigError

SHARD_WORDS: Final = 500_000  # in one .spacy file of a folder


def open_writer(target: Target) -> Writer:
    """Return a writer of one part of a corpus, in the format that its ending tells.

    Raises:
        ConfigError: No format that is written ends like this.
        MissingExtraError: The format needs a library that is not installed.
    """
    for known in FORMATS:
        if known.open_writer is not None and target.suffix in known.written_suffixes:
            return known.open_writer(target)
    raise ConfigError(
        f"OUTPUT must be a folder, or a file that ends in {name_written_suffixes()}, got an ending "
        f"{target.suffix!r}. For a folder of that name, make it first."
    )


def name_written_suffixes() -> str:
    """Return the endings that can be written, for a message."""
    suffixes = [suffix for known in FORMATS for suffix in known.written_suffixes]
    return f"{', '.join(suffixes[:-1])} or {suffixes[-1]}"


@contextmanager
def stage_files(folder: Path) -> Iterator[Path]:
    """Give a scratch folder whose files move to `folder` at the end, and are removed on an error.

    Other files of the same part (``NAME.spacy`` beside ``NAME-00000.spacy``) are leftovers of an earlier run, and go.

    Raises:
        ConfigError: A part of the folder's path is a file.
    """
    with tempfile.TemporaryDirectory(prefix=".convert-", dir=find_existing(folder)) as scratch:
        yield Path(scratch)
        fresh = sorted(Path(scratch).iterdir())
        folder.mkdir(parents=True, exist_ok=True)
        stale = {old for file in fresh for old in _shards(folder, file)} - {
            folder / file.name for file in fresh
        }
        for file in fresh:
            shutil.move(file, folder / file.name)
        for old in stale:
            old.unlink()


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


def _shards(folder: Path, file: Path) -> set[Path]:
    """Return the files in a folder that hold the same part of a corpus as a file."""
    stem = file.stem
    name = stem[:-6] if stem[-6:-5] == "-" and stem[-5:].isdecimal() else stem
    return {
        *folder.glob(f"{name}-[0-9][0-9][0-9][0-9][0-9]{file.suffix}"),
        *folder.glob(f"{name}{file.suffix}"),
    }
