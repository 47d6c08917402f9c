"""Records with a text and its entities by characters, from any annotation tool, to a source."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from spacy_hf_ner.corpus.columns import Columns
from spacy_hf_ner.corpus.json_values import FoundRecord, Record
from spacy_hf_ner.corpus.records import find_name
from spacy_hf_ner.corpus.sentence import Problem, Sentence
from spacy_hf_ner.corpus.source import Origin, ReadOptions, Source
from spacy_hf_ner.corpus.texts import (
    CharSpan,
    TextRecord,
    make_text_sentence,
    make_text_source,
)
from spacy_hf_ner.corpus.tools import label_studio
from spacy_hf_ner.corpus.tools.dataturks import is_dataturks, read_dataturks_spans
from spacy_hf_ner.corpus.tools.keyed import (
    ANNOTATION_KEYS,
    ID_KEYS,
    SPANS_KEYS,
    TEXT_KEY,
    find_id,
    find_list,
    find_text,
    read_spans,
    read_tokens,
)
from spacy_hf_ner.corpus.tools.prodigy import (
    ACCEPTED,
    REFUSED,
    REJECTED_KEY,
    is_binary,
    merge_answers,
)
from spacy_hf_ner.corpus.tools.values import read_metadata
from spacy_hf_ner.errors import CorpusError

__all__ = ["has_text", "open_texts", "read_text_record"]

# Keys of records that are no metadata, besides those that the user names.
KNOWN_KEYS = (TEXT_KEY, *SPANS_KEYS, *ANNOTATION_KEYS, *ID_KEYS, "answer", "content")

LABEL_STUDIO_KEYS = (*label_studio.TEXT_KEYS, label_studio.DOCUMENT_KEY)


def open_texts(
    read: Callable[[], Iterator[FoundRecord]], origin: Origin, options: ReadOptions
) -> Source:
    """Return the source of sentences that records with texts make.

    Args:
        read: Returns a new iterator over the records.
        origin: What they are read from.
        options: What the user says about the corpus.

    Raises:
        CorpusError: No record has the field of entities that the user names, or something else
            than entities is wanted.
    """
    columns = options.columns
    if columns.task != "ner":
        first = next(read())
        raise CorpusError(
            f"{origin.name}:{first.line}: expected lists of words and tags for "
            f'column = "{columns.task}", got a text with character spans, which are entities. '
            "Leave the setting out.",
            settings=("column",),
        )
    says_any = any(_says_entities(record, columns) for _, record, _ in read())
    if columns.tag is not None and not says_any:
        raise CorpusError(
            f"{origin.name}: expected a list of entities in the field {columns.tag!r}, got "
            "no record with one. Correct tag_column.",
            settings=("tag_column",),
        )
    read_merged = merge_answers(read)

    def read_sentences() -> Iterator[Sentence]:
        pending: tuple[Problem, ...] = ()  # of records that are left out; the next one takes them
        for found in read_merged():
            record = read_text_record(found, columns, source=origin.name, says_any=says_any)
            if isinstance(record, TextRecord):
                record = replace(record, problems=(*pending, *record.problems))
                yield make_text_sentence(record, lang=options.lang, offsets=options.offsets)
                pending = ()
            else:
                pending += record
        if pending:
            yield Sentence((), starts_document=True, problems=pending)  # not of the document before

    return make_text_source(read_sentences, origin)


def has_text(record: Record, columns: Columns) -> bool:
    """Tell whether a record has a text, under whatever name."""
    return _find_text(record, columns) is not None


def _find_text(record: Record, columns: Columns) -> str | None:
    if columns.token is None:
        if is_dataturks(record):
            return str(record["content"])
        if _is_task(record, columns) or ("data" in record and TEXT_KEY not in record):
            return label_studio.find_text(record)
    return find_text(record, columns)


def _is_task(record: Record, columns: Columns) -> bool:
    """Tell whether a record is a task of Label Studio; one that has spans itself is none."""
    if columns.tag is not None or any(isinstance(record.get(key), list) for key in SPANS_KEYS):
        return False
    return label_studio.is_task(record)


def _says_entities(record: Record, columns: Columns) -> bool:
    """Tell whether a record says which entities it has, be it none."""
    if _is_task(record, columns):
        return label_studio.is_annotated(record)
    return find_list(record, columns) is not None


def read_text_record(
    found: FoundRecord, columns: Columns, *, source: str, says_any: bool
) -> TextRecord | tuple[Problem, ...]:
    """Return the text of a record with its entities, or why it is left out.

    Args:
        found: The record.
        columns: The fields that the user names.
        source: The file's name, for messages.
        says_any: Whether some record of the file says which entities it has.

    Raises:
        CorpusError: The record has no text, or an entity without offsets.
    """
    line, record, problems = found
    text = _find_text(record, columns)
    if text is None:
        keys = ", ".join(record) or "(no keys)"
        raise CorpusError(f"{source}:{line}: expected a text, got only {keys}.")
    answer = record.get("answer")
    if answer in REFUSED:
        return *problems, Problem(f"record answered {answer!r}, left out", line)
    if not text.strip():
        return *problems, Problem("text of white space only, left out", line)

    text_record = TextRecord(
        text=text,
        line=line,
        text_id=_find_id(record),
        tokens=read_tokens(record),
        meta=_read_metadata(record, columns),
        problems=problems,
    )
    if _is_task(record, columns):
        return _read_task(text_record, record, columns, source=source, says_any=says_any)
    spans: list[CharSpan] = []
    if columns.tag is None and is_dataturks(record):
        spans = read_dataturks_spans(record, line, source=source)
    else:
        for item in find_list(record, columns) or ():
            spans += read_spans(item, line, source=source, type_names=columns.tag_names)
    rejected: list[CharSpan] = []
    for item in record.get(REJECTED_KEY) or ():
        rejected += read_spans(item, line, source=source, type_names=columns.tag_names)
    return replace(
        text_record,
        spans=spans,
        rejected=rejected,
        is_annotated=_knows_outside(record, columns, says_any=says_any),
    )


def _read_task(
    text_record: TextRecord, record: Record, columns: Columns, *, source: str, says_any: bool
) -> TextRecord | tuple[Problem, ...]:
    """Return the text of a task of Label Studio, or why it is left out."""
    line = text_record.line
    task = label_studio.read_task(record, line, with_predictions=not says_any)
    if task.is_cancelled:
        problem = Problem("record whose annotation was cancelled, left out", line)
        return *text_record.problems, problem
    spans: list[CharSpan] = []
    for item in task.spans:
        spans += read_spans(item, line, source=source, type_names=columns.tag_names)
    return replace(
        text_record,
        spans=spans,
        is_annotated=task.is_annotated,
        problems=(*text_record.problems, *task.problems),
    )


def _find_id(record: Record) -> str:
    data = record.get("data")
    if isinstance(data, dict) and label_studio.DOCUMENT_KEY in data:
        return str(data[label_studio.DOCUMENT_KEY])
    return find_id(record)


def _knows_outside(record: Record, columns: Columns, *, says_any: bool) -> bool:
    """Tell whether "no entity" means that there is none.

    Whoever accepts a text has looked at it, but not at more than one span if the question was
    about that. Elsewhere it means so in files that have entities at all, but where a record says
    that nobody knows them: ``"spans": null``.
    """
    if is_binary(record):
        return False
    if record.get("answer") == ACCEPTED:
        return True
    keys: tuple[str, ...] = (*SPANS_KEYS, *ANNOTATION_KEYS)
    if columns.tag is not None:
        keys = (find_name(record, columns.tag),)
    is_null = any(key in record and record[key] is None for key in keys)
    is_known = find_list(record, columns) is not None
    return is_known or (says_any and not is_null)


def _read_metadata(record: Record, columns: Columns) -> dict[str, object]:
    known = [*KNOWN_KEYS]
    for named in (columns.token, columns.tag):
        if named is not None:
            known.append(str(named).lower())
    metadata = read_metadata(record, but_for=known)
    data = record.get("data")
    if isinstance(data, dict):
        metadata.update(read_metadata(data, but_for=LABEL_STUDIO_KEYS))
    return metadata
