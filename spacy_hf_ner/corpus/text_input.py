"""What is annotated: a text, the input that it is in, and its place there.

An input is read from any place on, so that a long one can be cut, and its parts be read by several
processes. How that is done depends on what the input is: see :mod:`.text_readers`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol

from spacy_hf_ner.errors import CorpusError

__all__ = [
    "BEGINNING",
    "NOWHERE",
    "Place",
    "PlainText",
    "RawText",
    "TextColumns",
    "TextInput",
    "TextReader",
    "read_record",
    "refuse_missing_columns",
]

ID_FIELDS: Final = ("id", "text_id", "doc_id")

NOWHERE: Final = -1  # the offset of a place that only those who read from the beginning find


@dataclass(frozen=True, slots=True)
class PlainText:
    """A text, or why there is none.

    Attributes:
        text: The text.
        place: Where it comes from: a file and its line or record, from 1.
        text_id: The name that its source gives it, or empty.
        error: Why it cannot be read; empty if it can.
        kept: The fields of its source that were asked for.
    """

    text: str
    place: str
    text_id: str = ""
    error: str = ""
    kept: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TextColumns:
    """Which field of records, or column of a table, holds what.

    Attributes:
        text: The text.
        text_id: Its name; None for ``id``, ``text_id`` or ``doc_id``, where there is one.
        kept: What else is handed on.
    """

    text: str = "text"
    text_id: str | None = None
    kept: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TextInput:
    """Texts that are read one after the other.

    Attributes:
        name: What it is called beside other inputs: a path below the folder that was named.
        path: Where it is: a file, a folder, or ``hf:NAME``.
        kind: What it is, as the table of readers calls it.
        encoding: A codec of Python's, or ``"cesu-8"``, where it is text.
        newline: What ends a line.
        is_damaged: Some lines are not in the encoding.
        split: The split of a data set.
        files: The files that are a text each, relative to ``path``.
    """

    name: str
    path: str
    kind: str
    encoding: str = "utf-8"
    newline: str = "\n"
    is_damaged: bool = False
    split: str = ""
    files: tuple[str, ...] = ()


class Place(NamedTuple):
    """Where a text begins in its input.

    Attributes:
        number: How many texts are before it.
        line: Its line, or its number among records that have no lines, from 1.
        offset: Where to begin to read it, in the reader's own measure; ``NOWHERE`` where that is
            the beginning of the input.
    """

    number: int
    line: int
    offset: int


BEGINNING: Final = Place(0, 1, 0)


class RawText(NamedTuple):
    """A text as its input has it.

    Attributes:
        line: Its line, or its number, from 1.
        value: Whatever the reader makes a text of.
    """

    line: int
    value: Any


class TextReader(Protocol):
    """Reads inputs of one kind."""

    def find_places(self, source: TextInput) -> Iterator[Place]:
        """Yield the place of each text, without making anything of the texts."""

    def open(self, source: TextInput, columns: TextColumns, start: Place) -> Iterator[RawText]:
        """Yield each text from a place on. Those that nobody parses cost little.

        Raises:
            CorpusError: The input cannot be read as what it claims to be, or has no such columns.
        """

    def parse(self, raw: RawText, source: TextInput, columns: TextColumns) -> PlainText:
        """Return a text, or why there is none."""


def read_record(record: object, place: str, columns: TextColumns) -> PlainText:
    """Return the text of a record, which may be the text itself."""
    if isinstance(record, str):
        return PlainText(record, place)
    if not isinstance(record, Mapping):
        kind = type(record).__name__
        return PlainText("", place, error=f"expected an object or a text, got {kind}")
    text = record.get(columns.text)
    text_id = _find_id(record, columns)
    kept = {name: record.get(name) for name in columns.kept}
    if isinstance(text, str):
        return PlainText(text, place, text_id, kept=kept)
    kind = type(text).__name__
    error = f"expected a text in {columns.text!r}, got {kind}"
    return PlainText("", place, text_id, error, kept)


def _find_id(record: Mapping[str, object], columns: TextColumns) -> str:
    fields = ID_FIELDS if columns.text_id is None else (columns.text_id,)
    for name in fields:
        found = record.get(name)
        if isinstance(found, str | int):
            return str(found)
    return ""


def refuse_missing_columns(fields: Mapping[str, object], place: str, columns: TextColumns) -> None:
    """Make sure that records have the columns that are asked for.

    Args:
        fields: The fields that there are.
        place: Where they are.
        columns: What is asked for.

    Raises:
        CorpusError: One is missing.
    """
    found = ", ".join(fields)
    if columns.text not in fields:
        raise CorpusError(
            f"{place}: expected a text under {columns.text!r}, got only {found}. Set text_column "
            "to the name of the one that holds the text.",
            settings=("text_column",),
        )
    if columns.text_id is not None and columns.text_id not in fields:
        raise CorpusError(
            f"{place}: expected a name of the text under {columns.text_id!r}, got only {found}. "
            "Set id_column to the name of the one that holds it, or leave it out.",
            settings=("id_column",),
        )
    for name in columns.kept:
        if name not in fields:
            raise CorpusError(
                f"{place}: expected {name!r}, which is to be kept, got only {found}. Correct keep.",
                settings=("keep",),
            )
