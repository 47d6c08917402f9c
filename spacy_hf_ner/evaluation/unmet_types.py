"""Entity types that are on one side only: is a pipeline wrong, or does it use other names?"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from spacy_hf_ner.evaluation.strict import StrictScores

__all__ = ["UnmetTypes", "find_unmet_types"]


@dataclass(frozen=True, slots=True)
class UnmetTypes:
    """The types that gold and predictions do not share, with how often each occurs.

    Attributes:
        gold_only: Types without a prediction.
        predicted_only: Types without a gold entity.
        n_shared: How many types both have.
    """

    gold_only: Mapping[str, int]
    predicted_only: Mapping[str, int]
    n_shared: int

    def describe(self) -> str:
        """Return one sentence or two about them; empty where all types meet."""
        if not self.predicted_only:
            # A type that is never predicted may just be hard to find.
            return ""
        n_predictions = sum(self.predicted_only.values())
        predicted = _list_types(self.predicted_only)
        if self.n_shared == 0 and self.gold_only:
            gold = _list_types(self.gold_only)
            return (
                f"Gold and predictions share no type, so nothing can be right. Gold has {gold}; "
                f"predictions have {predicted}."
            )
        return (
            f"Types that gold does not have: {predicted}. All {n_predictions:,} predictions of "
            "them count as wrong."
        )


def find_unmet_types(strict: StrictScores) -> UnmetTypes:
    """Return the types that gold and predictions do not share."""
    gold_only: dict[str, int] = {}
    predicted_only: dict[str, int] = {}
    n_shared = 0
    for entity_type, counts in strict.per_type.items():
        if counts.n_predicted == 0:
            gold_only[entity_type] = counts.n_gold
        elif counts.n_gold == 0:
            predicted_only[entity_type] = counts.n_predicted
        else:
            n_shared += 1
    return UnmetTypes(gold_only, predicted_only, n_shared)


def _list_types(counts: Mapping[str, int]) -> str:
    """Return types with their numbers, the most frequent first: ``"DATE (12), MONEY (3)"``."""
    listed: list[str] = []
    for entity_type, n in Counter(counts).most_common():
        listed.append(f"{entity_type} ({n:,})")
    return ", ".join(listed)
