"""Types that are far rarer than others."""

from collections.abc import Iterator
from typing import Final

from spacy_hf_ner.checking.findings import Finding
from spacy_hf_ner.checking.parts import CheckedData
from spacy_hf_ner.checking.type_counts import count_types

__all__ = ["MAX_RATIO", "check_class_imbalance"]

MAX_RATIO: Final = 50
"""How many times as frequent as another a type may be before that is worth a note."""


def check_class_imbalance(data: CheckedData) -> Iterator[Finding]:
    """Yield a note where the most frequent type of the training data dwarfs others."""
    ranked = count_types(data.training).most_common()
    if not ranked:
        return
    most_frequent, n_most = ranked[0]
    rare = [entity_type for entity_type, n in ranked if n * MAX_RATIO < n_most]
    if rare:
        yield Finding(
            check="class_imbalance",
            severity="note",
            n=len(rare),
            message=f"{most_frequent} is more than {MAX_RATIO} times as frequent as "
            f"{', '.join(rare)}.",
            advice='Look at macro F1 too; class_weights = "balanced" makes rare types count more '
            "in training.",
        )
