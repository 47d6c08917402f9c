from dataclasses import replace

import pytest

from spacy_hf_ner.checking.model_evidence import find_disagreements
from spacy_hf_ner.checking.suspicion import Spot, Suspicion
from spacy_hf_ner.pipe.gold import Entity
from tests.checking.conftest import MakeData

# A document that the model gets right: with it, there is something to trust it for.
RIGHT = "[Rome|LOC]"
FOUND = (Entity(0, 4, "LOC", 1.0),)


def disagree(make_data: MakeData, text: str, *predicted: Entity) -> list[Suspicion]:
    """Return the suspicions about the first of two documents."""
    data = replace(make_data(train=[text, RIGHT]), predicted=((predicted, FOUND),))
    return [suspicion for suspicion in find_disagreements(data) if suspicion.gold.doc_i == 0]


def test_gold_is_doubted_as_much_as_another_reading_is_probable(make_data: MakeData) -> None:
    (suspicion,) = disagree(
        make_data,
        "[Oslo|LOC] calls",
        Entity(0, 4, "ORG", 0.7),
        Entity(0, 4, "LOC", 0.2),
        Entity(0, 10, "ORG", 0.05),
    )
    assert suspicion.likelier == Spot(0, 0, 0, 4, "ORG")
    # The model finds one of two gold entities, so its doubts count half.
    assert suspicion.strength == pytest.approx(0.5 * 0.7)


def test_gold_where_the_model_finds_nothing_is_likely_no_entity(make_data: MakeData) -> None:
    (suspicion,) = disagree(make_data, "[Oslo|LOC] calls", Entity(0, 4, "LOC", 0.1))
    assert suspicion.likelier == Spot(0, 0, 0, 4, "")
    assert suspicion.strength == pytest.approx(0.5 * 0.89)


def test_gold_that_the_model_finds_is_hardly_doubted(make_data: MakeData) -> None:
    (suspicion,) = disagree(make_data, "[Oslo|LOC] calls", Entity(0, 4, "LOC", 0.98))
    assert suspicion.strength == pytest.approx(0.01)


def test_what_only_the_model_finds_is_likely_missing(make_data: MakeData) -> None:
    (suspicion,) = disagree(
        make_data, "Oslo calls", Entity(0, 4, "LOC", 0.8), Entity(5, 10, "PER", 0.1)
    )
    assert (suspicion.gold, suspicion.likelier) == (
        Spot(0, 0, 0, 4, ""),
        Spot(0, 0, 0, 4, "LOC"),
    )
    # Gold has one of the two entities that the model finds likely.
    assert suspicion.strength == pytest.approx(0.5 * 0.8)


def test_a_model_that_finds_nothing_of_gold_is_not_believed(make_data: MakeData) -> None:
    data = replace(make_data(train=["[Oslo|LOC] calls"]), predicted=(((),),))
    assert [suspicion.strength for suspicion in find_disagreements(data)] == [0.0]


def test_a_prediction_without_a_score_counts_half(make_data: MakeData) -> None:
    (suspicion,) = disagree(make_data, "Oslo calls", Entity(0, 4, "LOC"))
    assert suspicion.strength == pytest.approx(0.5 * 0.5)
