"""What a model says of the annotation: gold that it hardly believes, entities that gold lacks.

It must not have learned from the data that it judges: then it believes whatever is there. Its word
counts as much as it deserves: doubts of gold by the share of gold that it finds, entities of its
own by the share of them that gold has, too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from spacy_hf_ner.checking.parts import CheckedData, GoldDoc
from spacy_hf_ner.checking.suspicion import Spot, Suspicion
from spacy_hf_ner.evaluation.formatting import format_score
from spacy_hf_ner.evaluation.strict import Counts
from spacy_hf_ner.pipe.gold import Entity

__all__ = ["find_disagreements"]

# What a prediction without a score counts for.
_UNSCORED: Final = 0.5

_LIKELY: Final = 0.5

# Entities that are less probable are no suggestion.
_MIN_PROBABILITY: Final = 0.2

# What spans may add up to that were too improbable to be listed.
_UNLISTED: Final = 0.01


def find_disagreements(data: CheckedData) -> Iterator[Suspicion]:
    """Yield a suspicion for gold entities that the model doubts, and for those that it misses.

    It needs predictions: all spans that the model finds at all probable, which may overlap.
    """
    assert data.predicted is not None
    trust = _measure_trust(data)
    for part_i, (part, predicted) in enumerate(zip(data.parts, data.predicted, strict=True)):
        for doc_i, (gold_doc, entities) in enumerate(zip(part.docs, predicted, strict=True)):
            for suspicion in _doubt_gold(part_i, doc_i, gold_doc, entities):
                yield replace(suspicion, strength=trust.recall * suspicion.strength)
            for suspicion in _miss_entities(part_i, doc_i, gold_doc, entities):
                yield replace(suspicion, strength=trust.precision * suspicion.strength)


def _measure_trust(data: CheckedData) -> Counts:
    """Return how many gold entities the model finds likelier than not, and how many there are."""
    assert data.predicted is not None
    n_correct = 0
    n_predicted = 0
    n_gold = 0
    for part, predicted in zip(data.parts, data.predicted, strict=True):
        for gold_doc, entities in zip(part.docs, predicted, strict=True):
            likely = {entity for entity in entities if _read_probability(entity) >= _LIKELY}
            n_correct += len(likely.intersection(gold_doc.entities))
            n_predicted += len(likely)
            n_gold += len(gold_doc.entities)
    return Counts(n_correct, n_predicted, n_gold)


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
        # What is left of the probability: that nothing is here.
        strength = max(1.0 - total - _UNLISTED, 0.0)
        likelier = spot._replace(entity_type="")
        if rival is not None and _read_probability(rival) > strength:
            strength = _read_probability(rival)
            likelier = Spot(part_i, doc_i, *rival)
        reason = (
            f"a model finds this {format_score(own)} probable, the other {format_score(strength)}"
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
