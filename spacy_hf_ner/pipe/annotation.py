"""Entities on a Doc: set them with their scores, and read them back in other people's formats."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from spacy.attrs import ENT_ID, ENT_KB_ID
from spacy.tokens import Doc, Span, SpanGroup

from spacy_hf_ner.core.schemes import get_scheme
from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.core.tags import write_tags
from spacy_hf_ner.pipe.segments import find_kept_tokens
from spacy_hf_ner.pipe.span_group import LastingSpanGroup

ANNOTATOR = "hf_ner"  # marks span groups whose scores are this component's


@dataclass(frozen=True, slots=True)
class ScoredSpan:
    """An entity that was found, and how probable it is.

    Attributes:
        span: Where and what.
        score: In [0, 1].
    """

    span: TokenSpan
    score: float


class HFEntity(TypedDict):
    """An entity as Hugging Face's token-classification pipeline gives it."""

    entity_group: str
    score: float | None
    word: str
    start: int
    end: int


def make_spans(doc: Doc, found: Sequence[ScoredSpan]) -> list[Span]:
    """Return what was found as spaCy's spans."""
    return [Span(doc, one.span.start, one.span.end, label=one.span.entity_type) for one in found]


def set_entities(doc: Doc, spans: list[Span], *, overwrite: bool) -> None:
    """Set ``doc.ents``; afterwards no token's annotation is missing.

    Args:
        doc: The Doc.
        spans: Spans that overlap neither each other nor, unless they overwrite, entities that are kept.
        overwrite: Replace what was set earlier, ids included.
    """
    if overwrite:
        for i in np.flatnonzero(doc.to_array([ENT_ID, ENT_KB_ID]).reshape(-1, 2).any(axis=1)):
            doc[int(i)].ent_id = doc[int(i)].ent_kb_id = 0  # set_ents would keep them
    elif (kept := find_kept_tokens(doc)).any():
        free = ~kept
        for span in spans:
            free[span.start : span.end] = False
        doc.set_ents(spans, outside=_find_runs(doc, free), default="unmodified")
        return
    doc.set_ents(spans, default="outside")


def without_entities(doc: Doc) -> Doc:
    """Return the Doc, or a copy if it has entities: the component would work around them."""
    if not find_kept_tokens(doc).any():
        return doc
    stripped = doc.copy()
    stripped.set_ents([], default="missing")
    return stripped


def set_span_group(
    doc: Doc, spans: list[Span], scores: list[float], *, key: str, keep_entities: bool = False
) -> None:
    """Set ``doc.spans[key]``, with a list of scores in its ``attrs["scores"]``.

    Args:
        doc: The Doc.
        spans: The spans, in order of their start.
        scores: Their scores.
        key: The key.
        keep_entities: Keep the spans of an earlier group that are entities of the Doc still, and their scores: the
            Doc went through a pipeline before, or another hf_ner has the same key.
    """
    earlier = doc.spans.get(key)
    if keep_entities and earlier is not None:
        found = {
            (span.start, span.end, span.label): score
            for span, score in zip(spans, scores, strict=True)
        }
        known = [found.get((e.start, e.end, e.label), _find_score(e, earlier)) for e in doc.ents]
        spans = [ent for ent, score in zip(doc.ents, known, strict=True) if score is not None]
        scores = [score for score in known if score is not None]
    attrs = {"scores": scores, "annotator": ANNOTATOR}
    doc.spans[key] = LastingSpanGroup(doc, name=key, spans=spans, attrs=attrs)


def get_score(span: Span) -> float | None:
    """Return how probable a span with its type is, in [0, 1]; None if hf_ner did not set it.

    It is what ``span._.score`` calls. The span is looked up by its characters and label in the groups that hf_ner made.
    spaCy leaves these behind in ``span.as_doc()``, and their scores in ``Doc.from_docs``.
    """
    scores = (_find_score(span, group) for group in span.doc.spans.values())
    return next((score for score in scores if score is not None), None)


def _find_score(span: Span, group: SpanGroup) -> float | None:
    """Return the score that a group has for a span; None if it has none, or not one for each of its first spans.

    Spans that others appended to the group are behind those with scores. A group that was stored and read again is
    spaCy's own, and may point behind the end of a Doc that was retokenized since.
    """
    scores = group.attrs.get("scores", ())
    if group.attrs.get("annotator") != ANNOTATOR or len(scores) > len(group):
        return None
    place = (span.start_char, span.end_char)
    try:
        first = bisect_left(range(len(scores)), place, key=lambda i: _get_place(group[i]))
        for i in range(first, len(scores)):
            if _get_place(group[i]) != place:
                break
            if group[i].label == span.label:
                return float(scores[i])
    except IndexError:  # spaCy's E035: the span is behind the end
        return None
    return None


def _get_place(span: Span) -> tuple[int, int]:
    return span.start_char, span.end_char


def register_score_extension() -> None:
    """Register ``span._.score``, unless somebody has registered an extension of that name."""
    if not Span.has_extension("score"):
        Span.set_extension("score", getter=get_score)


def as_hf_entities(doc: Doc) -> list[HFEntity]:
    """Return the entities of a Doc as Hugging Face's pipeline gives them; positions are characters."""
    return [
        {
            "entity_group": ent.label_,
            "score": get_score(ent),
            "word": ent.text,
            "start": ent.start_char,
            "end": ent.end_char,
        }
        for ent in doc.ents
    ]


def as_tags(doc: Doc, scheme: str = "IOB2") -> list[str]:
    """Return a tag for each token of a Doc, in any scheme.

    Raises:
        TagError: There is no such scheme.
    """
    spans = [TokenSpan(ent.start, ent.end, ent.label_) for ent in doc.ents]
    return [str(tag) for tag in write_tags(spans, len(doc), get_scheme(scheme))]


def _find_runs(doc: Doc, wanted: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> list[Span]:
    """Return the runs of wanted tokens as spans without a label."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], wanted, [False]]).astype(np.int8)))
    return [Span(doc, int(start), int(end)) for start, end in edges.reshape(-1, 2)]
