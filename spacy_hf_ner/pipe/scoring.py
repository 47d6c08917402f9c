"""What ``nlp.evaluate`` calls for the component."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from spacy.pipeline.ner import ner_score
from spacy.scorer import Scorer as SpacyScorer
from spacy.tokens import Doc, Span
from spacy.training import Example

__all__ = ["Scorer", "choose_scorer", "score_span_group"]

Scorer = Callable[..., dict[str, Any]]


def choose_scorer(scorer: Scorer | None, *, annotate: str, spans_key: str) -> Scorer | None:
    """Return the scorer that reads what the component writes: entities, or else the span group."""
    if annotate == "spans" and scorer is ner_score:
        return partial(score_span_group, key=spans_key)
    return scorer


def score_span_group(examples: Iterable[Example], *, key: str, **_config: object) -> dict[str, Any]:
    """Return precision, recall and F1 of ``doc.spans[key]``, as spancat reports them.

    Gold is the group of that key in the reference, or its entities where there is no such group.
    The same scores are returned as ``ents_f`` and so on, too, by which ``spacy train`` selects,
    unless another component has set ``doc.ents``.
    """
    examples = list(examples)
    scores = SpacyScorer.score_spans(
        examples,
        attr=f"spans_{key}",
        getter=partial(_get_spans, key=key),
        has_annotation=partial(_has_annotation, key=key),
        allow_overlap=True,
        labeled=True,
    )
    if any(_has_entities_set(example.predicted) for example in examples):
        return scores
    ents_scores = {}
    for name, score in scores.items():
        ents_scores[name.replace(f"spans_{key}", "ents", 1)] = score
    return scores | ents_scores


def _has_entities_set(doc: Doc) -> bool:
    # spaCy says of an empty Doc that it has each annotation.
    return len(doc) > 0 and doc.has_annotation("ENT_IOB")


def _get_spans(doc: Doc, _attr: str, *, key: str) -> Iterable[Span]:
    spans: Iterable[Span] = doc.spans.get(key, doc.ents)
    return spans


def _has_annotation(doc: Doc, *, key: str) -> bool:
    return key in doc.spans or doc.has_annotation("ENT_IOB")
