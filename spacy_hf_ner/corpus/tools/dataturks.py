"""DataTurks: a text is ``content``, and the end of an entity is its last character.

::

    {"content": "Ed ran", "annotation": [{"label": ["PER"], "points": [{"start": 0, "end": 1}]}]}
"""

from dataclasses import replace

from spacy_hf_ner.corpus.json_values import Record
from spacy_hf_ner.corpus.texts import CharSpan
from spacy_hf_ner.corpus.tools.keyed import read_spans

__all__ = ["is_dataturks", "read_dataturks_spans"]


def is_dataturks(record: Record) -> bool:
    """Tell whether a record is DataTurks'."""
    annotation = record.get("annotation")
    if not isinstance(record.get("content"), str) or "annotation" not in record:
        return False
    if annotation is None:
        return True
    return isinstance(annotation, list) and all(map(_has_points, annotation))


def _has_points(item: object) -> bool:
    return isinstance(item, dict) and isinstance(item.get("points"), list)


def read_dataturks_spans(record: Record, line: int, *, source: str) -> list[CharSpan]:
    """Return the entities of a record.

    Raises:
        CorpusError: One has no offsets.
    """
    spans: list[CharSpan] = []
    for item in record.get("annotation") or ():
        for point in item["points"]:
            spans += _read_point(point, item.get("label"), line, source=source)
    return spans


def _read_point(point: object, label: object, line: int, *, source: str) -> list[CharSpan]:
    labelled: object = point
    if isinstance(point, dict):
        labelled = {**point, "label": label}
    inclusive = read_spans(labelled, line, source=source)
    return [replace(span, end_char=span.end_char + 1) for span in inclusive]
