from dataclasses import replace
from pathlib import Path

import pytest
import spacy

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.evaluation.comparison import Standing, compare_pipelines, rank_against_first
from spacy_hf_ner.evaluation.comparison_table import comparison_json, comparison_rows


def test_the_difference_to_the_first_is_tested(standings: tuple[Standing, ...]) -> None:
    good, bad = comparison_json(standings)
    assert (good["f1"], bad["f1"]) == (1.0, pytest.approx(2 / 3))
    assert good["p_value_to_first"] is None
    assert bad["p_value_to_first"] < 0.01
    assert bad["f1_per_type"] == {"LOC": pytest.approx(2 / 3)}


def test_a_pipeline_has_a_speed_a_memory_and_a_size(standings: tuple[Standing, ...]) -> None:
    for row in comparison_json(standings):
        assert row["words_per_second"] > 0
        assert row["peak_memory_bytes"] > 10_000_000
        assert row["size_bytes"] > 1000


def test_a_pipeline_is_not_better_than_itself(standings: tuple[Standing, ...]) -> None:
    first = standings[0].measured
    assert [standing.p_value for standing in rank_against_first([first, first])] == [None, 1.0]


def test_one_document_says_nothing_of_chance(standings: tuple[Standing, ...]) -> None:
    ones = [
        replace(one.measured, docs=replace(one.measured.docs, counts=one.measured.docs.counts[:1]))
        for one in standings
    ]
    good, bad = rank_against_first(ones)
    assert (good.p_value, bad.p_value, bad.intervals) == (None, None, None)
    assert comparison_rows([good, bad])[1][6:8] == ("-33.33", "")


def test_a_pipeline_that_is_not_there_is_missed_before_the_first_is_measured(
    tmp_path: Path,
) -> None:
    spacy.blank("en").to_disk(tmp_path / "first")
    with pytest.raises(ConfigError, match="got 'nowhere'"):
        compare_pipelines([str(tmp_path / "first"), "nowhere"], tmp_path / "not read.spacy")


def test_a_standing_shows_no_arrays(standings: tuple[Standing, ...]) -> None:
    assert "array" not in repr(standings[0].measured)
