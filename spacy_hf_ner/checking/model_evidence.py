"""What a model says of the annotation: gold that it hardly believes, entities that gold lacks.

It must not have learned from the data that it judges: then it believes whatever is there.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from spacy_hf_ner.checking.parts import CheckedData, GoldDoc
from spacy_hf_ner.checking.suspicion import Spot, Suspicion
from spacy_hf_ner.evaluation.formatting import format_score
from spacy_hf_ner.pipe.gold import Entity

__all__ = ["find_disagreements"]

# What a prediction without a score counts for.
_UNSCORED: Final = 0.5

# Entities that are less probable are no suggestion.
_MIN_PROBABILITY: Final = 0.2


def find_disagreements(data: CheckedData) -> Iterator[Suspicion]:
    """Yield a suspicion for gold entities that the model doubts, and for those that it misses.

    It needs predictions: all spans that the model finds at all probable, which may overlap.
    """
    assert data.predicted is not None
    for part_i, (part, predicted) in enumerate(zip(data.parts, data.predicted, strict=True)):
        for doc_i, (gold_doc, entities) in enumerate(zip(part.docs, predicted, strict=True)):
            yield from _doubt_gold(part_i, doc_i, gold_doc, entities)
            yield from _miss_entities(part_i, doc_i, gold_doc, entities)


def _doubt_gold(
    part_i: int, doc_i: int, gold_doc: GoldDoc, predicted: Sequence[Entity]
) -> Iterator[Suspicion]:
    """Yield a suspicion for each gold entity: as strong as the best alternative is probable."""
    for gold in gold_doc.entities:
        own = 0.0
        total = 0.0
        rival: Entity | None = None
        for entity in predicted:
            if not entity.overlaps(gold):
                continue
            probability = _read_probability(entity)
            total += probability
            if entity == gold:
                own = probability
            elif rival is None or probability > _read_probability(rival):
                rival = entity
        spot = Spot(part_i, doc_i, *gold)
        # What is left of the probability is that nothing is here.
        strength = max(1.0 - total, 0.0)
        likelier = spot._replace(entity_type="")
        if rival is not None and _read_probability(rival) > strength:
            strength = _read_probability(rival)
            likelier = Spot(part_i, doc_i, *rival)
        reason = (
            f"a model finds it {format_score(own)} probable, the other {format_score(strength)}"
        )
        yield Suspicion(spot, likelier, strength, reason)


def _miss_entities(
    part_i: int, doc_i: int, gold_doc: GoldDoc, predicted: Sequence[Entity]
) -> Iterator[Suspicion]:
    for entity in predicted:
        probability = _read_probability(entity)
        if probability < _MIN_PROBABILITY:
            continue
        if not gold_doc.gold.can_judge(entity.start_char, entity.end_char):
            continue
        if any(gold.overlaps(entity) for gold in gold_doc.entities):
            continue
        spot = Spot(part_i, doc_i, entity.start_char, entity.end_char, "")
        likelier = spot._replace(entity_type=entity.entity_type)
        reason = f"a model finds it {format_score(probability)} probable"
        yield Suspicion(spot, likelier, probability, reason)


def _read_probability(entity: Entity) -> float:
    if entity.score is None:
        return _UNSCORED
    return entity.score
