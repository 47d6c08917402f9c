"""The four views of SemEval-2013: how much of an error is border, how much is type?

Predictions are taken in text order, and each stands for at most one gold entity, as in nervaluate.

Source: Segura-Bedmar et al. (2013), https://aclanthology.org/S13-2056, section 4.
"""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from spacy_hf_ner.evaluation.overlaps import find_overlaps
from spacy_hf_ner.evaluation.pairing import DocPair, Entity
from spacy_hf_ner.evaluation.strict import divide, harmonic_mean

__all__ = ["SEMEVAL_VIEWS", "SemevalCounts", "SemevalView", "count_semeval"]

SemevalView = Literal["strict", "exact", "partial", "type"]
SEMEVAL_VIEWS: tuple[SemevalView, ...] = get_args(SemevalView)


@dataclass(slots=True)
class SemevalCounts:
    """What became of gold and predicted entities in one view.

    Attributes:
        correct: Predictions that are right: borders and type (strict), borders (exact, partial), or
            the type of a gold entity that they overlap (type).
        incorrect: Predictions that only overlap a gold entity, where that is wrong (strict, exact,
            type).
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
        """The share of all predictions that is right; a half-right one counts half."""
        n_predicted = self.correct + self.incorrect + self.partial + self.spurious
        return divide(self.correct + 0.5 * self.partial, n_predicted)

    @property
    def recall(self) -> float:
        """The share of all gold entities that was found; a half-right prediction counts half."""
        n_gold = self.correct + self.incorrect + self.partial + self.missed
        return divide(self.correct + 0.5 * self.partial, n_gold)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return harmonic_mean(self.precision, self.recall)


def count_semeval(pairs: Iterable[DocPair]) -> dict[SemevalView, SemevalCounts]:
    """Return the counts of a data set in each view."""
    counts = {view: SemevalCounts() for view in SEMEVAL_VIEWS}
    for pair in pairs:
        # An equal pair is correct in every view, and neither of the two stands for anything else.
        equal = set(pair.gold).intersection(pair.predicted)
        gold = _leave_out(equal, pair.gold)
        predicted = _leave_out(equal, pair.predicted)
        overlaps = list(find_overlaps(predicted, gold))
        for view, row in counts.items():
            row.correct += len(equal)
            _count_unequal(gold, predicted, overlaps, view, row)
    return counts


def _leave_out(equal: Container[Entity], entities: Iterable[Entity]) -> list[Entity]:
    """Return the entities that are not among the equal ones, in text order."""
    return sorted(entity for entity in entities if entity not in equal)


def _count_unequal(
    gold: Sequence[Entity],
    predicted: Sequence[Entity],
    overlaps: Sequence[Sequence[int]],
    view: SemevalView,
    counts: SemevalCounts,
) -> None:
    """Add to the counts of a view what became of the entities of one text.

    Args:
        gold: Gold entities that no prediction equals, in text order.
        predicted: Predictions that equal no gold entity, in text order.
        overlaps: For each prediction the indices of the gold entities that it overlaps.
        view: The view.
        counts: Its counts, which are changed.
    """
    taken: set[int] = set()
    for prediction, overlapping in zip(predicted, overlaps, strict=True):
        candidates: list[int] = []
        right: list[int] = []
        for i in overlapping:
            if i in taken:
                continue
            candidates.append(i)
            if _is_right(gold[i], prediction, view):
                right.append(i)

        if not candidates:
            counts.spurious += 1
            continue
        if right:
            counts.correct += 1
            taken.add(_find_nearest(gold, right, prediction))
            continue
        if view == "partial":
            counts.partial += 1
        else:
            counts.incorrect += 1
        taken.add(candidates[0])
    counts.missed += len(gold) - len(taken)


def _is_right(gold: Entity, predicted: Entity, view: SemevalView) -> bool:
    same_type = gold.entity_type == predicted.entity_type
    same_borders = _measure_distance(gold, predicted) == 0
    if view == "type":
        return same_type
    if view == "strict":
        return same_borders and same_type
    return same_borders


def _find_nearest(gold: Sequence[Entity], candidates: Sequence[int], prediction: Entity) -> int:
    """Return the candidate whose borders are nearest to the prediction's; of equals the first."""
    return min(candidates, key=lambda i: _measure_distance(gold[i], prediction))


def _measure_distance(gold: Entity, predicted: Entity) -> int:
    """Return by how many characters the borders of the two differ, both borders together."""
    start_difference = abs(gold.start_char - predicted.start_char)
    end_difference = abs(gold.end_char - predicted.end_char)
    return start_difference + end_difference
