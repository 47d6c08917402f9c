"""What is stored as ``cfg``: JSON, whose types are checked when it is read."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["parse_cfg", "to_plain"]


def parse_cfg(content: bytes) -> dict[str, Any]:
    """Return what is stored as ``cfg``; what its values mean is checked where they are used.

    Raises:
        ValueError: It is no JSON.
        TypeError: A value is of a wrong type.
    """
    stored = json.loads(content.decode("utf8"))
    _check_types(stored)
    checked: dict[str, Any] = stored
    return checked


def _check_types(stored: Any) -> None:  # noqa: ANN401 - whatever JSON has
    """Check the types of what is stored as ``cfg``.

    Raises:
        TypeError: One is wrong.
    """
    if not isinstance(stored, dict):
        raise TypeError(f"expected a table, got {type(stored).__name__}")
    labels = stored.get("added_labels", [])
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise TypeError(f"expected added_labels to be a list of names, got {labels!r}")
    for key, kind in (("class_weights", list), ("settings", dict)):
        value = stored.get(key)
        if value is not None and not isinstance(value, kind):
            raise TypeError(f"expected a {kind.__name__} or null as {key}, got {value!r}")


def to_plain(value: object) -> object:
    """Return a setting as JSON has it, which does not know the numbers of numpy."""
    if isinstance(value, Mapping):
        return {key: to_plain(entry) for key, entry in value.items()}
    return float(value) if isinstance(value, np.floating) else value
