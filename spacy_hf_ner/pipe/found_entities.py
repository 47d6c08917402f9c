"""The entities that a pipeline has found in a Doc, wherever it has put them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from spacy.tokens import Doc, Span

from spacy_hf_ner.pipe.annotation import get_score

__all__ = ["EntityFinder", "describe_entities", "make_record"]


@dataclass(frozen=True, slots=True)
class EntityFinder:
    """Where the entities of a pipeline's Docs are.

    Attributes:
        spans_key: The span group that the user names, or None for ``doc.ents``.
        fallback_key: The span group of a pipeline that does not set ``doc.ents``.
    """

    spans_key: str | None
    fallback_key: str

    def find(self, doc: Doc | None) -> list[Span]:
        """Return the entities of a Doc; none if there is no Doc."""
        if doc is None:
            return []
        group = self.find_group(doc)
        return list(doc.spans.get(group, ())) if group else list(doc.ents)

    def find_group(self, doc: Doc) -> str:
        """Return the span group that holds the entities of a Doc; empty for ``doc.ents``."""
        if self.spans_key is not None:
            return self.spans_key
        return "" if doc.has_annotation("ENT_IOB") else self.fallback_key


def describe_entities(entities: Sequence[Span]) -> list[dict[str, Any]]:
    """Return entities as records that ``hf-ner convert`` reads, too."""
    records: list[dict[str, Any]] = []
    for span in entities:
        score = get_score(span)
        records.append(
            make_record(span.start_char, span.end_char, span.label_, span.text, score=score)
        )
    return records


def make_record(
    start_char: int, end_char: int, entity_type: str, text: str, *, score: float | None
) -> dict[str, Any]:
    """Return the record of an entity: in lines of ``hf-ner annotate``, the service and the demo."""
    return {
        "start": start_char,
        "end": end_char,
        "label": entity_type,
        "text": text,
        "score": score,
    }
