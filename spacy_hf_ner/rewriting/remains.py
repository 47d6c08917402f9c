"""What is left of names in texts: for who has to decide whether that will do."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from spacy_hf_ner.core.expected_recall import RecallEstimate
from spacy_hf_ner.core.wording import count

if TYPE_CHECKING:
    from spacy.language import Language

    from spacy_hf_ner.pipe.component_settings import Threshold
    from spacy_hf_ner.rewriting.rewriter import Rewriting

__all__ = ["Remains", "describe_remains", "estimate_recall"]

_UNKNOWN_RECALL: Final = (
    "How many names the model does not find at all is not known: nothing stored in it says so. "
    "hf-ner calibrate stores its recall, measured on gold data like these texts."
)


@dataclass(slots=True)
class Remains:
    """What is left of names in all texts.

    Attributes:
        n_replaced: Names that were replaced.
        below_threshold: Entities that stayed because their score is below the threshold.
        kept: Names that stayed because the method found nothing good.
        missed: Places where a name still stands that was replaced elsewhere in its text.
    """

    n_replaced: int = 0
    below_threshold: int = 0
    kept: int = 0
    missed: int = 0

    def add(self, rewriting: "Rewriting") -> None:
        """Count what is left in one text."""
        self.n_replaced += rewriting.n_replaced
        self.below_threshold += rewriting.below_threshold
        self.kept += len(rewriting.kept)
        self.missed += rewriting.missed


def describe_remains(remains: Remains, recall: RecallEstimate | None) -> Iterable[str]:
    """Yield sentences that say what is left of names.

    Args:
        remains: What was counted.
        recall: The share of names that the model finds, from :func:`estimate_recall`.
    """
    if remains.below_threshold:
        entities = count(remains.below_threshold, "entity", "entities")
        yield f"Left as they are, because of scores below the threshold: {entities}."
    if remains.kept:
        names = count(remains.kept, "name")
        yield f"Left as they are, because nothing good was found for them: {names}."
    if remains.missed:
        places = count(remains.missed, "place")
        yield f"A name that was replaced elsewhere in its text still stands in {places}."
    if recall is None:
        yield _UNKNOWN_RECALL
        return
    gold = count(recall.n_gold, "gold entity", "gold entities")
    yield (
        f"On held-out texts the model found {recall.recall:.1%} of {gold}. In texts like those, "
        f"expect that {1 - recall.recall:.1%} of all names stay because they are not found."
    )


def estimate_recall(
    nlp: "Language", threshold: "Threshold", entity_types: Collection[str] | None = None
) -> RecallEstimate | None:
    """Return the share of names that a pipeline finds; None where nothing says so.

    Args:
        nlp: The pipeline. Only of one hf_ner by itself it is known what it finds.
        threshold: The lowest score of an entity that counts.
        entity_types: The types that count; None for all.
    """
    from spacy_hf_ner.pipe.hf_ner import HFNer

    components: list[HFNer] = []
    for _, component in nlp.pipeline:
        if isinstance(component, HFNer):
            components.append(component)
    if len(components) != 1:
        return None
    return components[0].estimate_recall(threshold, entity_types=entity_types)
