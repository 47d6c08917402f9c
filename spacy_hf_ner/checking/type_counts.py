"""How many entities of each type there are."""

from collections import Counter

from spacy_hf_ner.checking.parts import Part

__all__ = ["count_types"]


def count_types(part: Part) -> Counter[str]:
    """Return how many entities of each type a part of the data has."""
    counts: Counter[str] = Counter()
    for gold_doc in part.docs:
        for entity in gold_doc.entities:
            counts[entity.entity_type] += 1
    return counts
