"""Which types are taken for which, and which texts are got wrong most often."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from spacy_hf_ner.evaluation.entities import DocPair, Entity
from spacy_hf_ner.evaluation.matching import Match, MatchKind

NOTHING = ""  # the row of spurious predictions, the column of missed entities


@dataclass(frozen=True, slots=True)
class ConfusionMatrix:
    """How many gold entities of each type were predicted as which type, borders aside.

    Attributes:
        types: Rows and columns, :data:`NOTHING` last.
        counts: Row by row: gold type, predicted type.
    """

    types: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Confusion:
    """One error that occurs more than once, perhaps in many documents."""

    kind: MatchKind
    gold: str
    gold_type: str
    predicted: str
    predicted_type: str
    n: int


def count_confusions(matches: Sequence[Sequence[Match]]) -> ConfusionMatrix:
    """Return how many gold entities of each type were predicted as which type."""
    cells = Counter((_type(match.gold), _type(match.predicted)) for doc in matches for match in doc)
    types = (*sorted({t for cell in cells for t in cell if t != NOTHING}), NOTHING)
    return ConfusionMatrix(types, tuple(tuple(cells[gold, predicted] for predicted in types) for gold in types))


def find_frequent_confusions(
    pairs: Sequence[DocPair], matches: Sequence[Sequence[Match]], *, n: int = 25
) -> tuple[Confusion, ...]:
    """Return the errors that occur most often, those that occur once included if there are few others."""
    errors: Counter[tuple[MatchKind, str, str, str, str]] = Counter()
    for pair, doc in zip(pairs, matches, strict=True):
        for match in doc:
            if match.kind != "correct":
                gold, predicted = (_text(pair, e) for e in (match.gold, match.predicted))
                errors[match.kind, gold, _type(match.gold), predicted, _type(match.predicted)] += 1
    ranked = sorted(errors.items(), key=lambda item: (-item[1], item[0]))[:n]
    return tuple(Confusion(*key, count) for key, count in ranked)


def _type(entity: Entity | None) -> str:
    return entity.entity_type if entity else NOTHING


def _text(pair: DocPair, entity: Entity | None) -> str:
    return " ".join(pair.text[entity.start_char : entity.end_char].split()) if entity else ""
