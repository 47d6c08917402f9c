"""Which types are taken for which, and which texts are got wrong most often."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from spacy_hf_ner.evaluation.matching import Match, MatchKind
from spacy_hf_ner.evaluation.pairing import DocPair, Entity

__all__ = ["NOTHING", "Confusion", "ConfusionMatrix", "count_confusions", "rank_confusions"]

NOTHING: Final = ""
"""The row of spurious predictions, the column of missed entities."""


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
    """One error and how often it occurs, perhaps in many documents.

    Attributes:
        kind: What is wrong.
        gold: The text of the gold entity; empty if the prediction is spurious.
        gold_type: Its type, or :data:`NOTHING`.
        predicted: The text of the prediction; empty if the gold entity is missed.
        predicted_type: Its type, or :data:`NOTHING`.
        n: How often the error occurs.
    """

    kind: MatchKind
    gold: str
    gold_type: str
    predicted: str
    predicted_type: str
    n: int


def count_confusions(matches: Sequence[Sequence[Match]]) -> ConfusionMatrix:
    """Return how many gold entities of each type were predicted as which type.

    Args:
        matches: The matches of each document.
    """
    cells: Counter[tuple[str, str]] = Counter()
    for doc_matches in matches:
        for match in doc_matches:
            cells[_get_types(match)] += 1

    names: set[str] = set()
    for cell in cells:
        names.update(cell)
    types = (*sorted(names - {NOTHING}), NOTHING)

    counts: list[tuple[int, ...]] = []
    for gold_type in types:
        row = tuple(cells[gold_type, predicted_type] for predicted_type in types)
        counts.append(row)
    return ConfusionMatrix(types, tuple(counts))


def rank_confusions(
    pairs: Sequence[DocPair], matches: Sequence[Sequence[Match]]
) -> tuple[Confusion, ...]:
    """Return all errors, those that occur most often first.

    Of those that occur equally often, the ones of a frequent kind come first, then those between
    the types between which such errors are frequent.
    """
    n_of_kind: Counter[MatchKind] = Counter()
    n_of_types: Counter[tuple[MatchKind, str, str]] = Counter()
    confusions = _count_errors(pairs, matches)
    for confusion in confusions:
        n_of_kind[confusion.kind] += confusion.n
        n_of_types[_get_pattern(confusion)] += confusion.n

    def rank(confusion: Confusion) -> tuple[int, int, str, int]:
        # Two kinds may be equally frequent: the name keeps the errors of each together.
        return (
            -confusion.n,
            -n_of_kind[confusion.kind],
            confusion.kind,
            -n_of_types[_get_pattern(confusion)],
        )

    return tuple(sorted(confusions, key=rank))


def _count_errors(pairs: Sequence[DocPair], matches: Sequence[Sequence[Match]]) -> list[Confusion]:
    """Return all errors in the order of their names."""
    errors: Counter[tuple[MatchKind, str, str, str, str]] = Counter()
    for pair, doc_matches in zip(pairs, matches, strict=True):
        for match in doc_matches:
            if match.kind == "correct":
                continue
            gold_type, predicted_type = _get_types(match)
            gold = _get_text(pair, match.gold)
            predicted = _get_text(pair, match.predicted)
            errors[match.kind, gold, gold_type, predicted, predicted_type] += 1
    return [Confusion(*error, n) for error, n in sorted(errors.items())]


def _get_pattern(confusion: Confusion) -> tuple[MatchKind, str, str]:
    return confusion.kind, confusion.gold_type, confusion.predicted_type


def _get_types(match: Match) -> tuple[str, str]:
    return _get_type(match.gold), _get_type(match.predicted)


def _get_type(entity: Entity | None) -> str:
    return NOTHING if entity is None else entity.entity_type


def _get_text(pair: DocPair, entity: Entity | None) -> str:
    """Return the text of an entity, each run of white space as one space."""
    if entity is None:
        return ""
    text = pair.text[entity.start_char : entity.end_char]
    return " ".join(text.split())
