import json
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import DocBin
from typer.testing import CliRunner

from spacy_hf_ner.cli.app import app
from tests.checking.conftest import annotate, make_encoder


@pytest.fixture
def data(tmp_path: Path) -> str:
    texts = ["[Oslo|LOC] calls [Ann|PER]"] * 3 + ["Oslo calls [Ann|PER]"]
    DocBin(docs=[annotate(text) for text in texts]).to_disk(tmp_path / "train.spacy")
    return str(tmp_path / "train.spacy")


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["check", *arguments])
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def run_as_json(*arguments: str) -> Any:
    result = CliRunner().invoke(app, ["check", *arguments, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)  # warnings go to stderr


def test_check_prints_counts_findings_and_suggestions(data: str) -> None:
    output = run(data)
    assert "train: 4 documents" in output
    assert "train has only 3 entities of the type LOC." in output
    assert "1 place, the likeliest first" in output
    assert "train 4: [Oslo] calls Ann" in output
    assert "no entity; likelier 'Oslo' LOC (0.60)" in output


def test_check_prints_json_and_nothing_else(data: str) -> None:
    values = run_as_json(data)
    assert values["n_docs"] == {"train": 4}
    assert len(values["suggestions"]) == 1


def test_check_writes_a_table_and_a_page(data: str, tmp_path: Path) -> None:
    output = run(data, "--output", str(tmp_path / "out"))
    assert "check.json, check.html" in output
    values = json.loads((tmp_path / "out" / "check.json").read_text(encoding="utf8"))
    assert values == run_as_json(data)
    assert "Is the data right?" in (tmp_path / "out" / "check.html").read_text(encoding="utf8")


def test_an_encoder_tells_how_texts_fit_it(data: str, tmp_path: Path) -> None:
    assert "subwords per word" in run(data, "--model", str(make_encoder(tmp_path)))


def test_errors_in_the_data_are_findings_and_no_failure(data: str, tmp_path: Path) -> None:
    texts = ["a text of six words and [Ann|PER]", "a text of six words and Ann"]
    DocBin(docs=[annotate(text) for text in texts]).to_disk(tmp_path / "both.spacy")
    findings = run_as_json(str(tmp_path / "both.spacy"))["findings"]
    assert "error" in {finding["severity"] for finding in findings}
    missing = CliRunner().invoke(app, ["check", data, str(tmp_path / "nowhere.conll")])
    assert missing.exit_code == 1


def test_folds_need_a_model(data: str) -> None:
    result = CliRunner().invoke(app, ["check", data, "--cross-validate", "2"])
    assert result.exit_code == 1
    assert "Set --model training/model-best." in " ".join(result.output.split())


def test_the_report_of_an_evaluation_may_say_whether_the_data_is_right(
    data: str, tmp_path: Path
) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "LOC", "pattern": "Oslo"}])  # type: ignore[attr-defined]
    nlp.to_disk(tmp_path / "model")
    arguments = ["evaluate", str(tmp_path / "model"), data, "--output", str(tmp_path / "out")]
    for flags, is_there in (([], False), (["--check"], True)):
        assert CliRunner().invoke(app, [*arguments, *flags]).exit_code == 0
        page = (tmp_path / "out" / "report.html").read_text(encoding="utf8")
        assert ('<section id="data"' in page) == is_there
