"""The one place where errors of the libraries that read a file become this package's."""

from collections.abc import Iterator
from contextlib import contextmanager

from spacy_hf_ner.errors import CorpusError, HFNerError

__all__ = ["translate_errors"]

MAX_REASON = 200  # characters of a library's own message


@contextmanager
def translate_errors(name: str, *, expected: str) -> Iterator[None]:
    """Raise whatever a library raises in the block as a `CorpusError` that names the file.

    Decoders of damaged files raise what they like: zlib's, msgpack's and Arrow's errors, KeyError,
    MemoryError.

    Args:
        name: The file, for the message.
        expected: What it should be, such as ``"a parquet file"``.

    Raises:
        CorpusError: The block has failed.
    """
    try:
        yield
    except HFNerError:
        raise
    except Exception as error:
        first_line = str(error).strip().partition("\n")[0]
        reason = first_line[:MAX_REASON].removesuffix(".") or type(error).__name__
        raise CorpusError(f"{name}: expected {expected}, got something else ({reason}).") from error
