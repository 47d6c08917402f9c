"""JSON and JSONL: texts with character spans, or lists of words and tags.

Prodigy, Doccano, Label Studio and spaCy write the former.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final, TypeVar

from spacy_hf_ner.corpus.columns import TASK_TAGS, Columns
from spacy_hf_ner.corpus.format import Format
from spacy_hf_ner.corpus.formats.spacy_docs import (
    is_doc_json,
    open_docs,
    read_doc_json,
    read_training_tables,
)
from spacy_hf_ner.corpus.headers import WORD_NAMES
from spacy_hf_ner.corpus.json_values import Record, read_records
from spacy_hf_ner.corpus.records import (
    TASK_NAMES,
    find_fields,
    find_keys,
    find_name,
    is_column,
    read_tables,
)
from spacy_hf_ner.corpus.sentence import Problem, Sentence
from spacy_hf_ner.corpus.source import ReadOptions, Source
from spacy_hf_ner.corpus.table import open_tables
from spacy_hf_ner.corpus.text_files import TextFile
from spacy_hf_ner.corpus.text_records import has_text, open_texts
from spacy_hf_ner.corpus.texts import refuse_if_all_lost
from spacy_hf_ner.corpus.tools.gliner import is_gliner, read_gliner
from spacy_hf_ner.errors import CorpusError

__all__ = ["JSON", "open_json"]


def open_json(file: TextFile, options: ReadOptions) -> Source:
    """Return a file of JSON records, one a line or all in one array, as a source.

    Raises:
        CorpusError: The file is not JSON, or its records are of no known form.
    """
    first = next(read_records(file), None)
    if first is None:
        raise CorpusError(f"{file.path}: expected JSON records, got none.")
    line, record, _ = first
    columns = options.columns
    if "paragraphs" in record:
        return _open_training(file, options)
    if is_doc_json(record):
        return open_docs(
            partial(_read_all, file, read_doc_json),
            name=str(file.path),
            format_name="spacy-json",
            task=columns.task,
            problems=_find_problems(file),
        )
    if is_gliner(record):
        return _open_gliner(file, options)
    is_text = has_text(record, columns)
    if _has_words(record, columns, has_text=is_text):
        return _open_words(file, options, record)
    if not is_text:
        keys = ", ".join(record) or "(none)"
        raise CorpusError(
            f"{file.path}:{line}: expected a record with a text and its entities, or with words "
            f"and tags, got the keys {keys}. Rename them to text and spans (start, end, label), or "
            "name them with token_column and tag_column.",
            settings=("token_column", "tag_column"),
        )
    return open_texts(
        partial(read_records, file),
        options,
        name=str(file.path),
        format_name="json",
        description=f"{file.encoding}, texts with character spans",
        problems=file.problems,
    )


def _has_words(record: Record, columns: Columns, *, has_text: bool) -> bool:
    """Tell whether a record is to be read by its words; one without tags is, if it has no text."""
    lists = [key for key, value in record.items() if is_column(value)]
    if not find_name(lists, columns.token, WORD_NAMES):
        return False
    return not has_text or bool(find_name(lists, columns.tag, TASK_NAMES[columns.task]))


def _open_training(file: TextFile, options: ReadOptions) -> Source:
    task = options.columns.task
    read = partial(_read_all, file, partial(read_training_tables, task=task))
    has_pos = task == "pos" and any(any(table.pos) for table in read())
    if not (task == "ner" or has_pos):
        raise CorpusError(
            f'{file.path}: expected tokens with {TASK_TAGS[task]} for column = "{task}", got the '
            "JSON that spaCy 2 was trained with, which has none. Leave the setting out.",
            settings=("column",),
        )
    return open_tables(
        read,
        name=str(file.path),
        format_name="spacy-json",
        options=options,
        description=file.encoding,
        problems=_find_problems(file),
    )


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


def _open_words(file: TextFile, options: ReadOptions, record: Record) -> Source:
    fields = find_fields(find_keys(record), options.columns, source=str(file.path))
    return open_tables(
        lambda: read_tables(read_records(file), fields, source=str(file.path)),
        name=str(file.path),
        format_name="json",
        options=options,
        description=f"{file.encoding}, fields {fields}",
        problems=file.problems,
    )


def _open_gliner(file: TextFile, options: ReadOptions) -> Source:
    name = str(file.path)
    if options.columns.task != "ner":
        raise CorpusError(
            f'{name}: expected lists of words and tags for column = "{options.columns.task}", got '
            "GLiNER's words with entities. Leave the setting out.",
            settings=("column",),
        )

    def read_sentences() -> Iterator[Sentence]:
        for found in read_records(file):
            yield read_gliner(found, source=name)

    return Source(
        name=name,
        format="json",
        read=lambda: refuse_if_all_lost(read_sentences(), name),
        has_documents=True,
        description=f"{file.encoding}, words with entities",
        problems=file.problems,
    )


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
