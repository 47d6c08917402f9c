"""The entities of a Doc as annotation tools want them: by characters, with scores."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Final, Literal

from spacy.tokens import Doc, Span

from spacy_hf_ner.corpus.docs import LAYERS_KEY, META_KEY, REJECTED_KEY, SCORES_KEY

__all__ = [
    "SCORE_KEY",
    "DocEntity",
    "find_entities",
    "find_lowest_score",
    "find_rejected",
    "judge_annotation",
    "read_meta",
]

SCORE_KEY: Final = "score"

Annotated = Literal["all", "some", "none"]


@dataclass(frozen=True, slots=True)
class DocEntity:
    """An entity of a Doc.

    Attributes:
        start_char: Its first character.
        end_char: The character after its last one.
        start: Its first token.
        end: The token after its last one.
        entity_type: Its type.
        text: Its text.
        score: How sure the source is of it, or None.
    """

    start_char: int
    end_char: int
    start: int
    end: int
    entity_type: str
    text: str
    score: float | None = None


def find_entities(doc: Doc, spans_key: str = "") -> list[DocEntity]:
    """Return the entities of a Doc in order, with their scores.

    Args:
        doc: The Doc.
        spans_key: The span group that holds them. Without a name, it is that of all levels where
            the Doc has one, else they are ``doc.ents``.
    """
    group = doc.spans.get(spans_key or LAYERS_KEY)
    if group is None and not spans_key:
        return _make_entities(doc.ents)
    if group is None:
        return []
    scores = group.attrs.get(SCORES_KEY, ())
    if len(scores) != len(group):
        scores = [None] * len(group)
    return _make_entities(group, scores)


def find_rejected(doc: Doc) -> list[DocEntity]:
    """Return the spans that are known to be no entities of their types."""
    return _make_entities(doc.spans.get(REJECTED_KEY, ()))


def _make_entities(
    spans: Iterable[Span], scores: Iterable[float | None] = repeat(None)
) -> list[DocEntity]:
    entities: list[DocEntity] = []
    for span, score in zip(spans, scores, strict=False):
        entity = DocEntity(
            span.start_char,
            span.end_char,
            span.start,
            span.end,
            span.label_,
            span.text,
            score,
        )
        entities.append(entity)
    return sorted(entities, key=lambda entity: (entity.start, entity.end))


def find_lowest_score(entities: Iterable[DocEntity]) -> float | None:
    """Return the score of the entity that the source is least sure of, or None without scores."""
    scores = [entity.score for entity in entities if entity.score is not None]
    return min(scores, default=None)


def judge_annotation(doc: Doc, spans_key: str = "") -> Annotated:
    """Return how much of a Doc is annotated: all of its words, some or none.

    A Doc whose entities are in a span group is annotated if it has the group.
    """
    if spans_key in doc.spans:
        return "all"
    if spans_key:
        return "none"
    n_words = 0
    n_missing = 0
    for token in doc:
        if not token.is_space:
            n_words += 1
            n_missing += token.ent_iob == 0
    if n_missing == 0:
        return "all"
    if n_missing == n_words and REJECTED_KEY not in doc.spans:
        return "none"
    return "some"


def read_meta(doc: Doc) -> dict[str, Any]:
    """Return what the source says of a Doc besides."""
    meta = doc.user_data.get(META_KEY)
    if isinstance(meta, dict):
        return dict(meta)
    return {}
