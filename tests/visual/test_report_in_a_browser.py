"""Opens the report in headless Chromium: it loads without errors or requests, and its filters work."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from spacy_hf_ner.evaluation.evaluate import Evaluation
from spacy_hf_ner.visual.report import make_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--virtual-time-budget=3000",
]
Open = Callable[[str], str]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


@pytest.fixture
def open_with(evaluation: Evaluation, tmp_path: Path) -> Open:
    """Return a function that runs a script on the report and gives the page's HTML as it then is."""
    report = make_report(evaluation, data="dev")

    def run(script: str) -> str:
        page = tmp_path / "report.html"
        page.write_text(report.replace("</body>", f"<script>{script}</script></body>"), encoding="utf8")
        command = [str(CHROMIUM), *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)  # noqa: S603
        complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        assert complaints == []
        return done.stdout

    return run


def _found(page: str) -> str:
    match = re.search(r'<p id="found"[^>]*>([^<]*)</p>', page)
    assert match is not None
    return match.group(1)


def _marks(page: str) -> list[str]:
    return re.findall(r'<mark class="e ([^"]*)"', page)


def test_it_opens_with_the_documents_that_have_errors(open_with: Open) -> None:
    counted = "document.title = performance.getEntriesByType('resource').length;"
    page = open_with(counted)
    assert _found(page) == "20 of 30 documents fit."
    assert page.count("<article") == 20
    assert "<title>0</title>" in page  # nothing else was asked for


def test_a_kind_can_be_filtered(open_with: Open) -> None:
    page = open_with(
        "for (const box of document.querySelectorAll('[name=kind]')) box.checked = box.value === '3';"
        "document.getElementById('filters').dispatchEvent(new Event('input'));"
    )
    assert _found(page) == "10 of 30 documents fit."
    assert {kind for kind in _marks(page) if "dim" not in kind} == {"k3"}


def test_a_type_a_score_and_a_text_can_be_filtered(open_with: Open) -> None:
    page = open_with(
        "document.getElementById('low').value = '0.85'; document.getElementById('search').value = 'TIM';"
        "document.getElementById('type').value = '1'; document.getElementById('order').value = 'score';"
        "document.getElementById('filters').dispatchEvent(new Event('input'));"
    )
    assert _found(page) == "20 of 30 documents fit."


def test_a_search_for_what_is_not_there_finds_nothing(open_with: Open) -> None:
    page = open_with(
        "document.getElementById('search').value = 'nowhere';"
        "document.getElementById('filters').dispatchEvent(new Event('input'));"
    )
    assert _found(page) == "0 of 30 documents fit."


def test_pages_are_turned(open_with: Open) -> None:
    page = open_with(
        "for (const box of document.querySelectorAll('[name=kind]')) box.checked = true;"
        "document.getElementById('filters').dispatchEvent(new Event('input'));"
        "setTimeout(() => document.getElementById('next').click(), 500);"
    )
    assert page.count("<article") == 10
    assert '<span id="page">2 of 2</span>' in page
    assert "Document 30" in page


def test_marks_lie_on_the_right_characters(open_with: Open) -> None:
    page = open_with("")
    assert re.search(r'<mark class="e k1"[^>]*>Tim Cook<span', page)
    assert "&lt;/script&gt;" in page
