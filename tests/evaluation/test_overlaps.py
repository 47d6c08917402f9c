import pytest
from hypothesis import given

from spacy_hf_ner.evaluation.overlaps import find_overlaps
from spacy_hf_ner.evaluation.pairing import Entity
from tests.evaluation.sides import sides


@pytest.mark.parametrize(
    ("entities", "others", "expected"),
    [
        ([], [Entity(0, 2, "A")], []),
        ([Entity(0, 2, "A")], [], [[]]),
        ([Entity(0, 2, "A")], [Entity(2, 4, "A")], [[]]),
        ([Entity(0, 2, "A")], [Entity(1, 4, "B")], [[0]]),
        ([Entity(0, 2, "A"), Entity(3, 5, "A")], [Entity(1, 4, "B")], [[0], [0]]),
        # The second of the others ends before the entity; the first one does not.
        ([Entity(6, 8, "A")], [Entity(0, 9, "A"), Entity(2, 4, "A"), Entity(7, 8, "A")], [[0, 2]]),
    ],
)
def test_entities_overlap_if_they_share_a_character(
    entities: list[Entity], others: list[Entity], expected: list[list[int]]
) -> None:
    assert list(find_overlaps(entities, others)) == expected


@given(sides, sides)
def test_overlaps_are_those_of_all_pairs(entities: list[Entity], others: list[Entity]) -> None:
    expected = []
    for entity in entities:
        expected.append([i for i, other in enumerate(others) if entity.overlaps(other)])
    assert list(find_overlaps(entities, others)) == expected
