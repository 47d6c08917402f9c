"""Edits fit whatever they are applied to."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.mutations import (
    ByteEdit,
    ValueEdit,
    byte_edits,
    edit_bytes,
    edit_json,
    edit_value,
    value_edits,
)


@given(content=st.binary(max_size=30), edits=byte_edits())
def test_edits_of_bytes_fit_any_bytes(content: bytes, edits: tuple[ByteEdit, ...]) -> None:
    assert isinstance(edit_bytes(content, edits), bytes)


@given(edits=value_edits(max_size=6))
def test_edits_of_values_end_in_json(edits: tuple[ValueEdit, ...]) -> None:
    content = json.dumps({"a": [1, {"b": None}], "c": "d"}).encode()
    json.loads(edit_json(content, edits))


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (ByteEdit("insert", 500, content=b"x"), b"ab\nxcd\n"),
        (ByteEdit("replace", 500, content=b"x"), b"ab\nxd\n"),
        (ByteEdit("delete", 500, 2), b"ab\n\n"),
        (ByteEdit("repeat", 500, 1), b"ab\ncccd\n"),
        (ByteEdit("cut", 500), b"ab\n"),
        (ByteEdit("flip", 0, 0), b"`b\ncd\n"),
        (ByteEdit("line", 0, content=b"x"), b"x\ncd\n"),
        (ByteEdit("swap", 0, 1), b"cd\nab\n"),
    ],
)
def test_an_edit_of_bytes_does_what_it_is_called(edit: ByteEdit, expected: bytes) -> None:
    assert edit_bytes(b"ab\ncd\n", [edit]) == expected


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (ValueEdit("set", 0, 0), {"a": None, "c": "d"}),
        (ValueEdit("drop", 0), {"c": "d"}),
        (ValueEdit("double", 0), {"a": [1], "c": "d", "a2": [1]}),
        (ValueEdit("double", 1000), {"a": [1, 1], "c": "d"}),
    ],
)
def test_an_edit_of_values_does_what_it_is_called(edit: ValueEdit, expected: Any) -> None:
    assert edit_value({"a": [1], "c": "d"}, [edit]) == expected
