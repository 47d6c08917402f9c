"""How many of all entities are found, by the lowest score that counts."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_hf_ner.core.expected_recall import (
    ExpectedRecall,
    RecallEstimate,
    count_found,
    read_expected_recall,
)
from spacy_hf_ner.errors import ConfigError

RECALL = count_found({"PER": 4, "LOC": 2}, [("PER", 0.9), ("PER", 0.5), ("LOC", 0.07)])

SCORES = st.floats(0.0, 1.0)


@pytest.mark.parametrize(
    ("threshold", "entity_types", "expected"),
    [
        (None, None, RecallEstimate(3 / 6, 6)),
        (0.07, None, RecallEstimate(3 / 6, 6)),
        (0.5, None, RecallEstimate(2 / 6, 6)),
        (0.51, None, RecallEstimate(1 / 6, 6)),
        (1.0, None, RecallEstimate(0.0, 6)),
        (0.5, ["LOC"], RecallEstimate(0.0, 2)),
        ({"PER": 0.6}, None, RecallEstimate(2 / 6, 6)),
        ({"PER": 0.6}, ["PER"], RecallEstimate(1 / 4, 4)),
        (None, ["MISC"], None),
    ],
)
def test_what_reaches_the_threshold_counts(
    threshold: object, entity_types: object, expected: object
) -> None:
    assert RECALL.estimate(threshold, entity_types) == expected  # type: ignore[arg-type]


@given(st.lists(SCORES, max_size=20), SCORES)
def test_never_more_is_promised_than_reaches_the_threshold(
    scores: list[float], threshold: float
) -> None:
    recall = count_found({"PER": 20}, [("PER", score) for score in scores])
    estimate = recall.estimate(threshold)
    assert estimate is not None
    # Rounding at the sixth decimal apart, which no threshold that people set has.
    n_found = sum(score >= threshold - 1e-7 for score in scores)
    assert round(estimate.recall * 20) <= n_found
    n_found_a_step_higher = sum(score >= threshold + 0.010001 for score in scores)
    assert round(estimate.recall * 20) >= n_found_a_step_higher


def test_it_is_stored_as_json() -> None:
    stored = json.loads(json.dumps(RECALL.to_json()))
    assert read_expected_recall(stored).estimate(0.5) == RECALL.estimate(0.5)


@pytest.mark.parametrize(
    ("n_gold", "n_found"),
    [
        ({"PER": 3}, {}),
        ({"PER": 3}, {"PER": [1]}),
        ({"PER": 3}, {"PER": [0, *[1] * 100]}),
        ({"PER": 3}, {"PER": [4] * 101}),
        ({"PER": 3}, {"PER": [*[1] * 100, -1]}),
    ],
)
def test_counts_that_contradict_each_other_are_refused(
    n_gold: dict[str, int], n_found: dict[str, list[int]]
) -> None:
    with pytest.raises(ConfigError):
        ExpectedRecall(n_gold, n_found)
