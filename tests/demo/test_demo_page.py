"""The demo in headless Chromium: a real server, a real browser, real pipelines."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
import spacy

from tests.demo.extras import save_pipeline
from tests.patience import PATIENCE_S
from tests.rewriting.texts import make_pipeline

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SECONDS = 60_000  # in milliseconds, for a busy machine

pytest.importorskip("gradio", reason="gradio of the extra [demo] is not installed")
playwright = pytest.importorskip(
    "playwright.sync_api", reason="playwright, which drives the browser, is not installed"
)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


@dataclass
class Demo:
    """A demo that runs, and the page that a browser shows of it."""

    address: str
    folder: Path
    models: tuple[Path, Path]
    page: Any = None
    requests: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def find(self, selector: str) -> Any:
        return self.page.locator(selector)

    def type_text(self, text: str) -> None:
        box = self.find("#text textarea")
        box.fill("")
        box.press_sequentially(text)

    def expect(self, selector: str, pattern: str) -> None:
        pattern = pattern.replace("^", r"^\s*").replace("$", r"\s*$")
        playwright.expect(self.find(selector)).to_contain_text(re.compile(pattern), timeout=SECONDS)

    def note_dialog(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def open_tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=name, exact=True).first.click()


def find_port() -> int:
    with closing(socket.socket()) as opened:
        opened.bind(("127.0.0.1", 0))
        port: int = opened.getsockname()[1]
        return port


def wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(PATIENCE_S):
        assert process.poll() is None, log.read_text(encoding="utf8")
        try:
            urlopen(address, timeout=5).close()  # noqa: S310 - our own address
        except (URLError, OSError):
            time.sleep(1)
        else:
            return
    pytest.fail(log.read_text(encoding="utf8"))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    scored = save_pipeline(folder)
    make_pipeline().to_disk(folder / "rules")
    (folder / "tmp").mkdir()
    port = find_port()
    command = [sys.executable, "-m", "spacy", "hf-ner", "demo"]
    command += [str(folder / "rules"), str(scored), "--port", str(port)]
    environment = {**os.environ, "TMPDIR": str(folder / "tmp")}
    address = f"http://127.0.0.1:{port}/"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own command
            command, stdout=log, stderr=log, cwd=folder, env=environment
        )
        try:
            wait_for(address, process, folder / "log")
            yield Demo(address, folder, (folder / "rules", scored))
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE_S)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def opened(demo: Demo, browser: Any) -> Iterator[Demo]:
    """Return the demo with a fresh page, and check that nobody else was asked for anything."""
    page = browser.new_page()
    demo.page = page
    demo.requests.clear()
    demo.dialogs.clear()
    page.on("request", lambda request: demo.requests.append(request.url))
    page.on("dialog", demo.note_dialog)
    page.goto(demo.address)
    page.wait_for_selector("#text textarea", timeout=SECONDS)
    # Gradio puts the page together twice, and would drop what was typed in between.
    page.wait_for_timeout(3000)
    yield demo
    page.close()
    assert demo.requests
    for url in demo.requests:
        assert url.startswith((demo.address, "data:", "blob:")), url
    assert demo.dialogs == []


def test_what_is_typed_is_read_at_each_key(opened: Demo) -> None:
    opened.type_text("Sarah left Paris.")
    opened.expect("#summary-1", "^2 entities$")
    marks = opened.find("#found-1 mark")
    assert [text.split()[0] for text in marks.all_inner_texts()] == ["SarahPER", "ParisLOC"]
    expected = spacy.load(opened.models[1])("Sarah left Paris.").ents
    opened.expect("#summary-2", f"^{len(expected)} entit")
    opened.expect("#comparison", "^Both find ")
    assert opened.find("#table-1 tbody tr").count() == 2


def test_the_slider_acts_at_once(opened: Demo) -> None:
    text = "Kofi Annan was born in Kumasi."
    scores = sorted(entity._.score for entity in spacy.load(opened.models[1])(text).ents)
    threshold = round((scores[0] + scores[-1]) / 2, 2)
    n_above = sum(score >= threshold for score in scores)
    assert 0 < n_above < len(scores)
    opened.type_text(text)
    opened.expect("#summary-2", f"^{len(scores)} entities$")
    slider = opened.find("#threshold input[type=range]")
    slider.evaluate(
        "(slider, value) => { slider.value = value;"
        " slider.dispatchEvent(new Event('input', {bubbles: true})); }",
        threshold,
    )
    opened.expect("#summary-2", f"^{n_above} entit.*; {len(scores) - n_above} below the threshold$")
    assert opened.find("#found-2 mark").count() == n_above
    opened.page.get_by_role("tab", name="Hugging Face").nth(1).click()
    opened.expect("#hf-2", "entity_group")


def test_names_are_rewritten_by_the_method_that_is_chosen(opened: Demo) -> None:
    opened.type_text("Sarah met Merkel in Paris.")
    opened.expect("#summary-1", "^3 entities$")
    opened.open_tab("Rewrite")
    opened.find("#rewrite").click()
    opened.expect("#new-found", r"\[PER 1\].* met \[PER 2\].* in \[LOC 1\]")
    new_text = opened.find("#new-text textarea")
    playwright.expect(new_text).to_have_value("[PER 1] met [PER 2] in [LOC 1].", timeout=SECONDS)
    assert opened.find("#replaced tbody tr").count() == 3
    playwright.expect(opened.find("#remains textarea")).to_have_value(
        re.compile("is not known"), timeout=SECONDS
    )
    opened.page.get_by_label("mask", exact=True).check()
    playwright.expect(opened.find("#numbered")).to_be_hidden(timeout=SECONDS)
    opened.find("#rewrite").click()
    playwright.expect(new_text).to_have_value("***** met ****** in *****.", timeout=SECONDS)


def test_an_error_is_a_sentence(opened: Demo) -> None:
    opened.type_text("Sarah")
    opened.open_tab("Rewrite")
    opened.page.get_by_label("analogy", exact=True).check()
    opened.find("#source input, #source textarea").fill("")
    opened.find("#rewrite").click()
    opened.expect("body", "source and target must be given|which is not installed")


def test_what_looks_like_a_script_is_shown_as_text(opened: Demo) -> None:
    text = "<img src=x onerror=alert(1)> Sarah ${alert(2)} {{value}} <script>alert(3)</script>"
    opened.find("#text textarea").fill(text)
    opened.find("#find").click()
    opened.expect("#found-1", r"onerror=alert\(1\)> Sarah.* .\{alert\(2\)\} \{\{value\}\}")
    # The tiny network takes about everything for an entity, so that it is in the table, too.
    opened.expect("#table-2", "alert")
    assert opened.find("#found-1 img, #found-2 img, #table-2 img").count() == 0
    opened.open_tab("Rewrite")
    opened.find("#rewrite").click()
    opened.expect("#new-found", r"onerror=alert\(1\)> \[PER 1\]")
    assert opened.find("#new-found img, #replaced img").count() == 0


def test_a_file_is_opened_and_nothing_of_it_is_kept(opened: Demo, tmp_path: Path) -> None:
    file = tmp_path / "texts.jsonl"
    file.write_text(json.dumps({"text": "Sarah left Paris."}) + "\n", encoding="utf8")
    opened.find("input[type=file]").first.set_input_files(str(file))
    playwright.expect(opened.find("#text textarea")).to_have_value(
        "Sarah left Paris.", timeout=SECONDS
    )
    opened.expect("#summary-1", "^2 entities$")
    left = [path for path in (opened.folder / "tmp").rglob("*") if path.is_file()]
    assert left == []


def test_the_page_forbids_to_ask_others(demo: Demo) -> None:
    with urlopen(demo.address, timeout=PATIENCE_S) as answer:  # noqa: S310 - our own address
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        html = answer.read().decode("utf8")
    # A preconnection is no request that a browser tells of.
    foreign = rf"<(?:link|script)[^>]*(?:href|src)=[\"']?(?!{demo.address})(?:https?:)?//[^>]*"
    assert re.findall(foreign, html) == []
