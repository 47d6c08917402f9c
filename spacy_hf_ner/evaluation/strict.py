"""Strict span scores: a prediction is right if its characters and its type are those of gold.

This is the F1 of the CoNLL shared tasks, of seqeval's strict mode and of spaCy's Scorer.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from spacy_hf_ner.evaluation.pairing import DocPair, Entity

__all__ = [
    "Averages",
    "Counts",
    "StrictScores",
    "count_types",
    "divide",
    "harmonic_mean",
    "score_strict",
]


def divide(part: float, whole: float) -> float:
    """Return a share; 0 where there is nothing to divide by, as in seqeval and spaCy.

    >>> divide(1, 2), divide(0, 0)
    (0.5, 0.0)
    """
    if not whole:
        return 0.0
    return part / whole


def harmonic_mean(precision: float, recall: float) -> float:
    """Return F1; 0 where both are 0.

    >>> harmonic_mean(1.0, 0.5)
    0.6666666666666666
    """
    return divide(2 * precision * recall, precision + recall)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many entities there are, were predicted, and were predicted rightly.

    Precision without predictions, recall without gold entities, and F1 without either are 0, as in
    seqeval and spaCy.

    >>> Counts(n_correct=1, n_predicted=2, n_gold=4).precision
    0.5
    """

    n_correct: int = 0
    n_predicted: int = 0
    n_gold: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.n_correct + other.n_correct,
            self.n_predicted + other.n_predicted,
            self.n_gold + other.n_gold,
        )

    @property
    def precision(self) -> float:
        """The share of predicted entities that are right."""
        return divide(self.n_correct, self.n_predicted)

    @property
    def recall(self) -> float:
        """The share of gold entities that were found."""
        return divide(self.n_correct, self.n_gold)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return harmonic_mean(self.precision, self.recall)


@dataclass(frozen=True, slots=True)
class Averages:
    """Precision, recall and F1, each averaged over entity types."""

    precision: float = 0.0
    recall: float = 0.0
    f1: float = 0.0


@dataclass(frozen=True, slots=True)
class StrictScores:
    """Strict span scores of a data set.

    Attributes:
        per_type: The counts of each entity type, in alphabetical order.
    """

    per_type: dict[str, Counts]

    @property
    def micro(self) -> Counts:
        """The counts of all entity types together."""
        return sum(self.per_type.values(), Counts())

    @property
    def macro(self) -> Averages:
        """The mean over entity types, those included that were only predicted."""
        precision = 0.0
        recall = 0.0
        f1 = 0.0
        for counts in self.per_type.values():
            precision += counts.precision
            recall += counts.recall
            f1 += counts.f1
        n_types = len(self.per_type)
        return Averages(divide(precision, n_types), divide(recall, n_types), divide(f1, n_types))


def count_types(gold: Sequence[Entity], predicted: Sequence[Entity]) -> dict[str, Counts]:
    """Return the counts of each entity type in one text, whose entities are distinct.

    Types are in alphabetical order.
    """
    n_correct = _count_by_type(set(gold).intersection(predicted))
    n_predicted = _count_by_type(predicted)
    n_gold = _count_by_type(gold)
    counts: dict[str, Counts] = {}
    for entity_type in sorted(n_gold.keys() | n_predicted.keys()):
        counts[entity_type] = Counts(
            n_correct[entity_type], n_predicted[entity_type], n_gold[entity_type]
        )
    return counts


def _count_by_type(entities: Iterable[Entity]) -> Counter[str]:
    return Counter(entity.entity_type for entity in entities)


def score_strict(pairs: Iterable[DocPair]) -> StrictScores:
    """Return the strict span scores of a data set."""
    totals: dict[str, Counts] = {}
    for pair in pairs:
        for entity_type, counts in count_types(pair.gold, pair.predicted).items():
            totals[entity_type] = totals.get(entity_type, Counts()) + counts
    return StrictScores(dict(sorted(totals.items())))
