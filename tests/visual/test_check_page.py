from dataclasses import replace

import pytest
import spacy

from spacy_hf_ner.checking.check_report import CheckReport, run_checks
from spacy_hf_ner.checking.findings import Finding, Place
from spacy_hf_ner.checking.parts import CheckedData, make_part
from spacy_hf_ner.visual.check_page import make_check_page
from tests.checking.conftest import annotate


@pytest.fixture
def checked() -> CheckReport:
    docs = [annotate(text) for text in ["[<b>|LOC]", "[<b>|LOC]", "[<b>|ORG]"]]
    parts = (make_part("train", docs, spans_key="hf_ner"),)
    return run_checks(CheckedData(parts, spacy.blank("en")))


def test_a_page_shows_types_findings_and_suggestions(checked: CheckReport) -> None:
    page = make_check_page(checked)
    assert "<b>3</b><span>documents</span>" in page
    assert '<th scope="row">LOC</th><td class="n">2</td>' in page
    assert "train has only 2 entities of the type LOC." in page
    assert "ORG in 1 of 3 places" in page.replace("&#x27;", "'")


def test_what_data_says_is_escaped(checked: CheckReport) -> None:
    finding = Finding("x", "error", 1, "<i>", "<i>", [Place("<i>", 1, "<i>")])
    page = make_check_page(replace(checked, findings=(finding,)))
    assert "<i>" not in page
    assert "&lt;b&gt;" in page


def test_data_without_fault_says_so(checked: CheckReport) -> None:
    page = make_check_page(replace(checked, findings=(), suggestions=()))
    assert "No check has found anything." in page
    assert "may be wrong" not in page
