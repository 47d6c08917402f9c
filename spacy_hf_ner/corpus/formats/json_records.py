"""JSON and JSONL: texts with character spans (Prodigy, Doccano, Label Studio, spaCy), or lists of words and tags."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from spacy_hf_ner.corpus.formats.spacy_docs import is_doc_json, open_docs, read_doc_json, read_training_tables
from spacy_hf_ner.corpus.layout import TAG_NAMES
from spacy_hf_ner.corpus.records import find_fields, make_table
from spacy_hf_ner.corpus.sentence import Problem, Sentence
from spacy_hf_ner.corpus.source import ReadOptions, Source
from spacy_hf_ner.corpus.table import Table, open_tables
from spacy_hf_ner.corpus.text_files import TextFile, open_text
from spacy_hf_ner.corpus.texts import CharSpan, make_text_sentence
from spacy_hf_ner.errors import CorpusError

# The names that annotation tools give to the same things.
SPANS_KEYS: Final = ("spans", "entities", "ents", "label", "labels")
START_KEYS: Final = ("start", "start_offset", "start_char", "begin")
END_KEYS: Final = ("end", "end_offset", "end_char")
TYPE_KEYS: Final = ("label", "labels", "type", "entity_type", "entity", "entity_group", "tag")
SURFACE_KEYS: Final = ("text", "name", "surface", "word")
ID_KEYS: Final = ("id", "curid", "doc_id")
REFUSED: Final = frozenset({"ignore", "reject"})  # Prodigy's answers

Record = Mapping[str, Any]


def open_json(path: Path, options: ReadOptions) -> Source:
    """Return a file of JSON records, one a line or all in one array, as a source.

    Raises:
        CorpusError: The file is not JSON, or its records are of no known form.
    """
    file = open_text(path, encoding=options.encoding)
    first = next(_records(file), None)
    if first is None:
        raise CorpusError(f"{path}: expected JSON records, got none.")
    line, record = first
    if "paragraphs" in record:
        tables = partial(_read_all, file, read_training_tables)
        return open_tables(tables, name=str(path), format_name="spacy-json", options=options, description=file.encoding)
    if is_doc_json(record):
        return open_docs(
            partial(_read_all, file, read_doc_json), name=str(path), format_name="spacy-json", task=options.columns.task
        )
    if isinstance(record.get("tokens"), list) and any(isinstance(record.get(name), list) for name in TAG_NAMES):
        return _open_words(file, options, record)
    if _read_text(record) is None:
        raise CorpusError(
            f"{path}:{line}: expected a record with a text and its entities, or with words and tags, got the keys "
            f"{', '.join(record) or '(none)'}. Rename them to text and spans (start, end, label)."
        )
    return _open_texts(file, options)


Result = TypeVar("Result")


def _read_all(file: TextFile, read: Callable[[Record, str, int], Iterator[Result]]) -> Iterator[Result]:
    for line, record in _records(file):
        yield from read(record, str(file.path), line)


def _records(file: TextFile) -> Iterator[tuple[int, Record]]:
    """Yield the records, each with its line, or with its number where they are not one a line."""
    first = next((line for _, line in file.lines() if line.strip()), "")
    if _is_record(first):
        for number, line in file.lines():
            if line.strip():
                yield number, _to_record(_parse(line, file.path, number), file.path, number)
    elif first:
        whole = _parse("\n".join(line for _, line in file.lines()), file.path, 1)
        for number, value in enumerate(whole if isinstance(whole, list) else [whole], start=1):
            yield number, _to_record(value, file.path, number)


def _is_record(line: str) -> bool:
    """Tell whether a line is a whole record, and not the beginning of an array of them."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) or _is_pair(value)


def _is_pair(value: object) -> bool:
    """Tell whether this is a text and its annotation, as spaCy 2 was trained with."""
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], dict)  # noqa: PLR2004


def _parse(text: str, path: Path, line: int) -> Any:  # noqa: ANN401 - JSON is anything
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CorpusError(
            f"{path}:{line}: expected JSON, got something else ({error}). Correct or delete it."
        ) from error


def _to_record(value: object, path: Path, line: int) -> Record:
    if _is_pair(value):
        text, annotation = cast("tuple[str, dict[str, Any]]", value)
        return {"text": text, **annotation}
    if not isinstance(value, dict):
        raise CorpusError(f"{path}:{line}: expected a JSON object, got {type(value).__name__}. Correct or delete it.")
    return value


def _open_words(file: TextFile, options: ReadOptions, record: Record) -> Source:
    fields = find_fields(record, options.columns, source=str(file.path))

    def tables() -> Iterator[Table]:
        document_id = ""
        for line, found in _records(file):
            table = make_table(found, fields, source=str(file.path), line=line, document_id=document_id)
            document_id = table.document_id
            yield table

    return open_tables(
        tables,
        name=str(file.path),
        format_name="json",
        options=options,
        description=f"{file.encoding}, fields {fields}",
        problems=file.problems,
    )


def _open_texts(file: TextFile, options: ReadOptions) -> Source:
    has_spans = any(_read_spans(record) is not None for _, record in _records(file))

    def sentences() -> Iterator[Sentence]:
        pending: list[Problem] = []
        for line, record in _records(file):
            sentence = _read_sentence(record, file, line, options, has_spans=has_spans)
            if isinstance(sentence, Problem):
                pending.append(sentence)
            else:
                yield replace(sentence, problems=(*pending, *sentence.problems))
                pending = []
        if pending:
            yield Sentence((), problems=tuple(pending))

    return Source(
        name=str(file.path),
        format="json",
        read=sentences,
        has_documents=True,
        description=f"{file.encoding}, texts with character spans",
        problems=file.problems,
    )


def _read_sentence(
    record: Record, file: TextFile, line: int, options: ReadOptions, *, has_spans: bool
) -> Sentence | Problem:
    """Return the sentence of a record, or why it is left out."""
    text, spans = _read_text(record), _read_spans(record)
    if text is None:
        raise CorpusError(f"{file.path}:{line}: expected a text, got only {', '.join(record) or '(no keys)'}.")
    answer = record.get("answer")
    if answer in REFUSED:
        return Problem(f"record answered {answer!r}, left out", line)
    if not text.strip():
        return Problem("text of white space only, left out", line)
    problems: list[Problem] = []
    found = [_read_span(item, problems, file, line) for item in spans or ()]
    sentence = make_text_sentence(
        text,
        [span for span in found if span],
        lang=options.lang,
        line=line,
        is_annotated=has_spans or answer == "accept",
        text_id=str(next((record[key] for key in ID_KEYS if key in record), "")),
        tokens=_read_tokens(record),
    )
    return replace(sentence, problems=(*problems, *sentence.problems))


def _read_text(record: Record) -> str | None:
    data = record.get("data")
    inner = data.get("text") if isinstance(data, dict) else data
    text = record.get("text", inner)
    return text if isinstance(text, str) else None


def _read_spans(record: Record) -> list[Any] | None:
    """Return the record's spans in whatever form, or None if it says nothing of any."""
    for key in SPANS_KEYS:
        if isinstance(record.get(key), list):
            return list(record[key])
    annotations = record.get("annotations", record.get("completions"))  # Label Studio
    if not isinstance(annotations, list):
        return None
    valid = [a for a in annotations if isinstance(a, dict) and not a.get("was_cancelled")]
    results = valid[0].get("result") if valid else None
    return [r["value"] for r in results if isinstance(r.get("value"), dict)] if isinstance(results, list) else None


def _read_span(item: object, problems: list[Problem], file: TextFile, line: int) -> CharSpan | None:
    """Return a span in any tool's form; one without type is left out."""
    if isinstance(item, dict):
        offsets = item["span"] if isinstance(item.get("span"), list) else [_get(item, START_KEYS), _get(item, END_KEYS)]
        label, surface = _get(item, TYPE_KEYS), _get(item, SURFACE_KEYS)
    elif isinstance(item, list) and len(item) == 3:  # noqa: PLR2004 - start, end, label
        offsets, label, surface = item[:2], item[2], ""
    else:
        offsets, label, surface = [], None, ""
    if len(offsets) != 2 or not all(isinstance(o, int) and not isinstance(o, bool) for o in offsets):  # noqa: PLR2004
        raise CorpusError(
            f"{file.path}:{line}: expected an entity with the numbers start and end, and a label, got "
            f"{json.dumps(item, ensure_ascii=False)[:80]}. Correct or delete it."
        )
    label = label[0] if isinstance(label, list) and label else label
    if not isinstance(label, str) or not label:
        problems.append(Problem("entity without a type, left out", line))
        return None
    return CharSpan(offsets[0], offsets[1], label, surface if isinstance(surface, str) else "")


def _get(item: Mapping[str, Any], keys: tuple[str, ...]) -> Any:  # noqa: ANN401 - JSON is anything
    return next((item[key] for key in keys if key in item), None)


def _read_tokens(record: Record) -> list[tuple[int, int]] | None:
    tokens = record.get("tokens")
    if not isinstance(tokens, list) or not all(isinstance(t, dict) for t in tokens):
        return None
    borders = [(token.get("start"), token.get("end")) for token in tokens]
    return [b for b in borders if isinstance(b[0], int) and isinstance(b[1], int)] or None
