import json
from dataclasses import replace

import pytest

from spacy_hf_ner.evaluation.comparison import Standing
from spacy_hf_ner.evaluation.comparison_table import (
    HEADER,
    comparison_json,
    comparison_rows,
    type_header,
    type_rows,
)
from spacy_hf_ner.evaluation.strict import Counts, StrictScores


def test_rows_say_the_same_as_text(standings: tuple[Standing, ...]) -> None:
    good, bad = comparison_rows(standings)
    assert len(good) == len(bad) == len(HEADER)
    assert (good[0], bad[0]) == ("good", "bad")
    assert (good[1], good[2], good[6]) == ("100.00", "100.0–100.0", "")
    assert (bad[1], bad[6]) == ("66.67", "-33.33")
    assert good[-1].endswith(" kB")
    assert good[-1] != "0 kB"
    assert type_rows(standings) == [("LOC", "100.00", "66.67")]
    assert len(type_header(standings)) == 3


@pytest.mark.parametrize(
    ("models", "names"),
    [
        (["training/a/model-best", "training/b/model-best"], ["a", "b"]),
        (["a/b/model-best", "a/c/model-last"], ["model-best", "model-last"]),
        (["x/a/best", "y/a/best", "y/b/best"], ["x/a", "y/a", "y/b"]),
        (["training/a/model-best", "en_core_web_sm"], ["model-best", "en_core_web_sm"]),
        (["training/a/model-best"], ["a/model-best"]),
        (["training/a/model-best"] * 2, ["a/model-best"] * 2),
        (["a/model-best", "model-best"], ["a/model-best", "model-best"]),
    ],
)
def test_a_pipeline_is_named_by_what_tells_it_from_the_others(
    models: list[str], names: list[str], standings: tuple[Standing, ...]
) -> None:
    named = [Standing(replace(standings[0].measured, model=model), None, None) for model in models]
    assert [row[0] for row in comparison_rows(named)] == names


def test_a_pipeline_without_intervals_memory_and_size_has_blank_cells(
    standings: tuple[Standing, ...],
) -> None:
    measured = replace(standings[0].measured, peak_memory=None, size=None)
    bare = Standing(measured, intervals=None, p_value=None)
    row = dict(zip(HEADER, comparison_rows([bare])[0], strict=True))
    blank = [name for name, cell in row.items() if not cell]
    assert blank == ["95 %", "to the first", "p", "memory", "size"]


def test_a_type_that_a_pipeline_does_not_know_has_a_blank_cell(
    standings: tuple[Standing, ...],
) -> None:
    strict = StrictScores({"PER": Counts(n_predicted=1)})
    other = replace(standings[1], measured=replace(standings[1].measured, strict=strict))
    assert type_rows([standings[0], other]) == [("LOC", "100.00", ""), ("PER", "", "0.00")]


def test_a_comparison_can_be_written_as_json(standings: tuple[Standing, ...]) -> None:
    bare = replace(standings[1], intervals=None, p_value=None)
    good, bad = json.loads(json.dumps(comparison_json([standings[0], bare]), allow_nan=False))
    assert good["f1_interval_95"] == [1.0, 1.0]
    assert (bad["f1_interval_95"], bad["p_value_to_first"]) == (None, None)
    assert bad["signature"]["data"]["n_docs"] == 12
