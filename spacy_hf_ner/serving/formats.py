"""A Doc with its entities → what a client asked for: which entities, and in whose form.

A form is a function and a line in ``FORMATS``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from spacy.tokens import Doc, Span

from spacy_hf_ner.core.schemes import get_scheme
from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.core.tags import write_tags
from spacy_hf_ner.core.thresholds import Threshold, reaches
from spacy_hf_ner.pipe.annotation import (
    find_char_offsets,
    find_score,
    get_char_offsets,
    get_score,
)
from spacy_hf_ner.pipe.found_entities import EntityFinder, make_record

__all__ = ["FORMATS", "Choice", "FoundEntity", "describe_doc", "name_presidio_type"]


# What Presidio gives an entity whose recognizer has no scores.
_UNSCORED: Final = 0.85

# Presidio's names for what token classifiers find; a type that has none keeps its own.
_PRESIDIO_TYPES: Final[Mapping[str, str]] = {
    "PER": "PERSON",
    "LOC": "LOCATION",
    "GPE": "LOCATION",
    "FAC": "LOCATION",
    "ORG": "ORGANIZATION",
    "NORP": "NRP",
    "DATE": "DATE_TIME",
    "TIME": "DATE_TIME",
}


@dataclass(frozen=True, slots=True)
class FoundEntity:
    """An entity of a Doc.

    Attributes:
        span: Its tokens.
        score: How probable it is; None if its component gives no scores.
        start_char: Its first character.
        end_char: The character after its last one.
    """

    span: Span
    score: float | None
    start_char: int
    end_char: int

    @property
    def entity_type(self) -> str:
        """What it is."""
        return self.span.label_

    @property
    def text(self) -> str:
        """Its characters."""
        return self.span.doc.text[self.start_char : self.end_char]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which entities a client wants.

    Attributes:
        threshold: The lowest score, for all types or for each; None for no threshold.
        entity_types: Their types; None for all.
        format_name: In whose form, one of ``FORMATS``.
    """

    threshold: Threshold = None
    entity_types: frozenset[str] | None = None
    format_name: str = "own"

    def wants(self, entity: FoundEntity) -> bool:
        """Tell whether an entity is one of them; one without a score is."""
        if self.entity_types is not None and entity.entity_type not in self.entity_types:
            return False
        return reaches(self.threshold, entity.entity_type, entity.score)


def describe_doc(doc: Doc, finder: EntityFinder, choice: Choice) -> dict[str, Any]:
    """Return the entities of a Doc that a client wants, as a value that JSON has.

    Raises:
        TagError: They overlap, and have to be written as tags.
    """
    chosen = [entity for entity in _find(doc, finder) if choice.wants(entity)]
    return FORMATS[choice.format_name](doc, chosen)


def _find(doc: Doc, finder: EntityFinder) -> list[FoundEntity]:
    group_name = finder.find_group(doc)
    found: list[FoundEntity] = []
    if not group_name:
        for span in doc.ents:
            found.append(FoundEntity(span, get_score(span), *get_char_offsets(span)))
        return found
    group = doc.spans.get(group_name, ())
    for place, span in enumerate(group):
        score = find_score(span, group, place=place)
        offsets = find_char_offsets(span, group, place=place)
        found.append(FoundEntity(span, score, *(offsets or get_char_offsets(span))))
    return found


def _as_own(_doc: Doc, entities: Sequence[FoundEntity]) -> dict[str, Any]:
    """Return the entities as the lines of ``hf-ner annotate`` have them."""
    records: list[dict[str, Any]] = []
    for entity in entities:
        place = entity.start_char, entity.end_char
        records.append(make_record(*place, entity.entity_type, entity.text, score=entity.score))
    return {"entities": records}


def _as_hf(_doc: Doc, entities: Sequence[FoundEntity]) -> dict[str, Any]:
    """Return the entities as Hugging Face's token-classification pipeline does."""
    return {
        "entities": [
            {
                "entity_group": entity.entity_type,
                "score": entity.score,
                "word": entity.text,
                "start": entity.start_char,
                "end": entity.end_char,
            }
            for entity in entities
        ]
    }


def _as_spacy(doc: Doc, entities: Sequence[FoundEntity]) -> dict[str, Any]:
    """Return what ``Doc.from_json`` reads: text, tokens, and entities with their scores."""
    return {
        "text": doc.text,
        "ents": [
            {
                "start": entity.span.start_char,
                "end": entity.span.end_char,
                "label": entity.entity_type,
                "score": entity.score,
            }
            for entity in entities
        ],
        "tokens": [
            {"id": token.i, "start": token.idx, "end": token.idx + len(token)} for token in doc
        ],
    }


def _as_bio(doc: Doc, entities: Sequence[FoundEntity]) -> dict[str, Any]:
    """Return spaCy's tokens, and a tag for each."""
    spans: list[TokenSpan] = []
    for entity in entities:
        spans.append(TokenSpan(entity.span.start, entity.span.end, entity.entity_type))
    tags = write_tags(spans, len(doc), get_scheme("IOB2"))
    return {"tokens": [token.text for token in doc], "tags": [str(tag) for tag in tags]}


def _as_presidio(_doc: Doc, entities: Sequence[FoundEntity]) -> dict[str, Any]:
    """Return the entities as Presidio's analyzer does, under its names."""
    return {
        "entities": [
            {
                "entity_type": name_presidio_type(entity.entity_type),
                "start": entity.start_char,
                "end": entity.end_char,
                "score": _UNSCORED if entity.score is None else entity.score,
            }
            for entity in entities
        ]
    }


def name_presidio_type(entity_type: str) -> str:
    """Return what Presidio calls an entity type.

    >>> name_presidio_type("PER"), name_presidio_type("DRUG")
    ('PERSON', 'DRUG')
    """
    return _PRESIDIO_TYPES.get(entity_type, entity_type)


Write = Callable[[Doc, Sequence[FoundEntity]], dict[str, Any]]

FORMATS: Final[Mapping[str, Write]] = {
    "own": _as_own,
    "hf": _as_hf,
    "spacy": _as_spacy,
    "bio": _as_bio,
    "presidio": _as_presidio,
}
