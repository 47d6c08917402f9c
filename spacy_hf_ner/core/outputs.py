"""Where a command writes to: checked before the work, so that none is lost, and written whole."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from spacy_hf_ner.core.replacing import replace_folder
from spacy_hf_ner.errors import ConfigError

__all__ = ["PIPELINE_FILE", "check_file", "check_output", "make_folder", "replace_pipeline"]

PIPELINE_FILE: Final = "meta.json"  # that every saved pipeline has


def make_folder(folder: Path) -> None:
    """Make a folder if there is none: before the work whose results go there, which may take hours.

    Raises:
        ConfigError: It cannot be made, or not be written to.
    """
    expected = f"{folder}: expected a folder to write to, but"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"{expected} it cannot be made ({error.strerror}). Name another one."
        ) from error
    if not os.access(folder, os.W_OK):
        raise ConfigError(f"{expected} nothing may be written there. Name another one.")


def check_file(path: Path) -> None:
    """Make the folder of a file that will be written, and refuse what can be no file.

    Raises:
        ConfigError: The folder cannot be made or written to, there is a folder of the file's name,
            or the name is too long.
    """
    make_folder(path.parent)
    if _find_existing(path) == path and path.is_dir():
        raise ConfigError(f"expected a file to write, got {path}, which is a folder.")


def check_output(folder: Path, *, kind: str, file: str) -> None:
    """Refuse a folder that holds something else; call it before the work, so that none is lost.

    Args:
        folder: Where the output goes.
        kind: What it is, such as ``"a pipeline"``.
        file: A file that a folder of this kind has.

    Raises:
        ConfigError: It is neither new, empty, nor a folder of this kind; or nothing may be written
            there.
    """
    existing = _find_existing(folder)
    if not existing.is_dir():
        raise ConfigError(
            f"expected a folder to write {kind} to, got {folder}: {existing} is a file."
        )
    if not os.access(existing, os.W_OK):
        raise ConfigError(
            f"expected a folder to write {kind} to, got {folder}, but nothing may be written to "
            f"{existing}. Name another one."
        )
    if existing != folder or (folder / file).is_file():
        return
    if any(folder.iterdir()):
        raise ConfigError(
            f"expected a folder that is new, empty or holds {kind}, got {folder}, which holds "
            "other files: they would be lost. Name another folder."
        )


def replace_pipeline(
    folder: Path, *, is_outdated: Callable[[Path], bool]
) -> AbstractContextManager[Path]:
    """Give an empty folder to save a pipeline to, which takes the place of an older one at the end.

    Args:
        folder: The folder of the pipeline.
        is_outdated: Tells which files of the older one go; others stay, such as a README.

    Raises:
        OutputError: It cannot be written. What was there stays.
    """
    return replace_folder(folder, marker=PIPELINE_FILE, is_outdated=is_outdated)


def _find_existing(path: Path) -> Path:
    """Return the path, or the nearest folder above it that exists; the root always does.

    Raises:
        ConfigError: A name in the path is too long for any file.
    """
    try:
        return next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    except OSError as error:
        raise ConfigError(
            f"expected a place to write to, got {path} ({error.strerror}). Name another one."
        ) from error
