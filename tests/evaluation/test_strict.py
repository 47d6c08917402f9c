import pytest

from spacy_hf_ner.evaluation.pairing import Entity
from spacy_hf_ner.evaluation.strict import Counts, StrictScores, count_types

PER, LOC = Entity(0, 3, "PER"), Entity(5, 9, "LOC")


@pytest.mark.parametrize(
    ("gold", "predicted", "expected"),
    [
        ([PER, LOC], [PER, LOC], {"LOC": Counts(1, 1, 1), "PER": Counts(1, 1, 1)}),
        ([PER], [Entity(0, 3, "LOC")], {"LOC": Counts(0, 1, 0), "PER": Counts(0, 0, 1)}),
        ([PER], [Entity(0, 4, "PER")], {"PER": Counts(0, 1, 1)}),
        ([], [], {}),
    ],
)
def test_only_equal_borders_and_types_are_correct(
    gold: list[Entity], predicted: list[Entity], expected: dict[str, Counts]
) -> None:
    assert count_types(gold, predicted) == expected


def test_a_score_does_not_make_an_entity_wrong() -> None:
    assert count_types([PER], [Entity(0, 3, "PER", score=0.5)])["PER"].n_correct == 1


def test_ratios_without_entities_are_zero() -> None:
    assert (Counts().precision, Counts().recall, Counts().f1) == (0.0, 0.0, 0.0)


def test_micro_sums_counts_and_macro_averages_ratios() -> None:
    scores = StrictScores({"LOC": Counts(1, 1, 1), "PER": Counts(0, 0, 3)})
    assert scores.micro == Counts(1, 1, 4)
    assert scores.macro.f1 == 0.5
    assert scores.macro.precision == 0.5
