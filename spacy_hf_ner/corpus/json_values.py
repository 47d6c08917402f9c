"""JSON files to records: one a line or all in one array, each with the line on which it begins."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from spacy_hf_ner.corpus.sentence import Problem
from spacy_hf_ner.corpus.text_files import TextFile
from spacy_hf_ner.errors import CorpusError

Record = Mapping[str, Any]

_DECODER: Final = json.JSONDecoder()
_BLANK = re.compile(r"[ \t\r\n]*")
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
    first = next((line for _, line in file.lines() if line.strip()), "")
    if _is_record(first):
        for number, line in file.lines():
            if line.strip():
                is_whole = not _MAYBE_SURROGATE.search(line)
                yield _make_record(
                    _parse(line, file.path, number), file.path, number, is_whole=is_whole
                )
    elif first:
        whole = "\n".join(line for _, line in file.lines())
        is_whole = not _MAYBE_SURROGATE.search(whole)
        for number, value in _read_array(whole, file.path):
            yield _make_record(value, file.path, number, is_whole=is_whole)


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
    """Yield the values of an array, or a value that is none, each with the line on which it begins."""
    at = _skip_blank(text, 0)
    line = 1 + text.count("\n", 0, at)
    if text[at] != "[":
        yield line, _parse(text, path, 1)
        return
    counted, at = at, _skip_blank(text, at + 1)
    is_open = text[at : at + 1] != "]"
    while is_open:
        line += text.count("\n", counted, at)
        counted = at
        try:
            value, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            raise _no_json(error, path, line) from error
        yield line, value
        at = _skip_blank(text, at)
        is_open = text[at : at + 1] == ","
        at = _skip_blank(text, at + 1) if is_open else at
    if text[at : at + 1] != "]":
        raise _no_json(json.JSONDecodeError("Expecting ',' delimiter", text, at), path, line)
    at = _skip_blank(text, at + 1)
    if at < len(text):
        raise _no_json(json.JSONDecodeError("Extra data", text, at), path, line)


def _skip_blank(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match else at


def _no_json(error: Exception, path: Path, line: int, *, first: int = 1) -> CorpusError:
    """Return the error of a value that begins on a line, in a text that begins on the line `first`."""
    reason = str(error)
    if isinstance(error, json.JSONDecodeError):
        line, reason = first + error.lineno - 1, f"{error.msg}: column {error.colno}"
    return CorpusError(
        f"{path}:{line}: expected JSON, got something else ({reason}). Correct or delete it."
    )


def _make_record(value: object, path: Path, line: int, *, is_whole: bool) -> FoundRecord:
    """Return a value as a record; one that is not surely whole is searched for halves of characters."""
    problems: list[Problem] = []
    if not is_whole:
        try:
            value = _mend(value, line, problems)
        except RecursionError as error:
            raise _no_json(error, path, line) from error
    if isinstance(value, list) and _is_pair(value):
        value = {**value[1], "text": value[0]}
    if not isinstance(value, dict):
        raise CorpusError(
            f"{path}:{line}: expected a JSON object, got {type(value).__name__}. Correct or delete it."
        )
    return FoundRecord(line, value, tuple(problems))


def _mend(value: Any, line: int, problems: list[Problem]) -> Any:  # noqa: ANN401 - JSON is anything
    """Return a value whose text, keys included, can be written as UTF-8."""
    if isinstance(value, str) and _SURROGATE.search(value):
        problems.append(Problem("half of a character beyond U+FFFF, read as U+FFFD", line))
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_mend(item, line, problems) for item in value]
    if isinstance(value, dict):
        return {
            _mend(key, line, problems): _mend(item, line, problems) for key, item in value.items()
        }
    return value
