"""The lowest score of an entity: one for all types, or a table of them."""

from collections.abc import Mapping

__all__ = ["Threshold", "get_lowest_score", "reaches"]

Threshold = float | Mapping[str, float] | None


def get_lowest_score(threshold: Threshold, entity_type: str) -> float:
    """Return the lowest score of entities of a type; 0 where there is none.

    >>> get_lowest_score({"PER": 0.5}, "PER"), get_lowest_score({"PER": 0.5}, "LOC")
    (0.5, 0.0)
    """
    if threshold is None:
        return 0.0
    if isinstance(threshold, Mapping):
        return threshold.get(entity_type, 0.0)
    return threshold


def reaches(threshold: Threshold, entity_type: str, score: float | None) -> bool:
    """Tell whether an entity reaches a threshold; one without a score does.

    >>> reaches(0.5, "PER", 0.4), reaches({"LOC": 0.9}, "PER", 0.4), reaches(0.5, "PER", None)
    (False, True, True)
    """
    return score is None or score >= get_lowest_score(threshold, entity_type)
