"""Folders: as bytes, so that one way to save a model serves disk and memory, and in messages.

And which of their files belong to them, and what libraries say of the disk.
"""

import contextlib
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import srsly

from spacy_hf_ner.model.foreign import reading

__all__ = ["list_files", "name_files", "pack_folder", "raise_os_errors", "unpack_folder"]

_MAX_NAMES = 8  # what fits a line of a message


def pack_folder(write: Callable[[Path], object]) -> bytes:
    """Return the files that ``write`` puts into an empty folder, packed; without sub-folders."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder)
        files = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    packed: bytes = srsly.msgpack_dumps(files)
    return packed


@contextlib.contextmanager
def unpack_folder(packed: bytes) -> Iterator[Path]:
    """Give a temporary folder with the files that :func:`pack_folder` packed.

    Raises:
        CheckpointError: The bytes are damaged, or were packed by something else.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with reading("the packed model", "bytes"):
            for file_name, content in srsly.msgpack_loads(packed).items():
                # The name alone: bytes from elsewhere must not write to other folders.
                (folder / Path(file_name).name).write_bytes(content)
        yield folder


def list_files(folder: Path) -> list[Path]:
    """Return the files of a folder, by name, without those that links bring in from elsewhere.

    Files are copied with a model: a link to a private file would make it public. The hub's cache is
    made of links, ``snapshots/COMMIT/config.json`` into ``blobs``, and they count as files.
    """
    root = Path(os.path.realpath(folder))
    homes = [root]
    if root.parent.name == "snapshots":
        homes.append(root.parent.parent / "blobs")
    files: list[Path] = []
    for path in sorted(folder.iterdir()):
        target = Path(os.path.realpath(path))
        if target.is_file() and any(target.is_relative_to(home) for home in homes):
            files.append(path)
    return files


@contextlib.contextmanager
def raise_os_errors() -> Iterator[None]:
    """Raise what safetensors says of the disk as the OSError that it stands for.

    Raises:
        OSError: A file could not be written.
    """
    from safetensors import SafetensorError

    try:
        yield
    except SafetensorError as error:
        # Such as: Error while serializing: I/O error: No space left on device (os error 28)
        match = re.search(r"I/O error: (.*) \(os error (\d+)\)", str(error))
        if match is None:
            raise
        reason, number = match[1], int(match[2])
        # Windows has numbers of its own, which it takes from the last argument.
        raise OSError(number, reason, None, number) from error


def name_files(folder: Path) -> str:
    """Return the names of some files in a folder, for messages."""
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    if not names:
        return "nothing"
    shown = ", ".join(names[:_MAX_NAMES])
    return f"{shown}, …" if len(names) > _MAX_NAMES else shown
