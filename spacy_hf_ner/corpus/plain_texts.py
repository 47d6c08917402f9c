"""Texts to annotate: lines, records, cells, Docs, and whole files of a folder.

A corpus has annotation, and a text has none: these readers want words and tags of nobody, and hand
on what cannot be read with the reason, so that as many come out as there are.
"""

import csv
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from spacy.vocab import Vocab

from spacy_hf_ner.corpus.docbins import read_docbin
from spacy_hf_ner.corpus.json_values import read_records
from spacy_hf_ner.corpus.text_files import TextFile, open_text
from spacy_hf_ner.corpus.visible import list_visible
from spacy_hf_ner.errors import CorpusError

__all__ = ["STDIN", "PlainText", "read_texts"]

STDIN: Final = "-"
ID_FIELDS: Final = ("id", "text_id", "doc_id")

# A cell of a CSV file may hold a whole document; the csv module's own limit is 128 kB.
_MAX_CELL: Final = min(sys.maxsize, 2**31 - 1)


@dataclass(frozen=True, slots=True)
class PlainText:
    """A text, or why there is none.

    Attributes:
        text: The text.
        place: Where it comes from: a file and its line or record, from 1.
        text_id: The name that its source gives it, or empty.
        error: Why it cannot be read; empty if it can.
    """

    text: str
    place: str
    text_id: str = ""
    error: str = ""


def read_texts(
    name: str, *, text_column: str = "text", stdin: BinaryIO | None = None
) -> Iterator[PlainText]:
    """Yield the texts of a file or a folder, or those that come in on stdin, one after the other.

    ``.jsonl``, ``.json``, ``.csv``, ``.tsv`` and ``.spacy`` are read as what they are called; each
    line of any other file is a text. In a folder, each such other file is a text as a whole.

    Args:
        name: A file, a folder, or ``-`` for the lines of stdin.
        text_column: The field of records, or the column of a table, that holds the text.
        stdin: What ``-`` reads; None for that of the process.

    Raises:
        CorpusError: There is no such file, or no such column in it.
    """
    if name == STDIN:
        return _read_stdin(stdin or sys.stdin.buffer)
    path = Path(name)
    if path.is_dir():
        return _read_folder(path, text_column)
    if not path.is_file():
        raise CorpusError(
            f"{name}: expected a file or a folder with texts, or - for stdin, got nothing there. "
            "Check the path."
        )
    return _read_file(path, text_column)


def _read_stdin(stdin: BinaryIO) -> Iterator[PlainText]:
    for number, line in enumerate(stdin, start=1):
        place = f"stdin:{number}"
        try:
            text = line.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            yield PlainText("", place, error=f"expected text in UTF-8, got other bytes ({error})")
        else:
            yield PlainText(text, place)


def _read_folder(folder: Path, text_column: str) -> Iterator[PlainText]:
    files = list_visible(folder)
    if not files:
        raise CorpusError(f"{folder}: expected a folder with texts, got none in it.")
    for file in files:
        if file.suffix.lower() in _READERS:
            yield from _read_file(file, text_column)
            continue
        name = file.relative_to(folder).as_posix()
        try:
            yield PlainText(open_text(file).read(), str(file), name)
        except CorpusError as error:
            yield PlainText("", str(file), name, str(error))


def _read_file(path: Path, text_column: str) -> Iterator[PlainText]:
    suffix = path.suffix.lower()
    if suffix == ".spacy":
        return _read_docbin(path)
    if suffix in _READERS:
        return _READERS[suffix](open_text(path), text_column)
    return _read_lines(open_text(path))


def _read_lines(file: TextFile) -> Iterator[PlainText]:
    for number, line in file.lines():
        yield PlainText(line, f"{file.path}:{number}")


def _read_jsonl(file: TextFile, text_column: str) -> Iterator[PlainText]:
    is_first = True
    for number, line in file.lines():
        if not line.strip():
            continue
        place = f"{file.path}:{number}"
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield PlainText("", place, error=f"expected JSON, got something else ({error})")
        else:
            yield _read_record(record, place, text_column, is_first=is_first)
        is_first = False


def _read_json(file: TextFile, text_column: str) -> Iterator[PlainText]:
    for i, found in enumerate(read_records(file)):
        place = f"{file.path}:{found.line}"
        yield _read_record(found.record, place, text_column, is_first=i == 0)


def _read_record(record: object, place: str, text_column: str, *, is_first: bool) -> PlainText:
    """Return the text of a record, which may be the text itself.

    Raises:
        CorpusError: It is the first one and has no such field: then all of them have none.
    """
    if isinstance(record, str):
        return PlainText(record, place)
    if not isinstance(record, dict):
        kind = type(record).__name__
        return PlainText("", place, error=f"expected an object or a text, got {kind}")
    text = record.get(text_column)
    text_id = _find_id(record)
    if isinstance(text, str):
        return PlainText(text, place, text_id)
    if is_first and text_column not in record:
        raise _refuse_column(place, text_column, record)
    kind = type(text).__name__
    return PlainText("", place, text_id, f"expected a text in {text_column!r}, got {kind}")


def _read_csv(file: TextFile, text_column: str) -> Iterator[PlainText]:
    separator = _find_separator(file)
    csv.field_size_limit(_MAX_CELL)
    # A text may have several lines, if it is quoted.
    lines = (f"{line}\n" for _, line in file.lines())
    rows = csv.DictReader(lines, delimiter=separator)
    if text_column not in (rows.fieldnames or ()):
        raise _refuse_column(f"{file.path}:1", text_column, rows.fieldnames or ())
    for row in rows:
        place = f"{file.path}:{rows.line_num}"
        text = row[text_column]
        if text is None:
            yield PlainText("", place, _find_id(row), f"expected a cell in {text_column!r}")
        else:
            yield PlainText(text, place, _find_id(row))


def _find_separator(file: TextFile) -> str:
    """Return the separator that the first line holds most often."""
    header = next((line for _, line in file.lines()), "")
    return max(",;\t|", key=header.count)


def _refuse_column(place: str, text_column: str, found: Iterable[str]) -> CorpusError:
    return CorpusError(
        f"{place}: expected a text under {text_column!r}, got only {', '.join(found)}. Set "
        "text_column to the name of the one that holds the text.",
        settings=("text_column",),
    )


def _find_id(record: dict[str, object]) -> str:
    for name in ID_FIELDS:
        found = record.get(name)
        if isinstance(found, str | int):
            return str(found)
    return ""


def _read_docbin(path: Path) -> Iterator[PlainText]:
    try:
        docs = read_docbin(path).get_docs(Vocab())
        for number, doc in enumerate(docs, start=1):
            yield PlainText(doc.text, f"{path}:{number}")
    except CorpusError:
        raise
    except Exception as error:
        # The formats inside raise errors of their own: zlib's, msgpack's, KeyError.
        raise CorpusError(
            f"{path}: expected a DocBin (.spacy), but it cannot be read as one ({error})."
        ) from error


_READERS: Final = {
    ".jsonl": _read_jsonl,
    ".ndjson": _read_jsonl,
    ".json": _read_json,
    ".csv": _read_csv,
    ".tsv": _read_csv,
}
