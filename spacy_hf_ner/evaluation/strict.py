"""Strict span scores: a prediction is right if its characters and its type are those of a gold entity.

This is the F1 of the CoNLL shared tasks, of seqeval's strict mode and of spaCy's Scorer.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from spacy_hf_ner.evaluation.pairing import DocPair, Entity


def harmonic_mean(precision: float, recall: float) -> float:
    """Return F1; 0 where both are 0.

    >>> harmonic_mean(1.0, 0.5)
    0.6666666666666666
    """
    total = precision + recall
    return 2 * precision * recall / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Counts:
    """How many entities there are, were predicted, and were predicted rightly.

    Precision without predictions, recall without gold entities, and F1 without either are 0, as in seqeval and spaCy.

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
        return self.n_correct / self.n_predicted if self.n_predicted else 0.0

    @property
    def recall(self) -> float:
        """The share of gold entities that were found."""
        return self.n_correct / self.n_gold if self.n_gold else 0.0

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
        rows = list(self.per_type.values())
        if not rows:
            return Averages()
        return Averages(
            sum(row.precision for row in rows) / len(rows),
            sum(row.recall for row in rows) / len(rows),
            sum(row.f1 for row in rows) / len(rows),
        )


def count_types(gold: Sequence[Entity], predicted: Sequence[Entity]) -> dict[str, Counts]:
    """Return the counts of each entity type in one text; entities of a text are distinct."""
    correct = Counter(entity.entity_type for entity in set(gold).intersection(predicted))
    n_predicted = Counter(entity.entity_type for entity in predicted)
    n_gold = Counter(entity.entity_type for entity in gold)
    return {
        t: Counts(correct[t], n_predicted[t], n_gold[t])
        for t in sorted(n_gold.keys() | n_predicted.keys())
    }


def score_strict(pairs: Iterable[DocPair]) -> StrictScores:
    """Return the strict span scores of a data set."""
    totals: dict[str, Counts] = {}
    for pair in pairs:
        for entity_type, counts in count_types(pair.gold, pair.predicted).items():
            totals[entity_type] = totals.get(entity_type, Counts()) + counts
    return StrictScores(dict(sorted(totals.items())))
