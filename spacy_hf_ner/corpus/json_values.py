"""JSON files to records: one a line or all in one array, each with the line on which it begins."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from spacy_hf_ner.corpus.sentence import Problem
from spacy_hf_ner.corpus.text_files import HALF_CHARACTER, TextFile
from spacy_hf_ner.errors import CorpusError

Record = Mapping[str, Any]

__all__ = ["FoundRecord", "Record", "read_records"]

_DECODER: Final = json.JSONDecoder()
_BLANK = re.compile(r"[ \t\r\n]*")  # what JSON takes for white space
_SURROGATE = re.compile("[\ud800-\udfff]")
_MAYBE_SURROGATE = re.compile("\\\\u[dD][89a-fA-F]|[\ud800-\udfff]")


class FoundRecord(NamedTuple):
    """A record of a file.

    Attributes:
        line: The line on which it begins, from 1.
        record: The record; its text can be written as UTF-8.
        problems: What was repaired in it.
    """

    line: int
    record: Record
    problems: tuple[Problem, ...] = ()


def read_records(file: TextFile) -> Iterator[FoundRecord]:
    """Yield the records of a file, of which there is one a line, or one array.

    Raises:
        CorpusError: The file is not JSON, or holds something else than objects.
    """
    first = _find_first_line(file)
    if _is_record(first):
        yield from _read_lines(file)
    elif first:
        yield from _read_whole(file)


def _find_first_line(file: TextFile) -> str:
    """Return the first line that is not blank; empty if there is none."""
    for _, line in file.lines():
        if line.strip():
            return line
    return ""


def _read_lines(file: TextFile) -> Iterator[FoundRecord]:
    for number, line in file.lines():
        if line.strip():
            value = _parse(line, file.path, number)
            may_be_broken = _MAYBE_SURROGATE.search(line) is not None
            yield _make_record(value, file.path, number, may_be_broken=may_be_broken)


def _read_whole(file: TextFile) -> Iterator[FoundRecord]:
    text = "\n".join(line for _, line in file.lines())
    may_be_broken = _MAYBE_SURROGATE.search(text) is not None
    for number, value in _read_array(text, file.path):
        yield _make_record(value, file.path, number, may_be_broken=may_be_broken)


def _is_record(line: str) -> bool:
    """Tell whether a line is a whole record, and not the beginning of an array of them."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) or _is_pair(value)


def _is_pair(value: object) -> bool:
    """Tell whether this is a text and its annotation, as spaCy 2 was trained with."""
    return (
        isinstance(value, list)
        and len(value) == 2  # noqa: PLR2004
        and isinstance(value[0], str)
        and isinstance(value[1], dict)
    )


def _parse(text: str, path: Path, line: int) -> Any:  # noqa: ANN401 - JSON is anything
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _no_json(error, path, line, first=line) from error


def _read_array(text: str, path: Path) -> Iterator[tuple[int, Any]]:
    """Yield the values of an array, or a value that is none, each with its first line."""
    at = _skip_blank(text, 0)
    line = 1 + text.count("\n", 0, at)
    if text[at] != "[":
        yield line, _parse(text, path, 1)
        return
    # Values are decoded one by one, so that an array of any length is never in memory as objects.
    counted = at  # the line ends before this character are counted
    at = _skip_blank(text, at + 1)
    has_more = text[at : at + 1] != "]"
    while has_more:
        line += text.count("\n", counted, at)
        counted = at
        try:
            value, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            raise _no_json(error, path, line) from error
        yield line, value
        at = _skip_blank(text, at)
        has_more = text[at : at + 1] == ","
        if has_more:
            at = _skip_blank(text, at + 1)
    if text[at : at + 1] != "]":
        raise _no_json(json.JSONDecodeError("Expecting ',' delimiter", text, at), path, line)
    at = _skip_blank(text, at + 1)
    if at < len(text):
        raise _no_json(json.JSONDecodeError("Extra data", text, at), path, line)


def _skip_blank(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    assert match is not None, "it matches nothing, too"
    return match.end()


def _no_json(error: Exception, path: Path, line: int, *, first: int = 1) -> CorpusError:
    """Return the error of a value that begins on a line, in a text whose first line is `first`."""
    reason = str(error)
    if isinstance(error, json.JSONDecodeError):
        line = first + error.lineno - 1
        reason = f"{error.msg}: column {error.colno}"
    return CorpusError(
        f"{path}:{line}: expected JSON, got something else ({reason}). Correct or delete it."
    )


def _make_record(value: object, path: Path, line: int, *, may_be_broken: bool) -> FoundRecord:
    """Return a value as a record; one that may hold halves of characters is searched for them."""
    problems: tuple[Problem, ...] = ()
    if may_be_broken:
        try:
            value, n_halves = _mend(value)
        except RecursionError as error:
            raise _no_json(error, path, line) from error
        problems = (Problem(HALF_CHARACTER, line),) * n_halves
    if isinstance(value, list) and _is_pair(value):
        text, annotation = value
        value = {**annotation, "text": text}
    if not isinstance(value, dict):
        raise CorpusError(
            f"{path}:{line}: expected a JSON object, got {type(value).__name__}. Correct or delete "
            "it."
        )
    return FoundRecord(line, value, problems)


def _mend(value: Any) -> tuple[Any, int]:  # noqa: ANN401 - JSON is anything
    """Return a value whose texts can be written as UTF-8, and how many of them were mended."""
    if isinstance(value, str) and _SURROGATE.search(value):
        return _SURROGATE.sub("\ufffd", value), 1
    n_mended = 0
    if isinstance(value, list):
        items: list[Any] = []
        for item in value:
            mended, n_in_item = _mend(item)
            items.append(mended)
            n_mended += n_in_item
        return items, n_mended
    if isinstance(value, dict):
        fields: dict[str, Any] = {}
        for key, item in value.items():
            mended_key, n_in_key = _mend(key)
            fields[mended_key], n_in_item = _mend(item)
            n_mended += n_in_key + n_in_item
        return fields, n_mended
    return value, 0
