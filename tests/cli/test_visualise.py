from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin
from typer.testing import CliRunner

from spacy_hf_ner.cli.app import app


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "PER", "pattern": "Merkel"}])  # type: ignore[attr-defined]
    nlp.to_disk(tmp_path / "model")
    docs = [nlp.make_doc(f"Merkel saw text number {i}.") for i in range(3)]
    for doc in docs:
        doc.set_ents([], default="outside")
    DocBin(docs=docs).to_disk(tmp_path / "dev.spacy")
    return ["visualise", str(tmp_path / "model"), str(tmp_path / "dev.spacy"), "--output"]


def test_visualise_writes_a_page_of_all_documents(command: list[str], tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [*command, str(tmp_path / "new" / "page.html")])
    assert result.exit_code == 0, result.output
    page = (tmp_path / "new" / "page.html").read_text(encoding="utf8")
    assert page.count("<article") == 3
    assert "Merkel" in page


def test_a_file_that_is_no_page_is_not_written_over(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("gold", encoding="utf8")
    result = CliRunner().invoke(app, [*command, str(tmp_path / "precious.txt")])
    assert result.exit_code == 1
    assert "expected OUTPUT to be an HTML file" in " ".join(result.output.split())
    assert (tmp_path / "precious.txt").read_text(encoding="utf8") == "gold"


def test_visualise_says_how_many_documents_a_limit_leaves_out(
    command: list[str], tmp_path: Path
) -> None:
    result = CliRunner().invoke(app, [*command, str(tmp_path / "page.html"), "--limit", "2"])
    assert "2 documents of 3" in " ".join(result.output.split())
    page = (tmp_path / "page.html").read_text(encoding="utf8")
    assert page.count("<article") == 2
    assert "the first 2 of 3 documents" in page


def test_visualise_may_be_spelt_with_a_z() -> None:
    for command in ("visualise", "visualize"):
        result = CliRunner().invoke(app, [command, "--help"])
        assert result.exit_code == 0
        assert "displaCy" in result.output
