"""Values of records: whatever JSON or parquet may hold, read with care."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

__all__ = ["get_first", "read_metadata", "read_offset"]

MAX_DIGITS: Final = 18  # of an offset: no text is longer, and the number fits 64 bits
MAX_DEPTH: Final = 8  # of metadata; a .spacy file holds no value that is much deeper


def get_first(item: Mapping[str, Any], keys: Sequence[str]) -> Any:  # noqa: ANN401 - any JSON
    """Return the value of the first of the keys that is there, or None."""
    for key in keys:
        if key in item:
            return item[key]
    return None


def read_offset(value: object) -> int | None:
    """Return a number that counts characters, which may be written as text; None if it is none.

    >>> read_offset(4), read_offset("4"), read_offset(4.0), read_offset("four")
    (4, 4, 4, None)
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int):
        value = str(value)
    if not isinstance(value, str) or len(value) > MAX_DIGITS:
        return None
    if not value.strip().removeprefix("-").isdecimal():
        return None
    return int(value)


def read_metadata(record: Mapping[str, Any], *, but_for: Sequence[str]) -> dict[str, Any]:
    """Return what a record says besides: its own ``meta``, and all plain values of other keys.

    Args:
        record: The record.
        but_for: Keys that mean something else, in lower case. Those that begin with an underscore
            are the tool's own.
    """
    metadata: dict[str, Any] = {}
    for key, value in record.items():
        is_plain = isinstance(value, str | int | float | bool)
        if is_plain and key.lower() not in but_for and not key.startswith("_"):
            metadata[key] = _keep_value(value, MAX_DEPTH)
    for key in ("meta", "metadata"):
        inner = record.get(key)
        if isinstance(inner, dict):
            for inner_key, value in inner.items():
                metadata[str(inner_key)] = _keep_value(value, MAX_DEPTH)
    return metadata


def _keep_value(value: object, depth: int) -> object:
    """Return a value as a ``.spacy`` file can hold it: whatever is too deep or large, as text."""
    if value is None or isinstance(value, bool | str | float):
        return value
    if isinstance(value, int) and abs(value) < 10**MAX_DIGITS:
        return value
    if depth == 0:
        return "…"
    if isinstance(value, list):
        return [_keep_value(item, depth - 1) for item in value]
    if isinstance(value, dict):
        return {str(key): _keep_value(item, depth - 1) for key, item in value.items()}
    return str(value)
