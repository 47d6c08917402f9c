"""Records with a list of words and a list of tags, as data sets and JSON files have them, to tables."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from spacy_hf_ner.corpus.layout import (
    CHUNK_NAMES,
    DOCUMENT_NAMES,
    POS_NAMES,
    SENTENCE_NAMES,
    TAG_NAMES,
    WORD_NAMES,
    Columns,
)
from spacy_hf_ner.corpus.sentence import Problem
from spacy_hf_ner.corpus.table import Table
from spacy_hf_ner.errors import CorpusError

ID_NAMES: Final = ("id", *SENTENCE_NAMES)

_SURROGATE = re.compile("[\ud800-\udfff]")


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
        return ", ".join(name for name in (self.words, self.tags, self.pos, self.chunks) if name)


def find_fields(
    keys: Iterable[str], columns: Columns, *, source: str, names: Mapping[str, Sequence[str]] | None = None
) -> Fields:
    """Return which field of a record holds what.

    Raises:
        CorpusError: A field that was named is missing, or none looks like words or tags.
    """
    known = {key.lower(): key for key in keys}

    def find(named: int | str | None, candidates: Sequence[str], kind: str) -> str:
        wanted = (str(named).lower(),) if named is not None else candidates
        for name in wanted:
            if name in known:
                return known[name]
        if kind:
            raise CorpusError(
                f"{source}: expected a field of {kind} ({', '.join(wanted)}), got only {', '.join(known.values())}. "
                "Name it with --token-column or --tag-column."
            )
        return ""

    task = columns.task
    return Fields(
        words=find(columns.token, WORD_NAMES, "words"),
        tags=find(columns.tag, TAG_NAMES, "tags") if task == "ner" else "",
        pos=find(columns.tag if task == "pos" else None, POS_NAMES, "parts of speech" if task == "pos" else ""),
        chunks=find(columns.tag if task == "chunk" else None, CHUNK_NAMES, "chunks" if task == "chunk" else ""),
        record_id=find(None, ID_NAMES, ""),
        document_id=find(None, DOCUMENT_NAMES, ""),
        names=names or {},
    )


def make_table(record: Mapping[str, Any], fields: Fields, *, source: str, line: int, document_id: str = "") -> Table:
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
    problems: list[Problem] = []
    words = [_clean(word, line, problems) for word in _read_list(record, fields.words, source, line)]

    def column(name: str) -> list[str]:
        if not name:
            return []
        cells = _read_list(record, name, source, line)
        if len(cells) != len(words):
            raise CorpusError(
                f"{source}:{line}: expected as many {name} as {fields.words}, got {len(cells)} for {len(words)}: "
                "it is not known which belongs to which. Correct the record."
            )
        return [_name(cell, fields.names.get(name), name, source, line) for cell in cells]

    tags = column(fields.tags)
    said = record.get(fields.document_id)
    here = "" if said is None else str(said)
    return Table(
        lines=[line] * len(words),
        words=words,
        tags=[tags] if fields.tags else [],
        pos=column(fields.pos),
        chunks=column(fields.chunks),
        starts_document=bool(here) and here != document_id,
        sentence_id=str(record.get(fields.record_id, "")),
        document_id=here,
        problems=problems,
    )


def _read_list(record: Mapping[str, Any], name: str, source: str, line: int) -> list[Any]:
    value = record.get(name)
    if value is None or isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise CorpusError(f"{source}:{line}: expected a list in {name!r}, got {type(value).__name__}.")
    return list(value)


def _clean(word: object, line: int, problems: list[Problem]) -> str:
    text = word if isinstance(word, str) else "" if word is None else str(word)
    if _SURROGATE.search(text):
        problems.append(Problem("half of a character beyond U+FFFF, read as U+FFFD", line))
        return _SURROGATE.sub("\ufffd", text)
    return text


def _name(cell: object, names: Sequence[str] | None, field_name: str, source: str, line: int) -> str:
    """Return a tag as text; -100, as training code writes it, is missing annotation."""
    if cell is None or cell == -100:  # noqa: PLR2004 - PyTorch's ignore_index
        return ""
    if isinstance(cell, bool) or not isinstance(cell, int):
        return str(cell)
    if names is None or not 0 <= cell < len(names):
        raise CorpusError(
            f"{source}:{line}: expected the names of the tags in {field_name!r}, got the number {cell} and "
            f"{'no names' if names is None else f'{len(names)} names'}. Read a data set whose features name them."
        )
    return names[cell]
