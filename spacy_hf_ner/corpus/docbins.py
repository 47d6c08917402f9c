"""``.spacy`` files, read only if they do not need far more memory than their size shows."""

import zlib
from pathlib import Path
from typing import Final

from spacy.tokens import DocBin

from spacy_hf_ner.core.wording import count
from spacy_hf_ner.errors import CorpusError

__all__ = ["read_docbin"]

# zlib packs real annotation to a tenth or a thirtieth, and one byte again and again to a
# thousandth. Small files may do that: they do not fill the memory.
_MOST_BYTES_PER_BYTE: Final = 250
_FEW_BYTES: Final = 100_000_000
_CHUNK_BYTES: Final = 1_000_000


def read_docbin(path: Path) -> DocBin:
    """Return what is in a ``.spacy`` file.

    Raises:
        CorpusError: It would unpack to far more than it holds.
    """
    packed = path.read_bytes()
    _check_size(packed, path)
    return DocBin(store_user_data=True).from_bytes(packed)


def _check_size(packed: bytes, path: Path) -> None:
    """Unpack a file, keeping nothing, as far as an honest one would go."""
    most = max(_FEW_BYTES, len(packed) * _MOST_BYTES_PER_BYTE)
    unpacker = zlib.decompressobj()
    n_unpacked = 0
    rest = packed
    while rest and not unpacker.eof:
        n_unpacked += len(unpacker.decompress(rest, _CHUNK_BYTES))
        rest = unpacker.unconsumed_tail
        if n_unpacked > most:
            raise CorpusError(
                f"{path}: expected a DocBin (.spacy), got {count(len(packed), 'byte')} that unpack "
                f"to more than {count(most, 'byte')}: they are nearly all the same, and would fill "
                "the memory. If they are what you want, write the Docs in smaller files."
            )
