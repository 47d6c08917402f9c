"""Files that nobody but their owner may read: keys, and tables that lead back to names."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TextIO

from spacy_hf_ner.core.replacing import replace_file
from spacy_hf_ner.errors import ConfigError

__all__ = ["open_secret", "read_key", "write_secret"]

_KEY_BYTES: Final = 32
_OWNER_ALONE: Final = 0o600


@contextlib.contextmanager
def open_secret(path: Path) -> Iterator[TextIO]:
    """Give a file to write that its owner alone may read; it appears whole, or not at all.

    Raises:
        OutputError: It cannot be written. What was there stays.
    """
    with replace_file(path) as fresh:
        # It is made with its mode: at no time may others open it.
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ALONE)
        with os.fdopen(descriptor, "w", encoding="utf8", newline="\n") as file:
            yield file


def write_secret(path: Path, text: str) -> None:
    """Write a file that its owner alone may read, in place of one that may be there.

    Raises:
        OutputError: It cannot be written. What was there stays.
    """
    with open_secret(path) as file:
        file.write(text)


def read_key(path: Path) -> bytes:
    """Return the key of a file, which is made with a new one if there is none.

    Raises:
        ConfigError: The file holds something else.
        OutputError: It is not there, and cannot be written.
    """
    if not path.exists():
        write_secret(path, f"{secrets.token_hex(_KEY_BYTES)}\n")
    expected = f"key_file must hold {2 * _KEY_BYTES} hexadecimal digits"
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{expected}, but {path} cannot be read as such ({type(error).__name__}). Name another "
            "file, which is made if there is none.",
            settings=("key_file",),
        ) from error
    if len(key) != _KEY_BYTES:
        raise ConfigError(
            f"{expected}, got {2 * len(key)} in {path}. Name another file, which is made if there "
            "is none.",
            settings=("key_file",),
        )
    return key
