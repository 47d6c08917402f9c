"""Likely errors of annotation, the likeliest first.

A suggestion says: gold has this entity here (or none), and that one (or none) would be likelier.
Evidence comes from the strings of the data alone, and from a model where there is one; what both
say of one spot is one suggestion.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from spacy_hf_ner.checking.findings import Place, make_place
from spacy_hf_ner.checking.model_evidence import find_disagreements
from spacy_hf_ner.checking.parts import CheckedData
from spacy_hf_ner.checking.string_evidence import find_inconsistencies
from spacy_hf_ner.checking.suspicion import Spot, Suspicion

__all__ = ["Claim", "Suggestion", "rank_suggestions"]

# Beside a model, which sees the context, strings count less. Measured on CoNLL++ dev with one of
# another corpus: 1.0 finds 69 % of errors made on purpose, 0.7 finds 78 %, 0.5 finds 57 to 68 %.
_STRING_WEIGHT: Final = 0.7

# Weaker suspicions are no suggestion.
_MIN_SUSPICION: Final = 0.2


@dataclass(frozen=True, slots=True)
class Claim:
    """What a stretch of a text is said to be.

    Attributes:
        text: The stretch.
        entity_type: Its type; empty if it is said to be no entity.
        start_char: Its first character.
        end_char: The character after its last one.
    """

    text: str
    entity_type: str
    start_char: int
    end_char: int

    def __str__(self) -> str:
        if not self.entity_type:
            return "no entity"
        return f"{self.text!r} {self.entity_type}"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A place where the annotation may be wrong.

    Attributes:
        place: Where, with the text around it.
        gold: What gold says.
        likelier: What would be likelier.
        suspicion: How likely the annotation is wrong, in [0, 1]; to sort by, not to believe.
        reason: Why, in words.
    """

    place: Place
    gold: Claim
    likelier: Claim
    suspicion: float
    reason: str

    def to_json(self) -> dict[str, Any]:
        """Return the suggestion as plain values."""
        return asdict(self)


def rank_suggestions(data: CheckedData) -> tuple[Suggestion, ...]:
    """Return all places where the annotation may be wrong, the likeliest first."""
    weight = 1.0
    if data.predicted is not None:
        weight = _STRING_WEIGHT
    merged: dict[Spot, Suspicion] = {}
    for suspicion in find_inconsistencies(data):
        _merge(replace(suspicion, strength=weight * suspicion.strength), merged)
    if data.predicted is not None:
        for suspicion in find_disagreements(data):
            _merge(suspicion, merged)

    suggestions: list[Suggestion] = []
    for suspicion in _sort(merged.values()):
        if suspicion.strength >= _MIN_SUSPICION:
            suggestions.append(_describe(suspicion, data))
    return tuple(suggestions)


def _merge(suspicion: Suspicion, merged: dict[Spot, Suspicion]) -> None:
    """Add a suspicion to what is known of its spot, as if the two were independent."""
    known = merged.get(suspicion.gold)
    if known is None:
        merged[suspicion.gold] = suspicion
        return
    stronger = known
    if suspicion.strength > known.strength:
        stronger = suspicion
    doubt_left = (1.0 - known.strength) * (1.0 - suspicion.strength)
    merged[suspicion.gold] = replace(
        stronger, strength=1.0 - doubt_left, reason=f"{known.reason}; {suspicion.reason}"
    )


def _sort(suspicions: Iterable[Suspicion]) -> list[Suspicion]:
    """Return suspicions, the strongest first; of equally strong ones those that come first."""
    return sorted(suspicions, key=lambda suspicion: (-suspicion.strength, suspicion.gold))


def _describe(suspicion: Suspicion, data: CheckedData) -> Suggestion:
    gold = suspicion.gold
    part = data.parts[gold.part_i]
    doc = part.docs[gold.doc_i].doc
    return Suggestion(
        place=make_place(part.name, gold.doc_i, doc, gold.start_char, gold.end_char),
        gold=_claim(gold, doc.text),
        likelier=_claim(suspicion.likelier, doc.text),
        suspicion=suspicion.strength,
        reason=suspicion.reason,
    )


def _claim(spot: Spot, text: str) -> Claim:
    stretch = text[spot.start_char : spot.end_char]
    return Claim(stretch, spot.entity_type, spot.start_char, spot.end_char)
