"""The four views of SemEval-2013: how much of an error is border, how much is type?

Source: Segura-Bedmar et al. (2013), https://aclanthology.org/S13-2056, section 4. Predictions are taken in text order,
and each stands for at most one gold entity, as in nervaluate.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from spacy_hf_ner.evaluation.pairing import DocPair, Entity
from spacy_hf_ner.evaluation.strict import harmonic_mean

SemevalView = Literal["strict", "exact", "partial", "type"]
SEMEVAL_VIEWS: tuple[SemevalView, ...] = get_args(SemevalView)


@dataclass(slots=True)
class SemevalCounts:
    """What became of gold and predicted entities in one view.

    Attributes:
        correct: Predictions that are right: borders and type (strict), borders (exact, partial), or type of a gold
            entity that they overlap (type).
        incorrect: Predictions that only overlap a gold entity, where that is wrong (strict, exact, type).
        partial: The same where it is half right (partial).
        missed: Gold entities that no prediction stands for.
        spurious: Predictions that stand for no gold entity.
    """

    correct: int = 0
    incorrect: int = 0
    partial: int = 0
    missed: int = 0
    spurious: int = 0

    @property
    def precision(self) -> float:
        """Right predictions, half-right ones counting half, of all predictions."""
        n_predicted = self.correct + self.incorrect + self.partial + self.spurious
        return (self.correct + 0.5 * self.partial) / n_predicted if n_predicted else 0.0

    @property
    def recall(self) -> float:
        """Right predictions, half-right ones counting half, of all gold entities."""
        n_gold = self.correct + self.incorrect + self.partial + self.missed
        return (self.correct + 0.5 * self.partial) / n_gold if n_gold else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return harmonic_mean(self.precision, self.recall)


def count_semeval(pairs: Iterable[DocPair]) -> dict[SemevalView, SemevalCounts]:
    """Return the counts of a data set in each view."""
    counts = {view: SemevalCounts() for view in SEMEVAL_VIEWS}
    for pair in pairs:
        equal = set(pair.gold).intersection(pair.predicted)
        gold = sorted(entity for entity in pair.gold if entity not in equal)
        predicted = sorted(entity for entity in pair.predicted if entity not in equal)
        for view, row in counts.items():
            # An equal pair is correct in every view, and neither of the two stands for anything else.
            row.correct += len(equal)
            _count(gold, predicted, view, row)
    return counts


def _count(
    gold: Sequence[Entity], predicted: Sequence[Entity], view: SemevalView, counts: SemevalCounts
) -> None:
    taken: set[int] = set()
    first = 0
    for prediction in predicted:
        while first < len(gold) and gold[first].end_char <= prediction.start_char:
            first += 1
        candidates = [i for i in _overlapping(gold, prediction, first) if i not in taken]
        right = [i for i in candidates if _is_right(gold[i], prediction, view)]
        if not candidates:
            counts.spurious += 1
            continue
        if right:
            counts.correct += 1
        elif view == "partial":
            counts.partial += 1
        else:
            counts.incorrect += 1
        taken.add(
            min(right, key=lambda i: _distance(gold[i], prediction)) if right else candidates[0]
        )
    counts.missed += len(gold) - len(taken)


def _overlapping(gold: Sequence[Entity], prediction: Entity, first: int) -> Iterator[int]:
    for i in range(first, len(gold)):
        if gold[i].start_char >= prediction.end_char:
            break
        if (
            gold[i].end_char > prediction.start_char
        ):  # entities that overlap do not end in the order of their starts
            yield i


def _is_right(gold: Entity, predicted: Entity, view: SemevalView) -> bool:
    if view == "type":
        return gold.entity_type == predicted.entity_type
    same_borders = _distance(gold, predicted) == 0
    return same_borders and (view != "strict" or gold.entity_type == predicted.entity_type)


def _distance(gold: Entity, predicted: Entity) -> int:
    return abs(gold.start_char - predicted.start_char) + abs(gold.end_char - predicted.end_char)
