"""Folders: as bytes, so that one way to save a model serves disk and memory, and in messages."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import srsly

__all__ = ["name_files", "pack_folder", "unpack_folder"]

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
    """Give a temporary folder with the files that :func:`pack_folder` packed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file_name, content in srsly.msgpack_loads(packed).items():
            # The name alone: bytes from elsewhere must not write to other folders.
            (folder / Path(file_name).name).write_bytes(content)
        yield folder


def name_files(folder: Path) -> str:
    """Return the names of some files in a folder, for messages."""
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    if not names:
        return "nothing"
    shown = ", ".join(names[:_MAX_NAMES])
    return f"{shown}, …" if len(names) > _MAX_NAMES else shown
