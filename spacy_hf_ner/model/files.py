"""Folders: as bytes, so that one way to save a model serves disk and memory, and in messages."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import srsly


def pack_folder(write: Callable[[Path], object]) -> bytes:
    """Return the files that ``write`` puts into an empty folder, packed; without sub-folders."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder)
        packed: bytes = srsly.msgpack_dumps(
            {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
        )
    return packed


@contextlib.contextmanager
def unpack_folder(packed: bytes) -> Iterator[Path]:
    """Give a temporary folder with the files that :func:`pack_folder` packed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file_name, content in srsly.msgpack_loads(packed).items():
            (folder / Path(file_name).name).write_bytes(content)
        yield folder


def name_files(folder: Path) -> str:
    """Return the names of some files in a folder, for messages."""
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    return ", ".join(names[:8]) + (", …" if len(names) > 8 else "") or "nothing"  # noqa: PLR2004 - what fits a line
