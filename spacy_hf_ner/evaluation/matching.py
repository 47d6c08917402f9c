"""Which prediction stands for which gold entity, and what is wrong with it: what an error browser shows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from spacy_hf_ner.evaluation.pairing import Entity

MatchKind = Literal[
    "correct", "wrong type", "wrong border", "wrong type and border", "missed", "spurious"
]
MATCH_KINDS: tuple[MatchKind, ...] = get_args(MatchKind)


@dataclass(frozen=True, slots=True)
class Match:
    """A gold entity beside the prediction that stands for it; one of them is None if it stands alone."""

    kind: MatchKind
    gold: Entity | None
    predicted: Entity | None

    @property
    def start_char(self) -> int:
        """The first character of either."""
        if self.gold is None or self.predicted is None:
            alone = self.gold or self.predicted
            return alone.start_char if alone else 0
        return min(self.gold.start_char, self.predicted.start_char)


def match_entities(gold: Sequence[Entity], predicted: Sequence[Entity]) -> tuple[Match, ...]:
    """Return every entity of both sides in exactly one match, in text order.

    Equal entities match first; then, of those that overlap, the pairs that share the type, and of these the ones
    that share most characters.

    >>> [m.kind for m in match_entities([Entity(0, 5, "PER")], [Entity(0, 3, "PER"), Entity(4, 5, "LOC")])]
    ['wrong border', 'spurious']
    """
    left = {entity: entity for entity in predicted}
    matches: list[Match] = []
    gold_left: list[Entity] = []
    for entity in gold:
        same = left.pop(entity, None)
        if same is None:
            gold_left.append(entity)
        else:
            matches.append(Match("correct", entity, same))
    gold_left.sort()
    predicted_left = sorted(left)
    taken: set[Entity] = set()
    for one, other in sorted(_overlapping(gold_left, predicted_left), key=_by_closeness):
        if one not in taken and other not in taken:
            taken |= {one, other}
            matches.append(Match(_kind(one, other), one, other))
    matches += [Match("missed", entity, None) for entity in gold_left if entity not in taken]
    matches += [Match("spurious", None, entity) for entity in predicted_left if entity not in taken]
    return tuple(sorted(matches, key=lambda match: (match.start_char, match.gold is None)))


def _overlapping(
    gold: Sequence[Entity], predicted: Sequence[Entity]
) -> Iterator[tuple[Entity, Entity]]:
    """Yield the pairs that share a character; both sides are in text order, and may have overlaps of their own."""
    first = 0
    for one in gold:
        while first < len(predicted) and predicted[first].end_char <= one.start_char:
            first += 1
        for i in range(first, len(predicted)):
            other = predicted[i]
            if other.start_char >= one.end_char:
                break
            if other.end_char > one.start_char:
                yield one, other


def _by_closeness(pair: tuple[Entity, Entity]) -> tuple[bool, int, Entity, Entity]:
    one, other = pair
    shared = min(one.end_char, other.end_char) - max(one.start_char, other.start_char)
    return one.entity_type != other.entity_type, -shared, one, other


def _kind(gold: Entity, predicted: Entity) -> MatchKind:
    if gold.entity_type == predicted.entity_type:
        return "wrong border"
    same_borders = (gold.start_char, gold.end_char) == (predicted.start_char, predicted.end_char)
    return "wrong type" if same_borders else "wrong type and border"
