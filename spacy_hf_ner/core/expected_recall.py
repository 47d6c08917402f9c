"""How many of all entities are found, by the lowest score that counts.

It is measured on documents that the model was not trained on, and stored with the calibration of
its scores: whoever hides names has to know how many the model does not find.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Final

from spacy_hf_ner.core.thresholds import Threshold, get_lowest_score
from spacy_hf_ner.errors import ConfigError

__all__ = ["ExpectedRecall", "RecallEstimate", "count_found", "read_expected_recall"]

_N_STEPS: Final = 100  # of the threshold, from 0 to 1


@dataclass(frozen=True, slots=True)
class RecallEstimate:
    """The share of entities that is found.

    Attributes:
        recall: In [0, 1].
        n_gold: The number of gold entities that it was measured on.
    """

    recall: float
    n_gold: int


@dataclass(frozen=True, slots=True)
class ExpectedRecall:
    """How many gold entities of each type were found, with a score of each threshold or more.

    Attributes:
        n_gold: The number of gold entities of each type.
        n_found: How many of them were found at the thresholds 0, 0.01, …, 1.

    Raises:
        ConfigError: The counts contradict each other.
    """

    n_gold: Mapping[str, int]
    n_found: Mapping[str, Sequence[int]]

    def __post_init__(self) -> None:
        if self.n_gold.keys() != self.n_found.keys():
            raise ConfigError("the types of an expected recall differ from those of its gold.")
        for entity_type, counts in self.n_found.items():
            falls = list(counts) == sorted(counts, reverse=True)
            if len(counts) != _N_STEPS + 1 or not falls:
                raise ConfigError(f"the counts of {entity_type} must fall, one a threshold.")
            if not 0 <= counts[-1] <= counts[0] <= self.n_gold[entity_type]:
                raise ConfigError(f"more {entity_type} are found than there are.")

    def estimate(
        self, threshold: Threshold = None, entity_types: Collection[str] | None = None
    ) -> RecallEstimate | None:
        """Return the share of entities that is found; None where there was no gold to tell.

        Args:
            threshold: The lowest score of an entity, for all types or for each. Between two steps
                it is taken for the higher one: rather too few are promised than too many.
            entity_types: The types that count; None for all.
        """
        n_gold = 0
        n_found = 0
        for entity_type, n in self.n_gold.items():
            if entity_types is not None and entity_type not in entity_types:
                continue
            step = _find_step(get_lowest_score(threshold, entity_type))
            n_gold += n
            n_found += self.n_found[entity_type][step]
        if n_gold == 0:
            return None
        return RecallEstimate(n_found / n_gold, n_gold)

    def to_json(self) -> dict[str, Any]:
        """Return plain values that :func:`read_expected_recall` reads."""
        n_found: dict[str, list[int]] = {}
        for entity_type, counts in self.n_found.items():
            n_found[entity_type] = list(counts)
        return {"n_gold": dict(self.n_gold), "n_found": n_found}


def read_expected_recall(values: Mapping[str, Any]) -> ExpectedRecall:
    """Return what :meth:`ExpectedRecall.to_json` wrote."""
    return ExpectedRecall(n_gold=dict(values["n_gold"]), n_found=dict(values["n_found"]))


def count_found(n_gold: Mapping[str, int], right: Sequence[tuple[str, float]]) -> ExpectedRecall:
    """Return how many entities are found at each threshold.

    Args:
        n_gold: The number of gold entities of each type.
        right: The type and the score of each entity that was found and is right.

    >>> recall = count_found({"PER": 4}, [("PER", 0.9), ("PER", 0.5)])
    >>> recall.estimate(), recall.estimate(0.6)
    (RecallEstimate(recall=0.5, n_gold=4), RecallEstimate(recall=0.25, n_gold=4))
    """
    n_found: dict[str, list[int]] = {}
    for entity_type in n_gold:
        n_found[entity_type] = [0] * (_N_STEPS + 1)
    for entity_type, score in right:
        # It counts at each threshold that its score reaches:
        #   score 0.357    0.00 ✓  …  0.35 ✓  0.36 ✗
        for step in range(_floor_step(score) + 1):
            n_found[entity_type][step] += 1
    return ExpectedRecall(n_gold, n_found)


def _find_step(threshold: float) -> int:
    """Return the first step that is not below a threshold; 0.07 is step 7 in spite of floats."""
    return min(max(ceil(round(threshold * _N_STEPS, 6)), 0), _N_STEPS)


def _floor_step(score: float) -> int:
    """Return the last step that a score reaches."""
    return min(max(int(round(score * _N_STEPS, 6)), 0), _N_STEPS)
