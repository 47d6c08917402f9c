"""Types of which there are too few entities to learn them."""

from collections.abc import Iterator
from typing import Final

from spacy_hf_ner.checking.findings import Finding
from spacy_hf_ner.checking.parts import CheckedData
from spacy_hf_ner.checking.type_counts import count_types
from spacy_hf_ner.core.wording import count

__all__ = ["MIN_EXAMPLES", "check_few_examples"]

MIN_EXAMPLES: Final = 50
"""As in spaCy's ``debug data``."""


def check_few_examples(data: CheckedData) -> Iterator[Finding]:
    """Yield a finding for each type with few entities in the training data."""
    training = data.training
    for entity_type, n in sorted(count_types(training).items()):
        if n < MIN_EXAMPLES:
            yield Finding(
                check="few_examples",
                severity="warning",
                n=n,
                message=f"{training.name} has only {count(n, 'entity', 'entities')} of the type "
                f"{entity_type}.",
                advice=f"Annotate more ({MIN_EXAMPLES} or more), join it with another type, or "
                "leave it out.",
            )
