"""Files that others wrote: whatever is wrong with them becomes an error of ours, in this one place.

Libraries raise what the damage at hand leads to: ``KeyError`` for a name that is missing,
``RecursionError`` for lists in lists in lists, ``OverflowError`` for a number without end, and the
tokenizers of Hugging Face, which are written in Rust, panic.
"""

import contextlib
import json
import shlex
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from spacy_hf_ner.core.wording import shorten
from spacy_hf_ner.errors import CheckpointError, HFNerError

__all__ = [
    "PICKLES",
    "describe",
    "explain_missing_weights",
    "is_panic",
    "list_pickles",
    "read_bytes",
    "read_json",
    "reading",
    "refuse_pointers",
]

# The largest vocabularies of published checkpoints take a third of it.
_MAX_BYTES = 100_000_000
PICKLES = "pytorch_model*.bin"
"""The names of files with pickled weights. Other ``.bin`` files hold settings of training."""

_MAX_SHOWN = 300  # characters of what a library says

# Files of weights that other libraries read.
_OTHER_WEIGHTS = {
    "tf_model.h5": "TensorFlow",
    "flax_model.msgpack": "Flax",
    "rust_model.ot": "Rust",
    "model.onnx": "ONNX Runtime",
}


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


def list_pickles(files: Iterable[str]) -> list[str]:
    """Return which of some files are weights in pickles.

    >>> list_pickles(["pytorch_model.bin", "training_args.bin", "pytorch_model-1-of-2.bin"])
    ['pytorch_model.bin', 'pytorch_model-1-of-2.bin']
    """
    return [file for file in files if fnmatch(file, PICKLES)]


def explain_missing_weights(files: Iterable[str], name: str) -> str:
    """Return why a checkpoint without safetensors is refused, and the way out.

    Args:
        files: The names of its files.
        name: What its user calls it.
    """
    there = sorted(files)
    pickles = list_pickles(there)
    if pickles:
        return (
            f"{name}: the weights are a pickle ({', '.join(pickles)}), which can run code when it "
            "is loaded. Convert them to safetensors once, safely: "
            f'`hf-ner encoder FOLDER --name {shlex.quote(name)}`, and set name = "FOLDER".'
        )
    message = f"{name}: expected weights in model.safetensors, found none."
    for file, library in _OTHER_WEIGHTS.items():
        if file in there:
            message += (
                f" Its {file} is for {library}: use a copy of the checkpoint that was saved from "
                "PyTorch."
            )
            break
    return message


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
