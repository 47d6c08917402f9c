"""What was found in a Doc, in the forms that other people read."""

from collections.abc import Sequence
from typing import Any, TypedDict

from spacy.tokens import Doc, Span

from spacy_hf_ner.core.schemes import get_scheme
from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.core.tags import write_tags
from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.pipe.annotation import (
    find_char_offsets,
    find_score,
    get_char_offsets,
    get_score,
)

__all__ = ["HFEntity", "as_hf_entities", "as_tags", "scores", "to_json"]


class HFEntity(TypedDict):
    """An entity as Hugging Face's token-classification pipeline gives it."""

    entity_group: str
    score: float | None
    word: str
    start: int
    end: int


def scores(doc: Doc, spans_key: str | None = None) -> list[float | None]:
    """Return the score of each entity of a Doc, in their order.

    It is None for an entity that hf_ner did not find. Unlike ``ent._.score`` it is there whatever
    extensions other packages have registered.

    Args:
        doc: The Doc.
        spans_key: The span group to read in place of ``doc.ents``.

    Raises:
        ConfigError: The Doc has no such group.
    """
    spans = _get_spans(doc, spans_key)
    if spans_key is None:
        return [get_score(span) for span in spans]
    group = doc.spans[spans_key]
    return [find_score(span, group, place=i) for i, span in enumerate(spans)]


def as_hf_entities(doc: Doc, spans_key: str | None = None) -> list[HFEntity]:
    """Return the entities of a Doc as Hugging Face's pipeline does; positions are characters.

    They are those of the entity itself where it was decoded on parts of tokens. For the arguments
    see :func:`scores`.
    """
    entities: list[HFEntity] = []
    text = doc.text
    spans = _get_spans(doc, spans_key)
    for i, (span, score) in enumerate(zip(spans, scores(doc, spans_key), strict=True)):
        char_offsets = None
        if spans_key is not None:
            char_offsets = find_char_offsets(span, doc.spans[spans_key], place=i)
        start_char, end_char = char_offsets or get_char_offsets(span)
        entity: HFEntity = {
            "entity_group": span.label_,
            "score": score,
            "word": text[start_char:end_char],
            "start": start_char,
            "end": end_char,
        }
        entities.append(entity)
    return entities


def as_tags(doc: Doc, scheme: str = "IOB2", spans_key: str | None = None) -> list[str]:
    """Return a tag for each token of a Doc, in any scheme.

    Args:
        doc: The Doc.
        scheme: The name of the scheme.
        spans_key: The span group to read in place of ``doc.ents``.

    Raises:
        TagError: There is no such scheme, or spans of the group overlap.
        ConfigError: The Doc has no such group.
    """
    spans: list[TokenSpan] = []
    for span in _get_spans(doc, spans_key):
        spans.append(TokenSpan(span.start, span.end, span.label_))
    return [str(tag) for tag in write_tags(spans, len(doc), get_scheme(scheme))]


def to_json(doc: Doc, spans_key: str | None = None) -> dict[str, Any]:
    """Return what ``doc.to_json()`` does, with the score of each entity.

    Args:
        doc: The Doc.
        spans_key: A span group whose spans get scores, too.

    Raises:
        ConfigError: The Doc has no such group.
    """
    json: dict[str, Any] = doc.to_json()
    _add_scores(json.get("ents", []), scores(doc))
    if spans_key is not None:
        _add_scores(json["spans"][spans_key], scores(doc, spans_key))
    return json


def _add_scores(spans: Sequence[dict[str, Any]], scores: Sequence[float | None]) -> None:
    """Write the score of each span beside its borders and its label."""
    for span, score in zip(spans, scores, strict=True):
        span["score"] = score


def _get_spans(doc: Doc, spans_key: str | None) -> Sequence[Span]:
    """Return the entities of a Doc, or the spans of a group."""
    if spans_key is None:
        return list(doc.ents)
    if spans_key not in doc.spans:
        groups = ", ".join(repr(key) for key in doc.spans) or "none"
        raise ConfigError(
            f"the Doc has no span group {spans_key!r}, but {groups}. Each hf_ner writes the one "
            "that its setting spans_key names, by default that of its own name.",
            settings=("spans_key",),
        )
    return list(doc.spans[spans_key])
