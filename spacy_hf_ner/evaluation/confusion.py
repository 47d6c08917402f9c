"""Which types are taken for which, and which texts are got wrong most often."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from spacy_hf_ner.evaluation.matching import Match, MatchKind
from spacy_hf_ner.evaluation.pairing import DocPair, Entity

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
    """One error that occurs n times, perhaps in many documents."""

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
    return ConfusionMatrix(
        types, tuple(tuple(cells[gold, predicted] for predicted in types) for gold in types)
    )


def rank_confusions(
    pairs: Sequence[DocPair], matches: Sequence[Sequence[Match]]
) -> tuple[Confusion, ...]:
    """Return all errors, those that occur most often first.

    Of those that occur equally often, the ones of a frequent kind come first, then those between the types between
    which such errors are frequent.
    """
    errors: Counter[tuple[MatchKind, str, str, str, str]] = Counter()
    for pair, doc in zip(pairs, matches, strict=True):
        for match in doc:
            if match.kind != "correct":
                gold, predicted = (_text(pair, e) for e in (match.gold, match.predicted))
                errors[match.kind, gold, _type(match.gold), predicted, _type(match.predicted)] += 1
    kinds: Counter[MatchKind] = Counter()
    patterns: Counter[tuple[MatchKind, str, str]] = Counter()
    found = [Confusion(*key, n) for key, n in sorted(errors.items())]
    for one in found:
        kinds[one.kind] += one.n
        patterns[one.kind, one.gold_type, one.predicted_type] += one.n
    return tuple(
        sorted(
            found,
            key=lambda c: (
                -c.n,
                -kinds[c.kind],
                c.kind,
                -patterns[c.kind, c.gold_type, c.predicted_type],
            ),
        )
    )


def _type(entity: Entity | None) -> str:
    return entity.entity_type if entity else NOTHING


def _text(pair: DocPair, entity: Entity | None) -> str:
    return " ".join(pair.text[entity.start_char : entity.end_char].split()) if entity else ""
