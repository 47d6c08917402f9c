"""Files as bytes, whether they are compressed (``.gz``, ``.zst``) or not."""

import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, cast

from spacy_hf_ner.corpus.foreign import translate_errors
from spacy_hf_ner.corpus.formats.hf_datasets import import_arrow

__all__ = ["COMPRESSED", "find_suffix", "is_compressed", "open_bytes"]

GZIP: Final = ".gz"
ZSTANDARD: Final = ".zst"
COMPRESSED: Final = (GZIP, ZSTANDARD)


def is_compressed(path: Path) -> bool:
    """Tell whether a file is compressed, by its ending."""
    return path.suffix.lower() in COMPRESSED


def find_suffix(path: Path) -> str:
    """Return the ending of what is in a file, in lower case.

    >>> find_suffix(Path("texts.JSONL")), find_suffix(Path("texts.jsonl.gz"))
    ('.jsonl', '.jsonl')
    """
    if is_compressed(path):
        path = path.with_suffix("")
    return path.suffix.lower()


@contextmanager
def open_bytes(path: Path) -> Iterator[BinaryIO]:
    """Give a file to read, uncompressed.

    Raises:
        CorpusError: It is not compressed in the way that its ending says, or is cut off.
        MissingExtraError: It ends in .zst, and pyarrow is not installed.
    """
    suffix = path.suffix.lower()
    if suffix == GZIP:
        with (
            translate_errors(str(path), expected="a file that gzip has compressed"),
            gzip.open(path) as file,
        ):
            yield cast("BinaryIO", file)
    elif suffix == ZSTANDARD:
        arrow = import_arrow(purpose=f"reading {path.name}")
        with (
            translate_errors(str(path), expected="a file that zstd has compressed"),
            arrow.OSFile(str(path)) as packed,
            arrow.CompressedInputStream(packed, "zstd") as stream,
        ):
            # Arrow's stream has no lines; a buffer finds them.
            yield cast("BinaryIO", io.BufferedReader(stream))
    else:
        with path.open("rb") as file:
            yield file
