"""Where a command writes to: checked before the work, so that none is lost."""

import os
from pathlib import Path

from spacy_hf_ner.errors import ConfigError

__all__ = ["check_output", "make_folder"]


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


def check_output(folder: Path, *, kind: str, file: str) -> None:
    """Refuse a folder that holds something else; call it before the work, so that none is lost.

    Args:
        folder: Where the output goes.
        kind: What it is, such as ``"a pipeline"``.
        file: A file that a folder of this kind has.

    Raises:
        ConfigError: It is neither new, empty, nor a folder of this kind.
    """
    existing = _find_existing(folder)
    if not existing.is_dir():
        raise ConfigError(
            f"expected a folder to write {kind} to, got {folder}: {existing} is a file."
        )
    if existing != folder or (folder / file).is_file():
        return
    if any(folder.iterdir()):
        raise ConfigError(
            f"expected a folder that is new, empty or holds {kind}, got {folder}, which holds "
            "other files: they would be lost. Name another folder."
        )


def _find_existing(path: Path) -> Path:
    """Return the path, or the nearest folder above it that exists; the root always does."""
    for candidate in (path, *path.absolute().parents):
        if candidate.exists():
            return candidate
    raise AssertionError(path)
