"""Files that others wrote: whatever is wrong with them becomes an error of ours, in this one place.

Libraries raise what the damage at hand leads to: ``KeyError`` for a name that is missing,
``RecursionError`` for lists in lists in lists, ``OverflowError`` for a number without end, and the
tokenizers of Hugging Face, which are written in Rust, panic.
"""

import contextlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from spacy_hf_ner.core.wording import shorten
from spacy_hf_ner.errors import CheckpointError, HFNerError

__all__ = ["describe", "is_panic", "read_bytes", "read_json", "reading", "refuse_pointers"]

# The largest vocabularies of published checkpoints take a third of it.
_MAX_BYTES = 100_000_000
_MAX_SHOWN = 300  # characters of what a library says


# Files of other kinds may belong to other programs, and need not have been fetched.
_READ_SUFFIXES = frozenset({".json", ".txt", ".model", ".safetensors"})
_POINTER = b"version https://git-lfs.github.com/spec/"


def refuse_pointers(files: Iterable[Path], name: str) -> None:
    """Refuse files that git-lfs was to put in the place of its pointers, and did not.

    Args:
        files: The files of a checkpoint.
        name: What to call it in messages.

    Raises:
        CheckpointError: A file that may be read is a pointer.
    """
    for file in files:
        if file.suffix not in _READ_SUFFIXES:
            continue
        with file.open("rb") as content:
            is_pointer = content.read(len(_POINTER)) == _POINTER
        if is_pointer:
            raise CheckpointError(
                f"{name}: {file.name} is a pointer of git-lfs to the file, which was not fetched. "
                "Run `git lfs pull` in the folder, or download the file itself."
            )


@contextlib.contextmanager
def reading(
    file: str, name: str, *, problem: str = "is damaged, or not what this package can read"
) -> Iterator[None]:
    """Raise whatever goes wrong in a block as a CheckpointError that names the file.

    Args:
        file: What is read: the name of a file, or another name for what somebody else has made.
        name: What to call the checkpoint in messages.
        problem: What is wrong with the file if the block fails.

    Raises:
        CheckpointError: The block has failed, and not by an error of this package.
    """
    try:
        yield
    except HFNerError:
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and not is_panic(error):
            raise
        raise CheckpointError(
            f"{name}: {file} {problem}: {describe(error)}. Copy it again from where it is whole."
        ) from error


def is_panic(error: BaseException) -> bool:
    """Tell whether an error is a panic of a library in Rust, which is no Exception in Python."""
    return type(error).__name__ == "PanicException"


def describe(error: BaseException) -> str:
    """Return what an error says, after the name of its class, in a length that helps.

    >>> describe(KeyError("model")), describe(MemoryError())
    ("KeyError: 'model'", 'MemoryError')
    """
    text = shorten(str(error).strip(), _MAX_SHOWN)
    kind = type(error).__name__
    return f"{kind}: {text}" if text else kind


def read_bytes(path: Path, name: str, *, check_sizes: bool = True) -> bytes:
    """Return the bytes of a file that is no weights.

    Args:
        path: The file.
        name: What to call its checkpoint in messages.
        check_sizes: Refuse a file that is larger than any honest one.

    Raises:
        CheckpointError: It cannot be read, or is too large.
    """
    with reading(path.name, name):
        n_bytes = path.stat().st_size
        if check_sizes and n_bytes > _MAX_BYTES:
            raise CheckpointError(
                f"{name}: {path.name} has {n_bytes:,} bytes, more than {_MAX_BYTES:,}, which no "
                "such file needs: it would fill the memory. If it is meant to be so large, set "
                "check_sizes = false.",
                settings=("check_sizes",),
            )
        return path.read_bytes()


def read_json(path: Path, name: str, *, check_sizes: bool = True) -> dict[str, Any]:
    """Return the table in a JSON file.

    Args:
        path: The file.
        name: What to call its checkpoint in messages.
        check_sizes: Refuse a file that is larger than any honest one.

    Raises:
        CheckpointError: It cannot be read, is too large, no JSON, or no table.
    """
    content = read_bytes(path, name, check_sizes=check_sizes)
    with reading(path.name, name):
        try:
            table = json.loads(content.decode("utf8"))
        except json.JSONDecodeError as error:
            raise CheckpointError(f"{name}: {path.name} is not JSON: {error}.") from error
    if not isinstance(table, dict):
        kind = type(table).__name__
        raise CheckpointError(f"{name}: expected a table in {path.name}, got {kind}.")
    return table
