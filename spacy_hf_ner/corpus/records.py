"""Records with a list of words and a list of tags, as data sets and JSON have them, to tables."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from spacy_hf_ner.core.wording import count
from spacy_hf_ner.corpus.blocks import DOCUMENT_MARK
from spacy_hf_ner.corpus.columns import Columns, Task
from spacy_hf_ner.corpus.headers import (
    CHUNK_NAMES,
    DOCUMENT_NAMES,
    POS_NAMES,
    SENTENCE_NAMES,
    TAG_NAMES,
    WORD_NAMES,
)
from spacy_hf_ner.corpus.sentence import Problem
from spacy_hf_ner.corpus.table import Table
from spacy_hf_ner.errors import CorpusError

__all__ = [
    "Fields",
    "find_fields",
    "find_keys",
    "find_name",
    "is_column",
    "make_table",
    "read_id",
    "read_tables",
]

MAX_SHOWN: Final = 40  # characters of a cell in a message
IGNORED_TAG: Final = -100  # what PyTorch's losses ignore; training code writes it for no tag
ID_NAMES: Final = ("id", *SENTENCE_NAMES)

TASK_NAMES: Final[Mapping[Task, Sequence[str]]] = {
    "ner": TAG_NAMES,
    "pos": POS_NAMES,
    "chunk": CHUNK_NAMES,
}


@dataclass(frozen=True, slots=True)
class Fields:
    """Which field of a record holds what; empty where there is none.

    Attributes:
        words: The list of words.
        tags: The list of tags: text, or numbers with names.
        pos: The list of parts of speech.
        chunks: The list of chunk tags.
        record_id: The record's name.
        document_id: The name of the document that the record is part of.
        names: The names of a field's numbers.
    """

    words: str
    tags: str = ""
    pos: str = ""
    chunks: str = ""
    record_id: str = ""
    document_id: str = ""
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __str__(self) -> str:
        fields = (self.words, self.tags, self.pos, self.chunks)
        return ", ".join(filter(None, fields))


def is_column(value: object) -> bool:
    """Tell whether a value can be a list of words or of tags."""
    if not isinstance(value, list):
        return False
    return not any(isinstance(item, (dict, list)) for item in value)


def find_keys(record: Mapping[str, Any]) -> list[str]:
    """Return the keys of a record under which words, tags or ids can be."""
    keys = []
    for key, value in record.items():
        is_id = key.lower() in ID_NAMES or key.lower() in DOCUMENT_NAMES
        if value is None or is_id or is_column(value):
            keys.append(key)
    return keys


def find_name(keys: Iterable[str], named: int | str | None, candidates: Sequence[str] = ()) -> str:
    """Return the key that the user named, or else the first of the candidates that is there.

    It is empty if there is none.

    >>> find_name(["Words", "gold", "tags"], None, ("tag", "tags"))
    'tags'
    >>> find_name(["Words", "gold"], "words")
    'Words'
    """
    by_lower_case = {key.lower(): key for key in keys}
    if named is not None:
        candidates = (str(named).lower(),)
    for name in candidates:
        if name in by_lower_case:
            return by_lower_case[name]
    return ""


def find_fields(
    keys: Iterable[str],
    columns: Columns,
    *,
    source: str,
    names: Mapping[str, Sequence[str]] | None = None,
) -> Fields:
    """Return which field of a record holds what.

    Raises:
        CorpusError: A field that was named is missing, or none looks like words or tags.
    """
    known = list(keys)
    task = columns.task

    def require(named: int | str | None, candidates: Sequence[str], kind: str) -> str:
        name = find_name(known, named, candidates)
        if not name:
            wanted = ", ".join(candidates)
            if named is not None:
                wanted = str(named)
            raise CorpusError(
                f"{source}: expected a field of {kind} ({wanted}), got only {', '.join(known)}. "
                "Name it with token_column or tag_column.",
                settings=("token_column", "tag_column"),
            )
        return name

    words = require(columns.token, WORD_NAMES, "words")
    # Parts of speech and chunks come along where they are; the field that the task is about must
    # be there.
    tags = ""
    pos = find_name(known, None, POS_NAMES)
    chunks = find_name(known, None, CHUNK_NAMES)
    if task == "ner":
        tags = require(columns.tag, TAG_NAMES, "tags")
    elif task == "pos":
        pos = require(columns.tag, POS_NAMES, "parts of speech")
    else:
        chunks = require(columns.tag, CHUNK_NAMES, "chunks")
    known_names = dict(names or {})
    if columns.tag_names:
        known_names[{"ner": tags, "pos": pos, "chunk": chunks}[task]] = columns.tag_names
    return Fields(
        words=words,
        tags=tags,
        pos=pos,
        chunks=chunks,
        record_id=find_name(known, None, ID_NAMES),
        document_id=find_name(known, None, DOCUMENT_NAMES),
        names=known_names,
    )


def read_tables(
    records: Iterable[tuple[int, Mapping[str, Any], Sequence[Problem]]],
    fields: Fields,
    *,
    source: str,
) -> Iterator[Table]:
    """Yield the tables of the records that have words.

    A record whose only word is a document mark begins a document in the one after it.

    Args:
        records: Each record's line or number, the record, and what was repaired in it.
        fields: Which of its fields holds what.
        source: The file's or data set's name, for messages.

    Raises:
        CorpusError: Words and tags are not lists of one length, or numbers have no names.
    """
    document_id = ""
    is_marked = False
    pending: list[Problem] = []  # of records without words; the next table takes them
    for line, record, problems in records:
        table = make_table(record, fields, source=source, line=line, document_id=document_id)
        pending += problems
        if len(table.words) == 1 and table.words[0].startswith(DOCUMENT_MARK):
            is_marked = True
        elif table.words:
            table.starts_document |= is_marked
            table.problems[:0] = pending
            yield table
            document_id = table.document_id
            is_marked = False
            pending = []


def make_table(
    record: Mapping[str, Any], fields: Fields, *, source: str, line: int, document_id: str = ""
) -> Table:
    """Return a record as a table.

    Args:
        record: The record.
        fields: Which of its fields holds what.
        source: The file's or data set's name, for messages.
        line: The record's number, from 1.
        document_id: The document of the record before.

    Raises:
        CorpusError: Words and tags are not lists of one length, or numbers have no names.
    """
    place = f"{source}:{line}"
    words = list(map(_read_word, _read_list(record, fields.words, place)))

    def read_column(name: str, *, is_optional: bool = False) -> list[str]:
        if not name or (is_optional and not record.get(name)):
            return []
        cells = _read_list(record, name, place)
        if len(cells) != len(words):
            raise CorpusError(
                f"{place}: expected as many {name} as {fields.words}, got {len(cells)} for "
                f"{len(words)}: it is not known which belongs to which. Correct the record."
            )
        names = fields.names.get(name)
        return [_read_tag(cell, names, name, place) for cell in cells]

    levels: list[list[str]] = []
    if fields.tags:
        levels.append(read_column(fields.tags))
    record_document = read_id(record, fields.document_id)
    return Table(
        lines=[line] * len(words),
        words=words,
        tags=levels,
        # Where entities are wanted, a record may lack the others.
        pos=read_column(fields.pos, is_optional=bool(fields.tags)),
        chunks=read_column(fields.chunks, is_optional=bool(fields.tags)),
        starts_document=record_document not in ("", document_id),
        sentence_id=read_id(record, fields.record_id),
        document_id=record_document,
    )


def read_id(record: Mapping[str, Any], name: str) -> str:
    """Return the name of a record or document, empty where there is none or it is null."""
    return _read_word(record.get(name))


def _read_word(value: object) -> str:
    """Return a word or a name, empty where it is null."""
    if value is None:
        return ""
    return str(value)


def _read_list(record: Mapping[str, Any], name: str, place: str) -> list[Any]:
    value = record.get(name)
    if value is None or isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise CorpusError(f"{place}: expected a list in {name!r}, got {type(value).__name__}.")
    return list(value)


def _read_tag(cell: object, names: Sequence[str] | None, field_name: str, place: str) -> str:
    """Return a tag as text, empty where the annotation is missing."""
    if cell is None or cell == IGNORED_TAG:
        return ""
    if isinstance(cell, bool) or not isinstance(cell, int):
        return str(cell)
    if names is None or not 0 <= cell < len(names):
        known = "no names"
        if names is not None:
            known = count(len(names), "name")
        raise CorpusError(
            f"{place}: expected the names of the tags in {field_name!r}, got the number "
            f"{str(cell)[:MAX_SHOWN]} and {known}. Give them in tag_names, or read a data set "
            "whose features name them.",
            settings=("tag_names",),
        )
    return names[cell]
