import numpy as np
import pytest
from hypothesis import given
from nervaluate import Evaluator

from spacy_hf_ner.evaluation.pairing import DocPair, Entity
from spacy_hf_ner.evaluation.semeval import SEMEVAL_VIEWS, SemevalCounts, count_semeval
from tests.evaluation.sides import filled_sides

NERVALUATE_NAMES = {"strict": "strict", "exact": "exact", "partial": "partial", "type": "ent_type"}


def make_pair(gold: list[Entity], predicted: list[Entity]) -> DocPair:
    return DocPair("x" * 100, tuple(gold), tuple(predicted), (), np.zeros((0, 2), dtype=np.int64))


@pytest.mark.parametrize(
    ("predicted", "expected"),
    [
        (
            Entity(0, 5, "A"),
            {"strict": "correct", "exact": "correct", "partial": "correct", "type": "correct"},
        ),
        (
            Entity(0, 5, "B"),
            {"strict": "incorrect", "exact": "correct", "partial": "correct", "type": "incorrect"},
        ),
        (
            Entity(0, 7, "A"),
            {"strict": "incorrect", "exact": "incorrect", "partial": "partial", "type": "correct"},
        ),
        (
            Entity(2, 7, "B"),
            {
                "strict": "incorrect",
                "exact": "incorrect",
                "partial": "partial",
                "type": "incorrect",
            },
        ),
    ],
)
def test_each_view_forgives_something_else(predicted: Entity, expected: dict[str, str]) -> None:
    counts = count_semeval([make_pair([Entity(0, 5, "A")], [predicted])])
    assert counts == {view: SemevalCounts(**{expected[view]: 1}) for view in SEMEVAL_VIEWS}


def test_entities_apart_are_missed_and_spurious_in_every_view() -> None:
    counts = count_semeval([make_pair([Entity(0, 5, "A")], [Entity(5, 9, "A")])])
    assert set(counts) == set(SEMEVAL_VIEWS)
    assert all(row == SemevalCounts(missed=1, spurious=1) for row in counts.values())


def test_half_right_counts_half() -> None:
    row = SemevalCounts(correct=1, partial=1, missed=2)
    assert (row.precision, row.recall) == (0.75, 0.375)
    assert row.f1 == pytest.approx(0.5)


def test_no_entities_score_zero() -> None:
    assert (SemevalCounts().precision, SemevalCounts().recall, SemevalCounts().f1) == (
        0.0,
        0.0,
        0.0,
    )


@given(filled_sides, filled_sides)
def test_counts_equal_those_of_nervaluate(gold: list[Entity], predicted: list[Entity]) -> None:
    as_dicts = [
        [{"label": e.entity_type, "start": e.start_char, "end": e.end_char - 1} for e in side]
        for side in (gold, predicted)
    ]
    theirs = Evaluator([as_dicts[0]], [as_dicts[1]], tags=["A", "B"], loader="dict").evaluate()[
        "overall"
    ]
    for view, ours in count_semeval([make_pair(gold, predicted)]).items():
        other = theirs[NERVALUATE_NAMES[view]]
        assert ours == SemevalCounts(
            other.correct, other.incorrect, other.partial, other.missed, other.spurious
        ), view
        assert ours.f1 == pytest.approx(other.f1)
