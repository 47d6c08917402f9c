import json
from pathlib import Path

import spacy
from spacy.tokens import DocBin, Span
from typer.testing import CliRunner

from spacy_hf_ner.cli.app import app


def test_compare_writes_a_table_and_a_page(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "LOC", "pattern": "Oslo"}])  # type: ignore[attr-defined]
    nlp.to_disk(tmp_path / "model-best")
    doc = nlp.make_doc("Oslo calls.")
    doc.ents = [Span(doc, 0, 1, "LOC")]
    DocBin(docs=[doc]).to_disk(tmp_path / "dev.spacy")
    command = [
        "compare",
        str(tmp_path / "model-best"),
        str(tmp_path / "dev.spacy"),
        "--output",
        str(tmp_path / "out"),
    ]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    (row,) = json.loads((tmp_path / "out" / "comparison.json").read_text(encoding="utf8"))
    assert row["f1"] == 1.0
    page = (tmp_path / "out" / "comparison.html").read_text(encoding="utf8")
    for text in ("/model-best", "100.00"):
        assert text in result.output
        assert text in page


def test_data_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        app, ["compare", "one", "two", str(tmp_path / "no.spacy"), "--output", str(tmp_path)]
    )
    assert result.exit_code == 1
    assert "expected one pipeline or more" in result.output
