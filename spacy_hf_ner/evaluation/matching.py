"""Which prediction stands for which gold entity, and what is wrong with it.

This is what an error browser shows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from spacy_hf_ner.evaluation.overlaps import find_overlaps
from spacy_hf_ner.evaluation.pairing import Entity

__all__ = ["MATCH_KINDS", "Match", "MatchKind", "match_entities"]

MatchKind = Literal[
    "correct", "wrong type", "wrong border", "wrong type and border", "missed", "spurious"
]
MATCH_KINDS: tuple[MatchKind, ...] = get_args(MatchKind)


@dataclass(frozen=True, slots=True)
class Match:
    """A gold entity beside the prediction that stands for it.

    Attributes:
        kind: What is right or wrong about the prediction.
        gold: The gold entity; None if the prediction is spurious.
        predicted: The prediction; None if the gold entity is missed.
    """

    kind: MatchKind
    gold: Entity | None
    predicted: Entity | None

    @property
    def start_char(self) -> int:
        """The first character that is part of either."""
        if self.predicted is None:
            return self.gold.start_char if self.gold else 0
        if self.gold is None:
            return self.predicted.start_char
        return min(self.gold.start_char, self.predicted.start_char)


def match_entities(gold: Sequence[Entity], predicted: Sequence[Entity]) -> tuple[Match, ...]:
    """Return every entity of both sides in exactly one match, in text order.

    Equal entities match first; then, of those that overlap, the pairs that share the type, and of
    these the ones that share most characters.

    >>> gold = [Entity(0, 5, "PER")]
    >>> predicted = [Entity(0, 3, "PER"), Entity(4, 5, "LOC")]
    >>> [match.kind for match in match_entities(gold, predicted)]
    ['wrong border', 'spurious']
    """
    matches: list[Match] = []
    gold_left: list[Entity] = []
    # An entity and its equal differ in the score: the match carries the prediction's.
    predicted_left = {entity: entity for entity in predicted}
    for entity in gold:
        equal = predicted_left.pop(entity, None)
        if equal is None:
            gold_left.append(entity)
        else:
            matches.append(Match("correct", entity, equal))
    matches += _match_unequal(sorted(gold_left), sorted(predicted_left))
    return tuple(sorted(matches, key=_text_order))


def _match_unequal(gold: Sequence[Entity], predicted: Sequence[Entity]) -> Iterator[Match]:
    """Yield the matches of entities in text order of which no two are equal."""
    taken: set[Entity] = set()
    for gold_entity, prediction in sorted(_overlapping_pairs(gold, predicted), key=_closeness):
        if gold_entity not in taken and prediction not in taken:
            taken.add(gold_entity)
            taken.add(prediction)
            yield Match(_name_error(gold_entity, prediction), gold_entity, prediction)
    for entity in gold:
        if entity not in taken:
            yield Match("missed", entity, None)
    for entity in predicted:
        if entity not in taken:
            yield Match("spurious", None, entity)


def _overlapping_pairs(
    gold: Sequence[Entity], predicted: Sequence[Entity]
) -> Iterator[tuple[Entity, Entity]]:
    for gold_entity, overlapping in zip(gold, find_overlaps(gold, predicted), strict=True):
        for i in overlapping:
            yield gold_entity, predicted[i]


def _closeness(pair: tuple[Entity, Entity]) -> tuple[bool, int, Entity, Entity]:
    """Return the key that sorts pairs: the closest first, and equally close ones in text order."""
    gold, predicted = pair
    first_shared = max(gold.start_char, predicted.start_char)
    shared_end = min(gold.end_char, predicted.end_char)
    n_shared = shared_end - first_shared
    return gold.entity_type != predicted.entity_type, -n_shared, gold, predicted


def _text_order(match: Match) -> tuple[int, bool]:
    """Return the key that sorts matches; of those with one start, spurious ones come last."""
    return match.start_char, match.gold is None


def _name_error(gold: Entity, predicted: Entity) -> MatchKind:
    if gold.entity_type == predicted.entity_type:
        return "wrong border"
    same_start = gold.start_char == predicted.start_char
    same_end = gold.end_char == predicted.end_char
    if same_start and same_end:
        return "wrong type"
    return "wrong type and border"
