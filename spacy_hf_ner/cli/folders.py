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
