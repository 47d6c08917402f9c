"""JSON and JSONL: texts with character spans, or lists of words and tags.

Prodigy, Doccano, Label Studio and spaCy write the former.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final, TypeVar

from spacy_hf_ner.corpus.columns import TASK_TAGS
from spacy_hf_ner.corpus.format import Format
from spacy_hf_ner.corpus.formats.spacy_docs import (
    is_doc_json,
    open_docs,
    read_doc_json,
    read_training_tables,
)
from spacy_hf_ner.corpus.json_values import Record, read_records
from spacy_hf_ner.corpus.record_forms import open_records
from spacy_hf_ner.corpus.sentence import Problem
from spacy_hf_ner.corpus.source import Origin, ReadOptions, Source
from spacy_hf_ner.corpus.table_source import open_tables
from spacy_hf_ner.corpus.text_files import TextFile
from spacy_hf_ner.corpus.tools.doccano import DoccanoWriter
from spacy_hf_ner.corpus.tools.label_studio import LabelStudioWriter
from spacy_hf_ner.corpus.tools.prodigy import ProdigyWriter
from spacy_hf_ner.errors import CorpusError

__all__ = ["JSON_FORMATS", "open_json"]


def open_json(file: TextFile, options: ReadOptions) -> Source:
    """Return a file of JSON records, one a line or all in one array, as a source.

    Raises:
        CorpusError: The file is not JSON, or its records are of no known form.
    """
    first = next(read_records(file), None)
    if first is None:
        raise CorpusError(f"{file.path}: expected JSON records, got none.")
    if "paragraphs" in first.record:
        return _open_training(file, options)
    if is_doc_json(first.record):
        origin = Origin(str(file.path), "spacy-json", problems=_find_problems(file))
        return open_docs(partial(_read_all, file, read_doc_json), origin, options)
    return open_records(partial(read_records, file), first, file.make_origin("json"), options)


def _open_training(file: TextFile, options: ReadOptions) -> Source:
    task = options.columns.task
    read = partial(_read_all, file, partial(read_training_tables, task=task))
    has_pos = any(any(table.pos) for table in read())
    if not (task == "ner" or (task == "pos" and has_pos)):
        raise CorpusError(
            f'{file.path}: expected tokens with {TASK_TAGS[task]} for column = "{task}", got the '
            "JSON that spaCy 2 was trained with, which has none. Leave the setting out.",
            settings=("column",),
        )
    origin = Origin(str(file.path), "spacy-json", file.encoding, _find_problems(file))
    return open_tables(read, origin, options)


Result = TypeVar("Result")


def _read_all(
    file: TextFile, read: Callable[[Record, str, int], Iterator[Result]]
) -> Iterator[Result]:
    for line, record, _ in read_records(file):
        yield from read(record, str(file.path), line)


def _find_problems(file: TextFile) -> tuple[Problem, ...]:
    """Return what is wrong with a file or its records: Docs and tables have no place for it."""
    problems = list(file.problems)
    for found in read_records(file):
        problems += found.problems
    return tuple(problems)


def is_json(head: Sequence[str]) -> bool:
    """Tell whether the first line of a text is a record, or begins an array of them."""
    return bool(head) and (_is_value(head[0]) or head[0].strip() == "[")


def _is_value(line: str) -> bool:
    if not line.lstrip().startswith(("{", "[")):
        return False
    try:
        return isinstance(json.loads(line), (dict, list))
    except (ValueError, RecursionError):
        return False


JSON: Final = Format(
    name="json",
    suffixes=(".json", ".jsonl", ".ndjson"),
    sniff=is_json,
    open_text=open_json,
)

# Files of annotation tools are read as any JSON; each tool wants to have them in its own form.
PRODIGY: Final = Format(
    name="prodigy",
    open_text=open_json,
    written_suffixes=(".jsonl",),
    open_writer=ProdigyWriter,
)
DOCCANO: Final = Format(
    name="doccano",
    open_text=open_json,
    written_suffixes=(".jsonl",),
    open_writer=DoccanoWriter,
)
LABEL_STUDIO: Final = Format(
    name="label-studio",
    open_text=open_json,
    written_suffixes=(".json",),
    open_writer=LabelStudioWriter,
)

JSON_FORMATS: Final = (JSON, PRODIGY, DOCCANO, LABEL_STUDIO)
