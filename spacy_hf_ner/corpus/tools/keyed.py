"""Records with a key for the text and a key for the list of its entities.

Prodigy, doccano, argilla, spaCy and data sets write them, each with names of its own::

    {"text": "Ed ran", "spans": [{"start": 0, "end": 2, "label": "PER"}]}
    {"text": "Ed ran", "label": [[0, 2, "PER"]]}
    {"text": "Ed ran", "annotation": [["PER", 0, 2]]}
    {"text": "Ed ran", "entities": {"start": [0], "end": [2], "label": ["PER"]}}
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from spacy_hf_ner.core.wording import count, shorten
from spacy_hf_ner.corpus.cells import is_number
from spacy_hf_ner.corpus.columns import Columns
from spacy_hf_ner.corpus.json_values import Record
from spacy_hf_ner.corpus.records import find_name
from spacy_hf_ner.corpus.texts import CharRange, CharSpan
from spacy_hf_ner.corpus.tools.values import get_first, read_offset
from spacy_hf_ner.errors import CorpusError

__all__ = [
    "ANNOTATION_KEYS",
    "ID_KEYS",
    "SPANS_KEYS",
    "TEXT_KEY",
    "find_id",
    "find_list",
    "find_text",
    "read_spans",
    "read_tokens",
]

TEXT_KEY: Final = "text"
SPANS_KEYS: Final = ("spans", "entities", "ents", "label", "labels")
ANNOTATION_KEYS: Final = ("annotations", "annotation")  # Label Studio's and DataTurks', too
START_KEYS: Final = ("start", "start_offset", "start_char", "begin")
END_KEYS: Final = ("end", "end_offset", "end_char")
TYPE_KEYS: Final = (
    "label",
    "labels",
    "hypertextlabels",
    "type",
    "entity_type",
    "entity",
    "entity_group",
    "tag",
)
SURFACE_KEYS: Final = ("text", "name", "surface", "word")
SCORE_KEYS: Final = ("score", "confidence")
ID_KEYS: Final = ("id", "curid", "doc_id")


def find_text(record: Record, columns: Columns) -> str | None:
    """Return the record's text, or None if it has none."""
    key = TEXT_KEY
    if columns.token is not None:
        key = find_name(record, columns.token)
    text = record.get(key)
    if isinstance(text, str):
        return text
    return None


def find_id(record: Record) -> str:
    """Return the record's name, or nothing."""
    for key in ID_KEYS:
        if record.get(key) is not None:
            return str(record[key])
    return ""


def find_list(record: Record, columns: Columns) -> list[Any] | None:
    """Return the record's entities in whatever form, or None if it says nothing of them."""
    keys: Sequence[str] = (*SPANS_KEYS, *ANNOTATION_KEYS)
    if columns.tag is not None:
        keys = (find_name(record, columns.tag),)
    for key in keys:
        value = record.get(key)
        if isinstance(value, list):
            return value
        if isinstance(value, dict) and _is_list_of_each(value):
            return _turn(value)
    return None


def _is_list_of_each(value: Mapping[str, Any]) -> bool:
    """Tell whether a value is a list of starts, one of ends and one of types."""
    n_items: set[int] = set()
    for keys in (START_KEYS, END_KEYS, TYPE_KEYS):
        items = get_first(value, keys)
        if not isinstance(items, list):
            return False
        n_items.add(len(items))
    return len(n_items) == 1


def _turn(columns: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return lists of starts, ends and types as a list of entities."""
    n_items = len(get_first(columns, START_KEYS))
    entities: list[dict[str, Any]] = [{} for _ in range(n_items)]
    for key, items in columns.items():
        if not isinstance(items, list):
            continue
        # Other lists than those of starts, ends and types may be of another length.
        for entity, item in zip(entities, items, strict=False):
            entity[key] = item
    return entities


def read_spans(
    item: object, line: int, *, source: str, type_names: Sequence[str] = ()
) -> list[CharSpan]:
    """Return an entity in any tool's form, once for each of its types.

    A type that is no name becomes an empty one: nobody knows what the entity is.

    Args:
        item: The entity.
        line: Its line.
        source: The file's name, for messages.
        type_names: The names of the types 0, 1, 2 …, where they are numbers.

    Raises:
        CorpusError: It has no offsets, or its type is a number that has no name.
    """
    said = _read_item(item)
    start_char = read_offset(said.start)
    end_char = read_offset(said.end)
    if start_char is None or end_char is None:
        shown = json.dumps(item, ensure_ascii=False, default=str)[:80]
        raise CorpusError(
            f"{source}:{line}: expected an entity with the numbers start and end, and a label, got "
            f"{shown}. Correct or delete it."
        )
    types = [said.label]
    if isinstance(said.label, list) and said.label:
        types = said.label
    spans: list[CharSpan] = []
    for entity_type in types:
        span = CharSpan(
            start_char,
            end_char,
            _name_type(entity_type, type_names, f"{source}:{line}"),
            _read_text(said.surface),
            line=line,
            score=_read_score(said.score),
        )
        spans.append(span)
    return spans


class _Item(NamedTuple):
    """What an item says of an entity, whatever that may be; None where it says nothing."""

    start: Any = None
    end: Any = None
    label: Any = None
    score: Any = None
    surface: Any = None


def _read_item(item: object) -> _Item:
    if isinstance(item, dict):
        start = get_first(item, START_KEYS)
        end = get_first(item, END_KEYS)
        span = item.get("span")
        if isinstance(span, list) and len(span) == 2:  # noqa: PLR2004 - start, end
            start, end = span
        return _Item(
            start,
            end,
            get_first(item, TYPE_KEYS),
            get_first(item, SCORE_KEYS),
            get_first(item, SURFACE_KEYS),
        )
    if isinstance(item, list | tuple) and len(item) in {3, 4}:
        return _Item(*_put_label_last(item))
    return _Item()


def _put_label_last(item: Sequence[Any]) -> Sequence[Any]:
    """Return start, end and label, which some tools put first: ``["PER", 0, 2]``."""
    first, second, third, *rest = item
    is_first = read_offset(first) is None and read_offset(third) is not None
    if is_first:
        return second, third, first, *rest
    return item


def _name_type(value: object, names: Sequence[str], place: str) -> str:
    """Return the name of a type, which is a number where only the user knows the names.

    Raises:
        CorpusError: The user has named types, but not this one.
    """
    number = str(value)
    is_numbered = is_number(number) and not isinstance(value, bool | float)
    if not names or not is_numbered:
        return _read_text(value)
    if int(number) >= len(names):
        raise CorpusError(
            f"{place}: expected the number of one of {count(len(names), 'type')}, got "
            f"{shorten(number)}. Add its name to tag_names.",
            settings=("tag_names",),
        )
    return names[int(number)]


def _read_text(value: object) -> str:
    if isinstance(value, str):
        return value
    return ""


def _read_score(value: object) -> float | None:
    """Return a probability, or None for whatever is none."""
    if isinstance(value, int | float) and 0 <= value <= 1:
        return float(value)
    return None


def read_tokens(record: Record) -> list[CharRange] | None:
    """Return the borders of the source's own tokens, or None if it has none."""
    tokens = record.get("tokens")
    if not isinstance(tokens, list):
        return None
    borders: list[CharRange] = []
    for token in tokens:
        if not isinstance(token, dict):
            return None
        start = token.get("start")
        end = token.get("end")
        if isinstance(start, int) and isinstance(end, int):
            borders.append((start, end))
    return borders or None
