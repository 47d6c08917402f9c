import pytest

from spacy_hf_ner.core.thresholds import Threshold, get_lowest_score, reaches


@pytest.mark.parametrize(
    ("threshold", "lowest"), [(None, 0.0), (0.5, 0.5), ({"PER": 0.9}, 0.9), ({"LOC": 0.9}, 0.0)]
)
def test_the_lowest_score_is_that_of_the_type(threshold: Threshold, lowest: float) -> None:
    assert get_lowest_score(threshold, "PER") == lowest


def test_a_score_reaches_its_threshold_and_what_has_no_score_reaches_any() -> None:
    assert reaches(0.5, "PER", 0.5)
    assert not reaches(0.5, "PER", 0.499)
    assert reaches({"LOC": 0.5}, "PER", 0.0)
    assert reaches(1.0, "PER", None)
