"""Records with a text and its entities by characters, as annotation tools write them, to sentences."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from spacy_hf_ner.corpus.columns import Columns
from spacy_hf_ner.corpus.json_values import FoundRecord, Record
from spacy_hf_ner.corpus.records import find_name
from spacy_hf_ner.corpus.sentence import Problem, Sentence
from spacy_hf_ner.corpus.source import ReadOptions
from spacy_hf_ner.corpus.texts import CharSpan, make_text_sentence
from spacy_hf_ner.errors import CorpusError

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
    line, record, mended = found
    text, answer = find_text(record, options.columns), record.get("answer")
    if text is None:
        raise CorpusError(
            f"{source}:{line}: expected a text, got only {', '.join(record) or '(no keys)'}."
        )
    items, annotations = (
        _find_list(record, options.columns),
        _find_annotations(record, options.columns),
    )
    valid = [annotation for annotation in annotations or () if not annotation.get("was_cancelled")]
    if answer in REFUSED:
        return *mended, Problem(f"record answered {answer!r}, left out", line)
    if annotations and not valid:
        return *mended, Problem("record whose annotation was cancelled, left out", line)
    if not text.strip():
        return *mended, Problem("text of white space only, left out", line)
    problems = list(mended)
    if valid:
        problems += [Problem("annotation beside the first one of its text, left out", line)] * (
            len(valid) - 1
        )
        items = _keep_spans(valid[0], line, problems)
    sentence = make_text_sentence(
        text,
        [span for item in items or () for span in _read_spans(item, line, problems, source=source)],
        lang=options.lang,
        line=line,
        is_annotated=answer == "accept" or (has_spans if annotations is None else bool(valid)),
        text_id=str(next((record[key] for key in ID_KEYS if record.get(key) is not None), "")),
        tokens=_read_tokens(record),
    )
    return replace(sentence, problems=(*problems, *sentence.problems))


def find_text(record: Record, columns: Columns) -> str | None:
    """Return the record's text, or None if it has none."""
    data = record.get("data")
    inner = data.get("text") if isinstance(data, dict) else data
    text = (
        record.get("text", inner)
        if columns.token is None
        else record.get(find_name(record, columns.token))
    )
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
    return next((list(record[key]) for key in keys if isinstance(record.get(key), list)), None)


def _find_annotations(record: Record, columns: Columns) -> list[Record] | None:
    """Return what annotators said of a task of Label Studio, or None if it is none, or has spans of its own."""
    found = _get(record, ANNOTATIONS_KEYS)
    has_spans = columns.tag is not None or any(
        isinstance(record.get(key), list) for key in SPANS_KEYS
    )
    if has_spans or not isinstance(found, list) or not (found or "data" in record):
        return None
    return (
        found
        if all(isinstance(a, dict) and isinstance(a.get("result"), list) for a in found)
        else None
    )


def _keep_spans(annotation: Record, line: int, problems: list[Problem]) -> list[Any]:
    """Return those results of Label Studio that lie somewhere in the text; others are choices, relations, remarks."""
    values = [
        result.get("value") if isinstance(result, dict) else None for result in annotation["result"]
    ]
    spans = [
        v for v in values if isinstance(v, dict) and _get(v, (*START_KEYS, *END_KEYS)) is not None
    ]
    problems += [Problem("result that is no entity, left out", line)] * (len(values) - len(spans))
    return spans


def _read_spans(
    item: object, line: int, problems: list[Problem], *, source: str
) -> Iterator[CharSpan]:
    """Yield a span in any tool's form, once for each of its types; one without type is left out."""
    if isinstance(item, dict):
        offsets = (
            item["span"]
            if isinstance(item.get("span"), list)
            else [_get(item, START_KEYS), _get(item, END_KEYS)]
        )
        label, surface = _get(item, TYPE_KEYS), _get(item, SURFACE_KEYS)
    elif isinstance(item, list) and len(item) == 3:  # noqa: PLR2004 - start, end, label
        offsets, label, surface = item[:2], item[2], ""
    else:
        offsets, label, surface = [], None, ""
    if len(offsets) != 2 or not all(  # noqa: PLR2004
        isinstance(o, int) and not isinstance(o, bool) for o in offsets
    ):
        raise CorpusError(
            f"{source}:{line}: expected an entity with the numbers start and end, and a label, got "
            f"{json.dumps(item, ensure_ascii=False)[:80]}. Correct or delete it."
        )
    for entity_type in label if isinstance(label, list) and label else [label]:
        if isinstance(entity_type, str) and entity_type:
            yield CharSpan(
                offsets[0], offsets[1], entity_type, surface if isinstance(surface, str) else ""
            )
        else:
            problems.append(Problem("entity without a type, left out", line))


def _get(item: Mapping[str, Any], keys: tuple[str, ...]) -> Any:  # noqa: ANN401 - JSON is anything
    return next((item[key] for key in keys if key in item), None)


def _read_tokens(record: Record) -> list[tuple[int, int]] | None:
    tokens = record.get("tokens")
    if not isinstance(tokens, list) or not all(isinstance(t, dict) for t in tokens):
        return None
    borders = [(token.get("start"), token.get("end")) for token in tokens]
    return [b for b in borders if isinstance(b[0], int) and isinstance(b[1], int)] or None
