"""The report in headless Chromium: it loads without errors or requests, and its filters work."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from spacy_hf_ner.evaluation.matching import match_entities
from spacy_hf_ner.evaluation.pairing import DocPair, Entity
from spacy_hf_ner.evaluation.results import Evaluation
from spacy_hf_ner.visual.error_browser import make_error_browser
from spacy_hf_ner.visual.evaluation_page import make_report
from spacy_hf_ner.visual.page import make_page
from tests.patience import PATIENCE_S

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
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


def open_page(html: str, script: str, folder: Path) -> str:
    """Run a script on a page and return the page's HTML as it then is."""
    page = folder / "page.html"
    page.write_text(html.replace("</body>", f"<script>{script}</script></body>"), encoding="utf8")
    command = [
        str(CHROMIUM),
        *FLAGS,
        f"--user-data-dir={folder / 'profile'}",
        "--dump-dom",
        page.as_uri(),
    ]
    # Chromium keeps a socket in the folder for temporary files, and the path of a socket has to be
    # short. A name from outside may be long.
    environment = {name: value for name, value in os.environ.items() if name != "TMPDIR"}
    done = subprocess.run(  # noqa: S603 - a browser of this machine
        command,
        capture_output=True,
        encoding="utf8",
        check=True,
        timeout=PATIENCE_S,
        env=environment,
    )
    complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert complaints == []
    return done.stdout


@pytest.fixture
def open_with(evaluation: Evaluation, tmp_path: Path) -> Open:
    """Return a function that runs a script on the report and gives the HTML that results."""
    report = make_report(evaluation, data="dev")
    return lambda script: open_page(report, script, tmp_path)


def make_browser(pairs: Sequence[DocPair]) -> str:
    """Return a page with nothing but the error browser."""
    body = make_error_browser(pairs, [match_entities(pair.gold, pair.predicted) for pair in pairs])
    return make_page(title="", body=body, styles=["report.css"], scripts=["report.js"])


def make_pair(n_words: int, *, every: int) -> DocPair:
    """Return a text with an entity at every so many words, each tenth of which was missed."""
    gold = [Entity(i * 5, i * 5 + 4, "LOC") for i in range(0, n_words, every)]
    predicted = [Entity(*entity, 0.9) for i, entity in enumerate(gold) if i % 10]
    return DocPair(
        "Rome " * n_words, tuple(gold), tuple(predicted), (), np.zeros((0, 2), dtype=np.int64)
    )


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
        "for (const box of document.querySelectorAll('[name=kind]')) box.checked = box.value === '3';"  # noqa: E501 - a script
        "document.getElementById('filters').dispatchEvent(new Event('input'));"
    )
    assert _found(page) == "10 of 30 documents fit."
    assert {kind for kind in _marks(page) if "dim" not in kind} == {"k3"}


def test_a_type_a_score_and_a_text_can_be_filtered(open_with: Open) -> None:
    page = open_with(
        "document.getElementById('low').value = '0.85'; document.getElementById('search').value = 'TIM';"  # noqa: E501 - a script
        "document.getElementById('type').value = '1'; document.getElementById('order').value = 'score';"  # noqa: E501 - a script
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


def test_the_most_confident_errors_come_first(open_with: Open) -> None:
    page = open_with(
        "for (const box of document.querySelectorAll('[name=kind]')) box.checked = true;"
        "document.getElementById('order').value = 'score';"
        "document.getElementById('filters').dispatchEvent(new Event('input'));"
    )
    numbers = [int(number) for number in re.findall(r">Document (\d+)<", page)]
    # Errors are scored 0.9 in every second and third document of three; the first has a right
    # entity of that score.
    assert len(numbers) == 20
    assert all(number % 3 != 1 for number in numbers)


def test_marks_lie_on_the_right_characters(open_with: Open) -> None:
    page = open_with("")
    assert re.search(r'<mark class="e k1"[^>]*>Tim Cook<span', page)
    assert "&lt;/script&gt;" in page


COUNT_ELEMENTS = "document.title = document.querySelectorAll('*').length;"


def _n_elements(page: str) -> int:
    match = re.search(r"<title>(\d+)</title>", page)
    assert match is not None
    return int(match.group(1))


def test_one_very_long_document_is_drawn_in_parts(tmp_path: Path) -> None:
    page = open_page(make_browser([make_pair(200_000, every=10)]), COUNT_ELEMENTS, tmp_path)
    assert _found(page) == "1 of 1 document fits, with 200 of 200 passages."
    assert "Document 1, part 20 of 200" in page
    assert "part 21 of 200" not in page
    assert (
        20 * 95 * 2 < _n_elements(page) < 20 * 100 * 2 * 4
    )  # 20 passages of 100 entities on two sides


def test_of_ten_thousand_documents_twenty_are_drawn(tmp_path: Path) -> None:
    page = open_page(
        make_browser([make_pair(20, every=10) for _ in range(10_000)]), COUNT_ELEMENTS, tmp_path
    )
    assert _found(page) == "10,000 of 10,000 documents fit."
    assert page.count("<article") == 20
    assert _n_elements(page) < 1000


def test_overlapping_predictions_are_all_shown(tmp_path: Path) -> None:
    predicted = (Entity(0, 9, "LOC", 0.4), Entity(5, 9, "LOC", 0.7))
    pair = DocPair("Rome Rome", (Entity(0, 4, "LOC"),), predicted, (), np.array([[0, 4], [5, 9]]))
    page = open_page(make_browser([pair]), "", tmp_path)
    assert re.search(r"Rome <mark [^>]*>Rome<[^/]*<i>0.70</i>", page)
    assert re.search(r"Overlapping: <mark [^>]*>Rome Rome<[^/]*<i>0.40</i>", page)


def test_what_nobody_has_annotated_is_not_judged(tmp_path: Path) -> None:
    pair = DocPair("Rome", (), (), (Entity(0, 4, "LOC", 0.4),), np.zeros((0, 2), dtype=np.int64))
    page = open_page(
        make_browser([pair]),
        "document.querySelector('[name=kind]').checked = true;"
        "document.getElementById('filters').dispatchEvent(new Event('input'));",
        tmp_path,
    )
    assert '<span class="badge none">not judged</span>' in page
    assert "<h4>Predicted</h4>" in page
    assert "<h4>Gold</h4>" not in page


def test_no_score_reads_as_certain_that_is_not(tmp_path: Path) -> None:
    predicted = (Entity(0, 4, "LOC", 0.9984), Entity(5, 9, "LOC", 0.99999))
    pair = DocPair("Rome Rome", (), predicted, (), np.array([[0, 4], [5, 9]]))
    page = open_page(make_browser([pair]), "", tmp_path)
    assert re.findall(r"<i>([\d.]+)</i>", page) == ["0.9984", "0.9999"]
