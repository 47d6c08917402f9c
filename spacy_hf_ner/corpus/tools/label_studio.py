"""Label Studio: tasks with a text in ``data`` and one annotation for each annotator.

::

    {"data": {"text": "Ed ran"},
     "annotations": [{"result": [{"value": {"start": 0, "end": 2, "labels": ["PER"]}}]}]}

In tasks of HTML, offsets count the characters of the text that a browser shows: ``globalOffsets``.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Final, TextIO

from spacy.tokens import Doc

from spacy_hf_ner.corpus.format import Target
from spacy_hf_ner.corpus.json_values import Record
from spacy_hf_ner.corpus.sentence import Problem, Sentence
from spacy_hf_ner.corpus.tools.doc_entities import (
    DocEntity,
    find_entities,
    find_lowest_score,
    judge_annotation,
    read_meta,
)
from spacy_hf_ner.corpus.tools.keyed import END_KEYS, START_KEYS
from spacy_hf_ner.corpus.tools.values import get_first

__all__ = [
    "DOCUMENT_KEY",
    "TEXT_KEYS",
    "LabelStudioWriter",
    "Task",
    "find_text",
    "is_annotated",
    "is_task",
    "read_task",
]

ANNOTATIONS_KEYS: Final = ("annotations", "completions")  # a list with one item an annotator
DOCUMENT_KEY: Final = "document_id"  # in data
MODEL_VERSION: Final = "spacy-hf-ner"  # of predictions that are written
PREDICTIONS_KEY: Final = "predictions"
TEXT_KEYS: Final = ("text", "html", "hypertext")
HIDDEN_ELEMENTS: Final = frozenset({"script", "style"})


@dataclass(slots=True)
class Task:
    """What annotators say of a task.

    Attributes:
        spans: Its entities as the first annotator has them, or a model that was asked.
        is_annotated: Whether somebody has annotated it.
        is_cancelled: Whether whoever did has cancelled it.
        problems: What was left out.
    """

    spans: list[dict[str, Any]] = field(default_factory=list)
    is_annotated: bool = False
    is_cancelled: bool = False
    problems: list[Problem] = field(default_factory=list)


def is_task(record: Record) -> bool:
    """Tell whether a record is a task."""
    annotations = get_first(record, (*ANNOTATIONS_KEYS, PREDICTIONS_KEY))
    if not isinstance(annotations, list) or not (annotations or "data" in record):
        return False
    return all(map(_has_result, annotations))


def _has_result(annotation: object) -> bool:
    return isinstance(annotation, dict) and isinstance(annotation.get("result"), list)


def is_annotated(record: Record) -> bool:
    """Tell whether somebody has annotated a task."""
    return bool(get_first(record, ANNOTATIONS_KEYS))


def read_task(record: Record, line: int, *, with_predictions: bool) -> Task:
    """Return what annotators say of a task.

    Args:
        record: The task.
        line: Its line.
        with_predictions: Whether predictions are read where there is no annotation.
    """
    task = Task()
    annotations = get_first(record, ANNOTATIONS_KEYS) or []
    valid = [annotation for annotation in annotations if not annotation.get("was_cancelled")]
    task.is_cancelled = bool(annotations) and not valid
    predictions = record.get(PREDICTIONS_KEY)
    if not annotations and with_predictions and isinstance(predictions, list):
        valid = list(filter(_has_result, predictions))
        problem = Problem("prediction, read because nobody has annotated a text", line)
        task.problems += [problem] * bool(valid)
    if not valid:
        return task
    task.is_annotated = True
    first, *others = valid
    problem = Problem("annotation beside the first one of its text, left out", line)
    task.problems += [problem] * len(others)
    for result in first["result"]:
        span = _read_result(result)
        if span is None:
            # It lies nowhere in the text: a choice, a relation or a remark.
            task.problems.append(Problem("result that is no entity, left out", line))
        else:
            task.spans.append(span)
    return task


def _read_result(result: object) -> dict[str, Any] | None:
    """Return an entity with its offsets and its score, or None if a result is none."""
    if not isinstance(result, dict) or not isinstance(result.get("value"), dict):
        return None
    value: dict[str, Any] = dict(result["value"])
    offsets = value.get("globalOffsets")
    if isinstance(offsets, dict):
        # The other offsets are XPaths of elements.
        value.update(start=offsets.get("start"), end=offsets.get("end"))
    if get_first(value, (*START_KEYS, *END_KEYS)) is None:
        return None
    if "score" in result:
        value.setdefault("score", result["score"])
    return value


def find_text(record: Record) -> str | None:
    """Return the text of a task, which may be HTML, or be called something else."""
    data = record.get("data", record)
    if isinstance(data, str):
        return data
    if not isinstance(data, dict):
        return None
    text = get_first(data, TEXT_KEYS)
    if text is None:
        text = _find_only_text(data)
    if not isinstance(text, str):
        return None
    if _has_html(record):
        return _show_html(text)
    return text


def _find_only_text(data: Mapping[str, Any]) -> str | None:
    texts = [value for value in data.values() if isinstance(value, str)]
    if len(texts) != 1:
        return None
    return texts[0]


def _has_html(record: Record) -> bool:
    """Tell whether the text of a task is HTML: its offsets, or the name of its text, say so."""
    data = record.get("data")
    if isinstance(data, dict) and "text" not in data and get_first(data, TEXT_KEYS) is not None:
        return True
    for key in (*ANNOTATIONS_KEYS, PREDICTIONS_KEY):
        annotations = record.get(key)
        if not isinstance(annotations, list):
            continue
        for annotation in filter(_has_result, annotations):
            if any(map(_counts_shown_text, annotation["result"])):
                return True
    return False


def _counts_shown_text(result: object) -> bool:
    if not isinstance(result, dict):
        return False
    value = result.get("value")
    return isinstance(value, dict) and "globalOffsets" in value


class _ShownText(HTMLParser):
    """Collects the text between tags, with its entities (``&amp;``) as characters."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._n_hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - HTMLParser's
        """Notice where text begins that no browser shows."""
        self._n_hidden += tag in HIDDEN_ELEMENTS

    def handle_endtag(self, tag: str) -> None:
        """Notice where it ends."""
        self._n_hidden -= tag in HIDDEN_ELEMENTS and self._n_hidden > 0

    def handle_data(self, data: str) -> None:
        """Take text."""
        if not self._n_hidden:
            self.pieces.append(data)


def _show_html(html: str) -> str:
    """Return the text of HTML.

    >>> _show_html("<p>Ed &amp; <b>Li</b></p>")
    'Ed & Li'
    """
    parser = _ShownText()
    parser.feed(html)
    parser.close()
    return "".join(parser.pieces)


# ----------------------------------------------------------------------------------------------
# writing


class LabelStudioWriter:
    """Writes one array of tasks: gold as annotations, predictions as what they are."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._file: TextIO = target.path.open("w", encoding="utf-8", newline="\n")
        self._file.write("[")
        self._separator = "\n"

    def add(self, sentences: Sequence[Sentence], doc: Doc) -> None:  # noqa: ARG002 - all get it
        """Take one document."""
        spans_key = self._target.spans_key
        entities = find_entities(doc, spans_key)
        data: dict[str, Any] = {"text": doc.text}
        if doc.user_data.get("document_id"):
            data[DOCUMENT_KEY] = doc.user_data["document_id"]
        for key, value in read_meta(doc).items():
            data.setdefault(key, value)
        task: dict[str, Any] = {"data": data}
        annotated = judge_annotation(doc, spans_key)
        if annotated == "some":
            self._target.report("missing annotation, which Label Studio cannot tell from no entity")
        results = [_make_result(number, entity) for number, entity in enumerate(entities)]
        lowest = find_lowest_score(entities)
        if annotated != "none" and (self._target.is_predicted or lowest is not None):
            prediction: dict[str, Any] = {"model_version": MODEL_VERSION, "result": results}
            if lowest is not None:
                prediction["score"] = lowest
            task[PREDICTIONS_KEY] = [prediction]
        elif annotated != "none":
            task[ANNOTATIONS_KEYS[0]] = [{"result": results}]
        self._file.write(self._separator + json.dumps(task, ensure_ascii=False))
        self._separator = ",\n"

    def finish(self) -> None:
        """End the array."""
        self._file.write("\n]\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _make_result(number: int, entity: DocEntity) -> dict[str, Any]:
    """Return an entity as a region, named as in Label Studio's template for entities."""
    result: dict[str, Any] = {
        "id": f"e{number}",
        "from_name": "label",
        "to_name": "text",
        "type": "labels",
        "value": {
            "start": entity.start_char,
            "end": entity.end_char,
            "text": entity.text,
            "labels": [entity.entity_type],
        },
    }
    if entity.score is not None:
        result["score"] = entity.score
    return result
