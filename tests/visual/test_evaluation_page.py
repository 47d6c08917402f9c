"""The report as text; test_report_in_a_browser.py opens it."""

import dataclasses
import json
import re
from html import escape
from html.parser import HTMLParser

import pytest
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example

from spacy_hf_ner.evaluation.prediction import Prediction
from spacy_hf_ner.evaluation.results import Evaluation, judge
from spacy_hf_ner.evaluation.training_log import TrainingStep
from spacy_hf_ner.visual.evaluation_page import make_report


@pytest.fixture(scope="module")
def report(evaluation: Evaluation) -> str:
    steps = [
        TrainingStep(0, 0, {"hf_ner": 8.0}, {"ents_f": 1.0, "ents_p": 2.0, "ents_r": 0.5}, 0.01),
        TrainingStep(
            100, 1, {"hf_ner": 20.0}, {"ents_f": 80.0, "ents_p": 82.0, "ents_r": 78.0}, 0.8
        ),
    ]
    return make_report(evaluation, data="dev <1>", training=steps)


def test_the_report_asks_for_nothing_outside_itself(report: str) -> None:
    assert not re.findall(
        r"""(?:src|href)=["']?(?:https?:|//)|@import|url\((?!["']?data:)""", report
    )


def test_every_section_is_there(report: str) -> None:
    for section in ("scores", "slices", "confidence", "training", "browser"):
        assert f'<section id="{section}" aria-labelledby="{section}-title">' in report


def test_the_foot_says_what_the_figures_were_made_with(report: str, evaluation: Evaluation) -> None:
    foot = report.partition("<footer>")[2].partition("</footer>")[0]
    assert escape(str(evaluation.signature)) in foot


def test_numbers_are_those_of_the_evaluation(report: str, evaluation: Evaluation) -> None:
    assert f"{evaluation.strict.micro.f1:.1%}" in report
    assert evaluation.confidence is not None
    assert f"{evaluation.confidence.brier:.4f}" in report
    assert "wrong type and border" in report


def test_the_loss_is_that_of_one_update_which_spacy_sums_up_between_evaluations(
    report: str,
) -> None:
    path = re.findall(r'class="line s0" d="([^"]+)"', report)[-1]
    first, last = (float(y) for y in re.findall(r" ([\d.]+)", path))
    top, bottom = 14, 294  # of the plot: 8 at the first step, 20 / 100 at the last
    assert first == top
    assert last == pytest.approx(bottom - 0.2 / 8 * (bottom - top), abs=0.1)


def test_a_loss_that_is_no_number_leaves_a_gap_in_its_own_curve_only(
    evaluation: Evaluation,
) -> None:
    losses: list[dict[str, float]] = [
        {"ner": 8.0},
        {"hf_ner": 2.0, "ner": 400.0},
        {"hf_ner": 600.0},
    ]
    steps = [TrainingStep(100 * i, i, one, {}, None) for i, one in enumerate(losses)]
    report = make_report(evaluation, data="dev", training=steps)
    ner, hf_ner = re.findall(r'class="line s[01]" d="([^"]+)"', report)[-2:]
    assert ner.count(" ") == hf_ner.count(" ") == 2  # points
    assert "nan" not in report


def test_averages_stand_out_from_types(report: str) -> None:
    assert re.findall(r"<tr class=sum><th scope=\"row\">([^<]+)", report) == [
        "micro average",
        "macro average",
    ]


def test_what_is_no_type_has_a_name_that_no_type_has(nlp: Language) -> None:
    gold, predicted = (Doc(nlp.vocab, words=[f"w{i}" for i in range(30)]) for _ in range(2))
    types = ["nothing", "micro average", "all types"] * 10
    gold.ents = [Span(gold, i, i + 1, t) for i, t in enumerate(types)]
    predicted.ents = [Span(predicted, 0, 1, "nothing")]
    predicted.spans["hf_ner"] = SpanGroup(
        predicted, spans=list(predicted.ents), attrs={"scores": [0.5]}
    )
    report = make_report(
        judge(nlp, Prediction((Example(predicted, gold),), n_words=30, seconds=1.0)), data="dev"
    )
    names = re.findall(r'<th scope="row">([^<]+)', report)
    assert (
        names.count("(micro average)")
        == names.count("(nothing)")
        == names.count("(all types)")
        == 1
    )
    assert "Most frequent errors; 4 others in the error browser" in report


def test_names_are_escaped(report: str) -> None:
    assert "dev &lt;1&gt;" in report
    assert "dev <1>" not in report


def test_texts_cannot_end_the_script_that_holds_them(report: str) -> None:
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', report, re.DOTALL)
    assert data is not None
    assert "</script>" in json.loads(data.group(1))["passages"][0][3]


def test_offsets_are_those_of_javascript(report: str) -> None:
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', report, re.DOTALL)
    assert data is not None
    *_, text, rows, _ = json.loads(data.group(1))["passages"][0]
    units = text.encode("utf-16-le")
    assert [units[2 * row[1] : 2 * row[2]].decode("utf-16-le") for row in rows] == [
        "Tim Cook",
        "Rome",
        "Oslo",
    ]


def test_without_scores_and_log_their_sections_are_left_out(evaluation: Evaluation) -> None:
    bare = make_report(dataclasses.replace(evaluation, confidence=None, thresholds=()), data="dev")
    assert 'id="training"' not in bare
    assert 'id="confidence"' not in bare


def test_scores_without_any_gold_entity_are_reported(evaluation: Evaluation) -> None:
    assert 'id="confidence"' in make_report(
        dataclasses.replace(evaluation, thresholds=()), data="dev"
    )


def test_tags_are_balanced(report: str) -> None:
    open_tags: list[str] = []

    class Checker(HTMLParser):
        def handle_starttag(self, tag: str, _: object) -> None:
            if tag not in {"meta", "link", "input", "br"}:
                open_tags.append(tag)

        def handle_startendtag(self, *_: object) -> None:
            pass

        def handle_endtag(self, tag: str) -> None:
            assert open_tags.pop() == tag

    Checker().feed(report)
    assert open_tags == []
