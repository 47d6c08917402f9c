"""Records with a text and its entities by characters, from annotation tools, to sentences."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from spacy_hf_ner.corpus.columns import Columns
from spacy_hf_ner.corpus.json_values import FoundRecord, Record
from spacy_hf_ner.corpus.records import find_name
from spacy_hf_ner.corpus.sentence import Problem, Sentence
from spacy_hf_ner.corpus.source import ReadOptions
from spacy_hf_ner.corpus.texts import CharSpan, make_text_sentence
from spacy_hf_ner.errors import CorpusError

__all__ = ["find_text", "read_text_record", "says_entities"]

# The names that annotation tools give to the same things.
SPANS_KEYS: Final = ("spans", "entities", "ents", "label", "labels")
START_KEYS: Final = ("start", "start_offset", "start_char", "begin")
END_KEYS: Final = ("end", "end_offset", "end_char")
TYPE_KEYS: Final = ("label", "labels", "type", "entity_type", "entity", "entity_group", "tag")
SURFACE_KEYS: Final = ("text", "name", "surface", "word")
ANNOTATIONS_KEYS: Final = (
    "annotations",
    "completions",
)  # Label Studio's, a list with one item an annotator
ID_KEYS: Final = ("id", "curid", "doc_id")
REFUSED: Final = ("ignore", "reject")  # Prodigy's answers


def read_text_record(
    found: FoundRecord, options: ReadOptions, *, source: str, has_spans: bool
) -> Sentence | tuple[Problem, ...]:
    """Return the sentence of a record, or why it is left out.

    Args:
        found: The record.
        options: What the user says about the corpus.
        source: The file's name, for messages.
        has_spans: Whether some record of the file says which entities it has.

    Raises:
        CorpusError: The record has no text, or an entity without offsets.
    """
    line, record, _ = found
    text = find_text(record, options.columns)
    if text is None:
        keys = ", ".join(record) or "(no keys)"
        raise CorpusError(f"{source}:{line}: expected a text, got only {keys}.")
    annotations = _find_annotations(record, options.columns)
    valid = [annotation for annotation in annotations or () if not annotation.get("was_cancelled")]
    left_out = _say_why_left_out(record, text, is_cancelled=bool(annotations) and not valid)
    if left_out:
        return *found.problems, Problem(left_out, line)
    problems = list(found.problems)
    if valid:
        items, of_annotations = _read_annotations(valid, line)
        problems += of_annotations
    else:
        items = _find_list(record, options.columns) or []
    spans: list[CharSpan] = []
    for item in items:
        of_item, of_types = _read_spans(item, line, source=source)
        spans += of_item
        problems += of_types
    # Whoever accepts a text has looked at it. Else "no entity" means that there is none in records
    # of a task of Label Studio that was done, or in files that have entities at all.
    is_done = has_spans if annotations is None else bool(valid)
    sentence = make_text_sentence(
        text,
        spans,
        lang=options.lang,
        line=line,
        is_annotated=record.get("answer") == "accept" or is_done,
        text_id=_find_id(record),
        tokens=_read_tokens(record),
    )
    return replace(sentence, problems=(*problems, *sentence.problems))


def _say_why_left_out(record: Record, text: str, *, is_cancelled: bool) -> str:
    """Return why a record is left out, or nothing if it is read."""
    answer = record.get("answer")
    if answer in REFUSED:
        return f"record answered {answer!r}, left out"
    if is_cancelled:
        return "record whose annotation was cancelled, left out"
    if not text.strip():
        return "text of white space only, left out"
    return ""


def _find_id(record: Record) -> str:
    for key in ID_KEYS:
        if record.get(key) is not None:
            return str(record[key])
    return ""


def find_text(record: Record, columns: Columns) -> str | None:
    """Return the record's text, or None if it has none."""
    if columns.token is not None:
        text = record.get(find_name(record, columns.token))
    elif "text" in record:
        text = record["text"]
    else:
        # A task of Label Studio holds its text in data.
        data = record.get("data")
        text = data.get("text") if isinstance(data, dict) else data
    return text if isinstance(text, str) else None


def says_entities(record: Record, columns: Columns) -> bool:
    """Tell whether the record says which entities it has, be it none."""
    return _find_list(record, columns) is not None or bool(_find_annotations(record, columns))


def _find_list(record: Record, columns: Columns) -> list[Any] | None:
    """Return the record's spans in whatever form, or None if it has no list of them."""
    keys: tuple[str, ...] = (*SPANS_KEYS, ANNOTATIONS_KEYS[0])
    if columns.tag is not None:
        keys = (find_name(record, columns.tag),)
    elif _find_annotations(record, columns) is not None:
        keys = SPANS_KEYS
    for key in keys:
        if isinstance(record.get(key), list):
            return list(record[key])
    return None


def _find_annotations(record: Record, columns: Columns) -> list[Record] | None:
    """Return the annotations of a task of Label Studio; None if it is none, or has spans itself."""
    if columns.tag is not None or any(isinstance(record.get(key), list) for key in SPANS_KEYS):
        return None
    annotations = _get(record, ANNOTATIONS_KEYS)
    if not isinstance(annotations, list) or not (annotations or "data" in record):
        return None
    for annotation in annotations:
        if not isinstance(annotation, dict) or not isinstance(annotation.get("result"), list):
            return None
    return annotations


def _read_annotations(annotations: list[Record], line: int) -> tuple[list[Any], list[Problem]]:
    """Return the entities of the first annotation of a text, and what is left out.

    Results that lie nowhere in the text are choices, relations or remarks.
    """
    first, *others = annotations
    problems = [Problem("annotation beside the first one of its text, left out", line)] * len(
        others
    )
    spans = []
    for result in first["result"]:
        value = result.get("value") if isinstance(result, dict) else None
        if isinstance(value, dict) and _get(value, (*START_KEYS, *END_KEYS)) is not None:
            spans.append(value)
        else:
            problems.append(Problem("result that is no entity, left out", line))
    return spans, problems


def _read_spans(item: object, line: int, *, source: str) -> tuple[list[CharSpan], list[Problem]]:
    """Return a span in any tool's form, once for each of its types, and what is left out."""
    offsets: list[Any] = []
    label: Any = None
    surface: Any = ""
    if isinstance(item, dict):
        offsets = [_get(item, START_KEYS), _get(item, END_KEYS)]
        if isinstance(item.get("span"), list):
            offsets = item["span"]
        label = _get(item, TYPE_KEYS)
        surface = _get(item, SURFACE_KEYS)
    elif isinstance(item, list) and len(item) == 3:  # noqa: PLR2004 - start, end, label
        *offsets, label = item
    if len(offsets) != 2 or not all(_is_int(offset) for offset in offsets):  # noqa: PLR2004 - start, end
        shown = json.dumps(item, ensure_ascii=False)[:80]
        raise CorpusError(
            f"{source}:{line}: expected an entity with the numbers start and end, and a label, got "
            f"{shown}. Correct or delete it."
        )
    start, end = offsets
    types = label if isinstance(label, list) and label else [label]
    spans = []
    problems = []
    for entity_type in types:
        if isinstance(entity_type, str) and entity_type:
            known_surface = surface if isinstance(surface, str) else ""
            spans.append(CharSpan(start, end, entity_type, known_surface))
        else:
            problems.append(Problem("entity without a type, left out", line))
    return spans, problems


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _get(item: Mapping[str, Any], keys: tuple[str, ...]) -> Any:  # noqa: ANN401 - JSON is anything
    for key in keys:
        if key in item:
            return item[key]
    return None


def _read_tokens(record: Record) -> list[tuple[int, int]] | None:
    """Return the borders of the source's own tokens, or None if it has none."""
    tokens = record.get("tokens")
    if not isinstance(tokens, list) or not all(isinstance(token, dict) for token in tokens):
        return None
    borders = []
    for token in tokens:
        start = token.get("start")
        end = token.get("end")
        if isinstance(start, int) and isinstance(end, int):
            borders.append((start, end))
    return borders or None
