import pytest
from hypothesis import given

from spacy_hf_ner.evaluation.matching import match_entities
from spacy_hf_ner.evaluation.pairing import Entity
from tests.evaluation.sides import sides


@pytest.mark.parametrize(
    ("gold", "predicted", "kinds"),
    [
        ([Entity(0, 5, "A")], [Entity(0, 5, "A")], ["correct"]),
        ([Entity(0, 5, "A")], [Entity(0, 5, "B")], ["wrong type"]),
        ([Entity(0, 5, "A")], [Entity(0, 7, "A")], ["wrong border"]),
        ([Entity(0, 5, "A")], [Entity(0, 7, "B")], ["wrong type and border"]),
        ([Entity(0, 5, "A")], [], ["missed"]),
        ([], [Entity(0, 5, "A")], ["spurious"]),
        ([Entity(0, 5, "A")], [Entity(5, 7, "A")], ["missed", "spurious"]),
        ([Entity(0, 9, "A")], [Entity(0, 2, "A"), Entity(3, 9, "B")], ["wrong border", "spurious"]),
        ([Entity(0, 2, "A"), Entity(3, 9, "A")], [Entity(0, 9, "A")], ["wrong border", "missed"]),
    ],
)
def test_each_kind_of_error_has_its_name(
    gold: list[Entity], predicted: list[Entity], kinds: list[str]
) -> None:
    assert [match.kind for match in match_entities(gold, predicted)] == kinds


def test_entities_that_overlap_on_one_side_each_have_one_match() -> None:
    gold = [Entity(0, 20, "A"), Entity(2, 4, "A"), Entity(10, 12, "B")]
    predicted = [Entity(0, 20, "A"), Entity(1, 3, "A"), Entity(11, 14, "B")]
    found = [(m.kind, m.gold, m.predicted) for m in match_entities(gold, predicted)]
    assert found == [
        ("correct", gold[0], predicted[0]),
        ("wrong border", gold[1], predicted[1]),
        ("wrong border", gold[2], predicted[2]),
    ]


def test_a_match_carries_the_score_of_the_prediction() -> None:
    (match,) = match_entities([Entity(0, 5, "A")], [Entity(0, 5, "A", score=0.3)])
    assert match.predicted is not None
    assert match.predicted.score == 0.3


@given(sides, sides)
def test_every_entity_is_in_exactly_one_match(gold: list[Entity], predicted: list[Entity]) -> None:
    matches = match_entities(gold, predicted)
    assert sorted(match.gold for match in matches if match.gold) == sorted(gold)
    assert sorted(match.predicted for match in matches if match.predicted) == sorted(predicted)
    assert sum(match.kind == "correct" for match in matches) == len(set(gold) & set(predicted))


@given(sides, sides)
def test_missed_and_spurious_entities_cannot_be_paired(
    gold: list[Entity], predicted: list[Entity]
) -> None:
    matches = match_entities(gold, predicted)
    missed = [match.gold for match in matches if match.kind == "missed" and match.gold]
    spurious = [
        match.predicted for match in matches if match.kind == "spurious" and match.predicted
    ]
    assert not any(one.overlaps(other) for one in missed for other in spurious)
