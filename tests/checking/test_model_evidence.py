from dataclasses import replace

import pytest

from spacy_hf_ner.checking.model_evidence import find_disagreements
from spacy_hf_ner.checking.suspicion import Spot, Suspicion
from spacy_hf_ner.pipe.gold import Entity
from tests.checking.conftest import MakeData


def disagree(make_data: MakeData, text: str, *predicted: Entity) -> list[Suspicion]:
    data = replace(make_data(train=[text]), predicted=((predicted,),))
    return list(find_disagreements(data))


def test_gold_is_doubted_as_much_as_another_reading_is_probable(make_data: MakeData) -> None:
    (suspicion,) = disagree(
        make_data,
        "[Oslo|LOC] calls",
        Entity(0, 4, "ORG", 0.7),
        Entity(0, 4, "LOC", 0.2),
        Entity(0, 10, "ORG", 0.05),
    )
    assert suspicion.likelier == Spot(0, 0, 0, 4, "ORG")
    assert suspicion.strength == 0.7


def test_gold_where_the_model_finds_nothing_is_likely_no_entity(make_data: MakeData) -> None:
    (suspicion,) = disagree(make_data, "[Oslo|LOC] calls", Entity(0, 4, "LOC", 0.1))
    assert suspicion.likelier == Spot(0, 0, 0, 4, "")
    assert suspicion.strength == pytest.approx(0.9)


def test_gold_that_the_model_finds_is_hardly_doubted(make_data: MakeData) -> None:
    (suspicion,) = disagree(make_data, "[Oslo|LOC] calls", Entity(0, 4, "LOC", 0.99))
    assert suspicion.strength == pytest.approx(0.01)


def test_what_only_the_model_finds_is_likely_missing(make_data: MakeData) -> None:
    (suspicion,) = disagree(
        make_data, "Oslo calls", Entity(0, 4, "LOC", 0.8), Entity(5, 10, "PER", 0.1)
    )
    assert (suspicion.gold, suspicion.likelier) == (
        Spot(0, 0, 0, 4, ""),
        Spot(0, 0, 0, 4, "LOC"),
    )
    assert suspicion.strength == 0.8


def test_a_prediction_without_a_score_counts_half(make_data: MakeData) -> None:
    (suspicion,) = disagree(make_data, "Oslo calls", Entity(0, 4, "LOC"))
    assert suspicion.strength == 0.5
