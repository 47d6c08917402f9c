from dataclasses import replace

import pytest

from spacy_hf_ner.checking.suggestions import rank_suggestions
from spacy_hf_ner.pipe.gold import Entity
from tests.checking.conftest import MakeData

OSLO = (Entity(0, 4, "LOC", 0.8),)


def test_the_likeliest_error_comes_first_with_what_would_be_right(make_data: MakeData) -> None:
    data = make_data(train=["[Oslo|LOC] calls"] * 8 + ["Oslo calls", "[Ann|PER]", "[Ann|LOC]"])
    first, *_ = rank_suggestions(data)
    assert str(first.place) == "train 9: [Oslo] calls"
    assert (str(first.gold), str(first.likelier)) == ("no entity", "'Oslo' LOC")
    assert first.suspicion == 8 / 10
    assert first.to_json()["likelier"]["start_char"] == 0


def test_what_strings_and_a_model_say_of_one_place_is_one_suggestion(make_data: MakeData) -> None:
    data = make_data(train=["[Oslo|LOC] calls"] * 8 + ["Oslo calls"])
    data = replace(data, predicted=((OSLO,) * 9,))
    first, *rest = rank_suggestions(data)
    assert str(first.place) == "train 9: [Oslo] calls"
    # Strings say 8/10, which counts 0.7 beside a model; of whose entities gold has 8 in 9.
    assert first.suspicion == pytest.approx(1 - (1 - 0.7 * 0.8) * (1 - 8 / 9 * 0.8))
    assert "LOC in 8 of 9 places; a model finds it 0.80 probable" in first.reason
    assert "train 9" not in " ".join(str(suggestion.place) for suggestion in rest)


def test_weak_suspicions_are_no_suggestions(make_data: MakeData) -> None:
    data = make_data(train=["[Oslo|LOC] calls"] * 50 + ["Oslo calls"])
    assert len(rank_suggestions(data)) == 1
