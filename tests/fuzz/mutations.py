"""Edits of bytes and of JSON, drawn by hypothesis: few, small and far to the front when shrunk."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

__all__ = [
    "NASTY_VALUES",
    "ByteEdit",
    "ValueEdit",
    "byte_edits",
    "edit_bytes",
    "edit_json",
    "edit_value",
    "value_edits",
]

Place = int | str

PER_MILLE: Final = 1_000  # places are shares of what is edited, so that an edit fits anything

SHOWN_TIMES: Final = 4

# What files of this kind trip over.
NASTY_BYTES: Final = (
    b"\n", b"\t", b" ", b"\r\n", b"\n\n", b"#", b"-", b"_", b"O", b"B-X", b"I-X", b"E-X", b"S-X",
    b"U-X", b"M-X", b"I-", b"B", b"X", b"1", b"0", b"2-3", b"1.1", b"2.", b"U.S.", b"-DOCSTART-",
    b"# text = a b", b"# newdoc id = 1", b"# global.columns = ID FORM NER", b"SpaceAfter=No",
    b"name=B-X", b"=", b"|", b",", b";", b'"', b'""', b"'", b"{", b"}", b"[", b"]", b":", b"null",
    b"true", b"1e999", b"-1", b"NaN", b"\\", b"\\u0000", b"\\ud83d", b"/", b"../../a", b"\x00",
    b"\x1a", b"\x85", b"\x0b", b"\x0c", b"\x1c", b"\x1e", b"\xff", b"\xfe\xff", b"\xff\xfe",
    b"\xef\xbb\xbf", b"\xed\xa0\xbd\xed\xb8\x80", b"\xf0\x9f\x98\x80", b"\xe2\x80\x8b",
    b"\xe2\x80\xa8", b"\xc2\xa0", b"\xcc\x81", b"\xe4\xba\xac", b"\xd9\x8e", b"PAR1", b"ARROW1",
    b"\x80\x04", b"9" * 25, b"9" * 5_000, b"[" * 2_000, b"(" * 2_000, b"a" * 3_000, b"\t" * 300,
    b'{"a":' * 1_000,
)  # fmt: skip

NASTY_VALUES: Final[tuple[Any, ...]] = (
    None, True, False, 0, 1, -1, 2, 3, 255, 10**6, 2**31, 10**10, 2**63, 10**30, 0.0, -0.5, 1.5,
    1e308, float("nan"), float("inf"), "", " ", "a", "O", "B-PER", "0", "-1", "9" * 5_000, "\x00",
    "\ud800", "../../a", "/", ".", "hf:a", "a" * 3_000, "(x+x+)+y", "\\", "[", [], [1], ["a"],
    [None], [[]], [["a", 1]], {}, {"a": 1}, {"0": "O"}, {"": None}, {"type": "a"},
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ByteEdit:
    """One edit of bytes.

    Attributes:
        kind: What is done.
        at: Where, in thousandths of the length.
        size: How many bytes or lines it takes.
        content: What comes there.
    """

    kind: Literal["insert", "replace", "delete", "flip", "cut", "repeat", "line", "swap"]
    at: int
    size: int = 1
    content: bytes = b""

    def __repr__(self) -> str:
        return f"ByteEdit({self.kind!r}, {self.at}, {self.size}, {show_bytes(self.content)})"


@dataclass(frozen=True, slots=True)
class ValueEdit:
    """One edit of a tree of lists and tables.

    Attributes:
        kind: What is done.
        at: Which of its places, in thousandths of their number.
        value: Which value comes there: an index of the nasty ones.
    """

    kind: Literal["set", "drop", "add", "double"]
    at: int
    value: int = 0


def show_bytes(content: bytes) -> str:
    """Return bytes as Python writes them, and those that repeat themselves as a product.

    >>> show_bytes(b"ab"), show_bytes(b"[" * 2_000)
    ("b'ab'", "b'[' * 2000")
    """
    unit = content[: (content + content).find(content, 1)]
    n_times = len(content) // max(len(unit), 1)
    return f"{unit!r} * {n_times}" if n_times > SHOWN_TIMES else repr(content)


def byte_edits(max_size: int = 4) -> SearchStrategy[tuple[ByteEdit, ...]]:
    """Return what draws a few edits of bytes."""
    kinds = ("insert", "replace", "delete", "flip", "cut", "repeat", "line", "swap")
    content = st.one_of(st.sampled_from(NASTY_BYTES), st.binary(max_size=4))
    edit = st.builds(
        ByteEdit, st.sampled_from(kinds), st.integers(0, PER_MILLE), st.integers(1, 40), content
    )
    return st.lists(edit, max_size=max_size).map(tuple)


def value_edits(max_size: int = 3) -> SearchStrategy[tuple[ValueEdit, ...]]:
    """Return what draws a few edits of a tree."""
    edit = st.builds(
        ValueEdit,
        st.sampled_from(("set", "drop", "add", "double")),
        st.integers(0, PER_MILLE),
        st.integers(0, len(NASTY_VALUES) - 1),
    )
    return st.lists(edit, max_size=max_size).map(tuple)


def edit_bytes(content: bytes, edits: Sequence[ByteEdit]) -> bytes:
    """Return bytes after all edits, one after the other.

    >>> edit_bytes(b"abc", [ByteEdit("insert", 0, content=b"x"), ByteEdit("cut", 1000)])
    b'xabc'
    """
    for edit in edits:
        content = _edit_once(content, edit)
    return content


def _edit_once(content: bytes, edit: ByteEdit) -> bytes:
    if edit.kind in {"line", "swap"}:
        return _edit_line(content, edit)
    at = len(content) * edit.at // PER_MILLE
    before = content[:at]
    after = content[at:]
    if edit.kind == "cut":
        after = b""
    elif edit.kind == "insert":
        after = edit.content + after
    elif edit.kind == "replace":
        after = edit.content + after[len(edit.content) :]
    elif edit.kind == "delete":
        after = after[edit.size :]
    elif edit.kind == "repeat":
        after = after[: edit.size] * 3 + after[edit.size :]
    else:
        bit = 1 << edit.size % 8
        after = bytes(byte ^ bit for byte in after[:1]) + after[1:]
    return before + after


def _edit_line(content: bytes, edit: ByteEdit) -> bytes:
    """Return bytes after a line was replaced, or moved down."""
    lines = content.splitlines(keepends=True)
    if not lines:
        return content
    i = min(len(lines) * edit.at // PER_MILLE, len(lines) - 1)
    if edit.kind == "line":
        lines[i] = edit.content + b"\n"
    else:
        lines.insert(min(i + edit.size, len(lines)), lines.pop(i))
    return b"".join(lines)


def edit_json(content: bytes, edits: Sequence[ValueEdit]) -> bytes:
    """Return a JSON file after all edits of its values."""
    tree = edit_value(json.loads(content), edits)
    # Surrogates stay as escapes, and NaN as Python's JSON has it.
    return json.dumps(tree, ensure_ascii=True).encode("ascii")


def edit_value(tree: Any, edits: Sequence[ValueEdit]) -> Any:
    """Return a tree of lists and tables after all edits; the tree itself may change."""
    for edit in edits:
        places = list(_list_places(tree))
        value = NASTY_VALUES[edit.value]
        if not places:
            tree = value
            continue
        parent, place = places[min(len(places) * edit.at // PER_MILLE, len(places) - 1)]
        _edit_place(parent, place, edit.kind, value)
    return tree


def _list_places(tree: Any) -> Iterator[tuple[Any, Place]]:
    """Yield every place in a tree, as the list or table that it is in and its index or key.

    Tables come after each other by depth, so that the few settings of a file come before the many
    entries of a vocabulary.
    """
    level = [tree]
    while level:
        below: list[Any] = []
        for parent in level:
            places: list[Place] = []
            if isinstance(parent, dict):
                places = list(parent)
            elif isinstance(parent, list):
                places = list(range(len(parent)))
            for place in places:
                yield parent, place
                below.append(parent[place])
        level = below


def _edit_place(parent: Any, place: Any, kind: str, value: Any) -> None:
    if kind == "set":
        parent[place] = value
    elif kind == "drop":
        del parent[place]
    elif isinstance(parent, list):
        parent.insert(place, parent[place] if kind == "double" else value)
    elif kind == "double":
        parent[f"{place}2"] = parent[place]
    else:
        parent[str(value)[:20]] = value
