"""Entities on a Doc: set them with their scores, and find the scores again."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from spacy.attrs import ENT_ID, ENT_KB_ID
from spacy.tokens import Doc, Span, SpanGroup

from spacy_hf_ner.core.arrays import Bools
from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.pipe.component_settings import Overwrite
from spacy_hf_ner.pipe.segments import find_kept_tokens
from spacy_hf_ner.pipe.span_group import LastingSpanGroup

__all__ = [
    "ANNOTATOR",
    "CharOffsets",
    "ScoredSpan",
    "choose_entities",
    "find_char_offsets",
    "find_score",
    "get_char_offsets",
    "get_offsets_on_parts",
    "get_score",
    "has_score_extension",
    "make_spans",
    "register_extensions",
    "set_entities",
    "set_span_group",
    "without_entities",
]

ANNOTATOR = "hf_ner"  # in the attrs of span groups whose scores are ours

CharOffsets = tuple[int, int]
"""The first character of an entity in ``doc.text``, and the character after its last one."""


class ScoredSpan(NamedTuple):
    """An entity that was found, and how probable it is.

    Attributes:
        span: Its tokens and its type.
        score: Its probability, in [0, 1].
        char_offsets: Its characters, where it was decoded on parts of tokens; None for those of its
            tokens.
    """

    span: TokenSpan
    score: float
    char_offsets: CharOffsets | None = None


def get_offsets_on_parts(found: Sequence[ScoredSpan]) -> list[CharOffsets | None] | None:
    """Return the characters of each entity; None if all were decoded on whole tokens."""
    char_offsets = [scored_span.char_offsets for scored_span in found]
    return char_offsets if any(char_offsets) else None


def choose_entities(spans: list[Span], scores: Sequence[float]) -> list[Span]:
    """Return those of the spans that can be entities together: no two share a token.

    Spans that were decoded on parts of tokens may. Of two that do it is the likelier one, of two
    equally likely ones the longer.

    Args:
        spans: The spans, in order of their start.
        scores: Their scores.
    """
    if not _overlap(spans):
        return spans
    chosen: list[Span] = []
    taken: set[int] = set()
    for span, _ in sorted(zip(spans, scores, strict=True), key=_rank):
        tokens = range(span.start, span.end)
        if taken.isdisjoint(tokens):
            chosen.append(span)
            taken.update(tokens)
    return sorted(chosen, key=lambda span: span.start)


def _rank(scored: tuple[Span, float]) -> tuple[float, int]:
    """Return what brings spans that share a token into an order in which the best comes first."""
    span, score = scored
    return -score, -len(span)


def _overlap(spans: Sequence[Span]) -> bool:
    """Tell whether two spans, given in order of their start, share a token."""
    return any(span.end > following.start for span, following in pairwise(spans))


def make_spans(doc: Doc, found: Sequence[ScoredSpan]) -> list[Span]:
    """Return what was found as spaCy's spans."""
    spans: list[Span] = []
    for scored_span in found:
        span = scored_span.span
        spans.append(Span(doc, span.start, span.end, label=span.entity_type))
    return spans


def set_entities(doc: Doc, spans: list[Span], *, overwrite: Overwrite) -> None:
    """Set ``doc.ents``; afterwards no token's annotation is missing.

    Args:
        doc: The Doc.
        spans: Spans that do not overlap each other, nor entities that are kept.
        overwrite: What goes of what was set earlier, ids included: all of it, the entities that a
            span overlaps, or nothing.
    """
    is_kept = find_kept_tokens(doc)
    if overwrite == "overlapping":
        is_kept &= ~_find_overlapped(doc, spans)
    elif overwrite:
        is_kept[:] = False
    if overwrite:
        _clear_entity_ids(doc, ~is_kept)
    if not is_kept.any():
        doc.set_ents(spans, default="outside")
        return
    is_outside = ~is_kept
    for span in spans:
        is_outside[span.start : span.end] = False
    doc.set_ents(spans, outside=_find_runs(doc, is_outside), default="unmodified")


def _find_overlapped(doc: Doc, spans: Sequence[Span]) -> Bools:
    """Return the tokens of spans, and all those of each entity that shares one with a span.

    ::

        spans       .  [LOC]  .   .    .
        entities    [ ORG    ]   [PER]
        overlapped  T   T    T    .    .

    Shape: (n_tokens,).
    """
    is_covered = np.zeros(len(doc), dtype=bool)
    for span in spans:
        is_covered[span.start : span.end] = True
    is_overlapped = is_covered.copy()
    for entity in doc.ents:
        if is_covered[entity.start : entity.end].any():
            is_overlapped[entity.start : entity.end] = True
    return is_overlapped


def _clear_entity_ids(doc: Doc, wanted: Bools) -> None:
    """Remove the ids of entities from some tokens; ``set_ents`` alone would keep them."""
    ids = doc.to_array([ENT_ID, ENT_KB_ID]).reshape(-1, 2)
    for token_i in np.flatnonzero(ids.any(axis=1) & wanted).tolist():
        doc[token_i].ent_id = 0
        doc[token_i].ent_kb_id = 0


def _find_runs(doc: Doc, wanted: Bools) -> list[Span]:
    """Return the runs of wanted tokens as spans without a label."""
    # A run begins where the difference to the token before is 1, and ends where it is -1:
    #   wanted      . T T . T .    with a False before the first token and after the last
    #   difference  0 1 0 -1 1 -1 0
    padded = np.concatenate([[False], wanted, [False]]).astype(np.int8)
    edges = np.flatnonzero(np.diff(padded))
    return [Span(doc, start, end) for start, end in edges.reshape(-1, 2).tolist()]


def without_entities(doc: Doc) -> Doc:
    """Return the Doc, or a copy without entities if it has some, which prediction would keep."""
    if not find_kept_tokens(doc).any():
        return doc
    stripped = doc.copy()
    stripped.set_ents([], default="missing")
    return stripped


def set_span_group(
    doc: Doc,
    spans: list[Span],
    scores: list[float],
    *,
    key: str,
    keep_entities: bool = False,
    char_offsets: Sequence[CharOffsets | None] | None = None,
) -> None:
    """Set ``doc.spans[key]``, with a list of scores in its ``attrs["scores"]``.

    Args:
        doc: The Doc.
        spans: The spans, in order of their start.
        scores: Their scores.
        key: The key.
        keep_entities: Keep those spans of an earlier group, with their scores, that are still
            entities of the Doc. There is one if the Doc went through a pipeline before, or if
            another hf_ner has the same key.
        char_offsets: The characters of each span, which are in ``attrs["char_offsets"]`` if any
            differ from those of the tokens; None for those.
    """
    earlier = doc.spans.get(key)
    if keep_entities and earlier is not None:
        known = char_offsets or [None] * len(spans)
        annotated = list(zip(spans, scores, known, strict=True))
        merged = _merge_annotated(doc, annotated, earlier)
        spans = [span for span, _, _ in merged]
        scores = [score for _, score, _ in merged]
        char_offsets = [offsets for _, _, offsets in merged]
    attrs: dict[str, Any] = {"scores": scores, "annotator": ANNOTATOR}
    if char_offsets is not None and any(map(_differs, spans, char_offsets)):
        # Lists, as they come back from bytes.
        attrs["char_offsets"] = [
            list(offsets or _get_borders(span))
            for span, offsets in zip(spans, char_offsets, strict=True)
        ]
    doc.spans[key] = LastingSpanGroup(doc, name=key, spans=spans, attrs=attrs)


_Annotated = tuple[Span, float, CharOffsets | None]


def _merge_annotated(doc: Doc, annotated: list[_Annotated], earlier: SpanGroup) -> list[_Annotated]:
    """Return new spans, and the entities of a Doc that have an earlier score."""
    is_new = {(span.start, span.end, span.label) for span, _, _ in annotated}
    merged = list(annotated)
    for entity in doc.ents:
        if (entity.start, entity.end, entity.label) in is_new:
            continue
        score = find_score(entity, earlier)
        if score is not None:
            merged.append((entity, score, find_char_offsets(entity, earlier)))
    merged.sort(key=lambda span_first: (span_first[0].start, span_first[0].end))
    return merged


def _differs(span: Span, char_offsets: CharOffsets | None) -> bool:
    """Tell whether an entity has other characters than its tokens."""
    return char_offsets is not None and char_offsets != _get_borders(span)


def get_score(span: Span) -> float | None:
    """Return how probable a span with its type is, in [0, 1]; None if hf_ner did not set it.

    This is what ``span._.score`` calls. The span is looked up by its characters and label in the
    groups that hf_ner made. ``span.as_doc()`` has none of these groups, and ``Doc.from_docs`` drops
    their scores.
    """
    for group in span.doc.spans.values():
        score = find_score(span, group)
        if score is not None:
            return score
    return None


def get_char_offsets(span: Span) -> CharOffsets:
    """Return first character and end of the entity that a span was set for.

    This is what ``span._.char_offsets`` calls. They are those of the span's tokens, unless hf_ner
    decoded the entity on parts of tokens. The span is looked up as for :func:`get_score`.
    """
    for group in span.doc.spans.values():
        char_offsets = find_char_offsets(span, group)
        if char_offsets is not None:
            return char_offsets
    return _get_borders(span)


def find_score(span: Span, group: SpanGroup, *, place: int | None = None) -> float | None:
    """Return the score that a group has for a span; None if it has none.

    Args:
        span: The span.
        group: The group.
        place: The place of the span in the group, where it was taken from there: several spans may
            have the same tokens and label.
    """
    found = _find_place(span, group, place)
    return None if found is None else float(group.attrs["scores"][found])


def find_char_offsets(
    span: Span, group: SpanGroup, *, place: int | None = None
) -> CharOffsets | None:
    """Return the characters that a group has for a span; None if it has none.

    For the arguments see :func:`find_score`.
    """
    if "char_offsets" not in group.attrs:
        return None
    found = _find_place(span, group, place)
    if found is None:
        return None
    start_char, end_char = group.attrs["char_offsets"][found]
    return int(start_char), int(end_char)


def _find_place(span: Span, group: SpanGroup, place: int | None) -> int | None:
    """Return the place in a group of hf_ner at which a span is that has a score."""
    scores = group.attrs.get("scores", ())
    if group.attrs.get("annotator") != ANNOTATOR or len(scores) > len(group):
        return None
    # The first spans have the scores, and are in order of their start. Spans that others appended
    # come after them, and have no score.
    scored = range(len(scores))
    if place in scored:
        return place
    borders = _get_borders(span)
    try:
        first = bisect_left(scored, borders, key=lambda i: _get_borders(group[i]))
        for i in scored[first:]:
            if _get_borders(group[i]) != borders:
                break
            if group[i].label == span.label:
                return i
    except IndexError:
        # A group that was stored and read again is spaCy's own. Its spans may lie behind the end of
        # a Doc that was retokenized since (spaCy's E035).
        return None
    return None


def _get_borders(span: Span) -> CharOffsets:
    return span.start_char, span.end_char


def register_extensions() -> None:
    """Register ``span._.score`` and ``span._.char_offsets``, but for names that are taken."""
    if not Span.has_extension("score"):
        Span.set_extension("score", getter=get_score)
    if not Span.has_extension("char_offsets"):
        Span.set_extension("char_offsets", getter=get_char_offsets)


def has_score_extension() -> bool:
    """Tell whether ``span._.score`` is ours, and not another package's."""
    if not Span.has_extension("score"):
        return False
    _, _, getter, _ = Span.get_extension("score")
    return getter is get_score
