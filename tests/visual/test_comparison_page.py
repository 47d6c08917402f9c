import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from spacy_hf_ner.evaluation.comparison import Measured, Standing
from spacy_hf_ner.evaluation.resampling import count_docs
from spacy_hf_ner.evaluation.results import Evaluation
from spacy_hf_ner.evaluation.signature import GoldData, Signature
from spacy_hf_ner.visual.comparison_page import make_comparison_page


@pytest.fixture
def signature(evaluation: Evaluation) -> Signature:
    return replace(evaluation.signature, data=GoldData("dev.spacy", "0123456789abcdef", 30))


@pytest.fixture
def measured(evaluation: Evaluation, signature: Signature) -> Measured:
    return Measured(
        model="small",
        description="en_small 1.0.0 (hf_ner)",
        strict=evaluation.strict,
        docs=count_docs(evaluation.pairs),
        words_per_second=100.0,
        peak_memory=None,
        size=None,
        n_unjudged=0,
        signature=signature,
    )


def make_standing(measured: Measured, model: str, **signed: object) -> Standing:
    signature = replace(measured.signature, **signed)  # type: ignore[arg-type]
    return Standing(replace(measured, model=model, signature=signature), None, None)


def read_signature_lines(standings: Sequence[Standing]) -> list[str]:
    page = make_comparison_page(standings, data="dev.spacy")
    foot = page.partition("<footer>")[2].partition("</footer>")[0]
    return [re.sub("<[^>]+>", "", line) for line in re.findall("<li>(.*?)</li>", foot)]


def test_the_foot_says_once_what_all_pipelines_share(measured: Measured) -> None:
    small = make_standing(measured, "small", pipeline="en_small 1.0.0 (hf_ner)")
    large = make_standing(measured, "large", pipeline="en_large 2.0.0 (hf_ner)")
    shared, of_small, of_large = read_signature_lines([small, large])
    assert shared.startswith("data:dev.spacy|sha256:01234567|docs:30|")
    assert f"python:{measured.signature.versions['python']}" in shared
    assert "pipeline:" not in shared
    assert of_small == "small: pipeline:en_small 1.0.0 (hf_ner)"
    assert of_large == "large: pipeline:en_large 2.0.0 (hf_ner)"


def test_a_setting_of_some_pipelines_only_stands_with_them(measured: Measured) -> None:
    plain = make_standing(measured, "plain", components={})
    strict = make_standing(measured, "strict", components={"hf_ner": {"threshold": 0.9}})
    shared, *differing = read_signature_lines([plain, strict])
    assert "threshold" not in shared
    assert differing == ["strict: hf_ner.threshold:0.9"]


def test_what_differs_is_said_of_each_pipeline_though_it_is_on_other_data(
    measured: Measured,
) -> None:
    first = make_standing(measured, "first", date="2026-01-02T03:04:05+00:00")
    second = make_standing(
        measured, "second", data=GoldData("other.spacy", None, 5), date="2026-01-02T03:04:09+00:00"
    )
    _, of_first, of_second = read_signature_lines([first, second])
    assert of_first == (
        "first: data:dev.spacy|sha256:01234567|docs:30|date:2026-01-02T03:04:05+00:00"
    )
    assert of_second == "second: data:other.spacy|docs:5|date:2026-01-02T03:04:09+00:00"


def test_the_signature_of_a_single_pipeline_is_one_line(measured: Measured) -> None:
    assert read_signature_lines([make_standing(measured, "m")]) == [str(measured.signature)]


def test_names_and_data_are_escaped(measured: Measured) -> None:
    standings = [
        make_standing(measured, "<a>", pipeline="en_<x>"),
        make_standing(measured, "<b>", pipeline="en_<y>"),
    ]
    page = make_comparison_page(standings, data="dev <1>")
    for text in ("<a>:", "en_<x>", "dev <1>"):
        assert text not in page
    assert "<li>&lt;a&gt;: <code>pipeline:en_&lt;x&gt;</code></li>" in page


def test_each_pipeline_is_a_row_and_a_dot(measured: Measured) -> None:
    fast = Standing(replace(measured, model="fast", words_per_second=2000.0), None, None)
    page = make_comparison_page([make_standing(measured, "slow"), fast], data="dev.spacy")
    assert "2 pipelines on dev.spacy" in page
    assert page.count("<circle") == 2
    assert ">2,000</td>" in page
