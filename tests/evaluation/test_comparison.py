from dataclasses import replace
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin, Span

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.evaluation.comparison import (
    Standing,
    compare_pipelines,
    measure_pipeline,
    rank_against_first,
)
from spacy_hf_ner.evaluation.comparison_table import (
    HEADER,
    comparison_json,
    comparison_rows,
    type_header,
    type_rows,
)


@pytest.fixture(scope="module")
def standings(tmp_path_factory: pytest.TempPathFactory) -> tuple[Standing, ...]:
    """Return a ruler that knows both places beside one that knows the first only."""
    folder = tmp_path_factory.mktemp("models")
    for name, places in (("good", ["Paris", "Oslo"]), ("bad", ["Paris"])):
        nlp = spacy.blank("en")
        patterns = [{"label": "LOC", "pattern": place} for place in places]
        nlp.add_pipe("entity_ruler").add_patterns(patterns)  # type: ignore[attr-defined]
        nlp.to_disk(folder / name)
    docs = [nlp.make_doc("Paris or Oslo?") for _ in range(12)]
    for doc in docs:
        doc.ents = [Span(doc, 0, 1, "LOC"), Span(doc, 2, 3, "LOC")]
    DocBin(docs=docs).to_disk(folder / "dev.spacy")
    return rank_against_first(
        [measure_pipeline(str(folder / name), folder / "dev.spacy") for name in ("good", "bad")]
    )


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
