"""Where a command writes to."""

import os
from pathlib import Path

from spacy_hf_ner.errors import ConfigError


def make_folder(folder: Path) -> None:
    """Make a folder if there is none: before the work whose results go there, which may take hours.

    Raises:
        ConfigError: It cannot be made, or not be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"{folder}: expected a folder to write to, but it cannot be made ({error.strerror}). Name another one."
        ) from error
    if not os.access(folder, os.W_OK):
        raise ConfigError(
            f"{folder}: expected a folder to write to, but nothing may be written there. Name another one."
        )


def check_output(folder: Path, *, kind: str, file: str) -> None:
    """Refuse a folder that holds something else; meant to be called before the work, so that none is lost.

    Args:
        folder: Where the output goes.
        kind: What it is, such as ``"a pipeline"``.
        file: A file that a folder of this kind has.

    Raises:
        ConfigError: It is neither new, empty, nor a folder of this kind.
    """
    found = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not found.is_dir():
        raise ConfigError(f"expected a folder to write {kind} to, got {folder}: {found} is a file.")
    if found == folder and any(folder.iterdir()) and not (folder / file).is_file():
        raise ConfigError(
            f"expected a folder that is new, empty or holds {kind}, got {folder}, which holds other files: they would "
            "be lost. Name another folder."
        )
