import json
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin, Span
from typer.testing import CliRunner

from spacy_hf_ner.cli.app import app


@pytest.fixture
def model_and_data(tmp_path: Path) -> tuple[str, str]:
    nlp = spacy.blank("en")
    patterns = [{"label": "PER", "pattern": "Merkel"}, {"label": "PER", "pattern": "Paris"}]
    nlp.add_pipe("entity_ruler").add_patterns(patterns)  # type: ignore[attr-defined]
    nlp.to_disk(tmp_path / "model")
    gold = nlp.make_doc("Merkel saw Paris.")
    gold.ents = [Span(gold, 0, 1, "PER"), Span(gold, 2, 3, "LOC")]
    DocBin(docs=[gold]).to_disk(tmp_path / "dev.spacy")
    return str(tmp_path / "model"), str(tmp_path / "dev.spacy")


def test_evaluate_writes_metrics_and_prints_a_table(
    model_and_data: tuple[str, str], tmp_path: Path
) -> None:
    result = CliRunner().invoke(
        app, ["evaluate", *model_and_data, "--output", str(tmp_path / "out")]
    )
    assert result.exit_code == 0, result.output
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text(encoding="utf8"))
    assert metrics["strict"]["micro"] == {
        "precision": 0.5,
        "recall": 0.5,
        "f1": 0.5,
        "n_correct": 1,
        "n_predicted": 2,
        "n_gold": 2,
    }
    assert metrics["strict"]["per_type"]["PER"]["precision"] == 0.5
    assert (
        metrics["seqeval"]["strict"]["micro"]["f1"]
        == metrics["seqeval"]["default"]["micro"]["f1"]
        == 0.5
    )
    assert metrics["spacy"]["ents_f"] == 0.5
    assert metrics["words_per_second"] > 0
    for text in (
        "LOC",
        "micro average",
        "seqeval, strict mode",
        "words/s",
        "on 1 document ",
        "report.html",
    ):
        assert text in result.output


def test_evaluate_refuses_data_that_does_not_exist(
    model_and_data: tuple[str, str], tmp_path: Path
) -> None:
    result = CliRunner().invoke(
        app, ["evaluate", model_and_data[0], str(tmp_path / "no.spacy"), "-o", str(tmp_path)]
    )
    assert result.exit_code == 1
    assert "no.spacy: expected a file or a folder with gold data" in " ".join(result.output.split())


@pytest.mark.parametrize("command", ["evaluate", "visualise", "compare"])
def test_where_nothing_can_be_written_nothing_is_predicted(
    command: str, model_and_data: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for work in ("evaluate.evaluate", "visualise.predict", "compare.compare"):
        monkeypatch.setattr(f"spacy_hf_ner.cli.{work}", pytest.fail)
    (tmp_path / "gen.py").touch()
    result = CliRunner().invoke(
        app, [command, *model_and_data, "--output", str(tmp_path / "gen.py" / "x" / "y.html")]
    )
    assert result.exit_code == 1, result.output
    assert "expected a folder to write to, but it cannot be made (Not a directory)" in " ".join(
        result.output.split()
    )


def test_gold_that_nobody_annotated_is_refused(
    model_and_data: tuple[str, str], tmp_path: Path
) -> None:
    DocBin(docs=[spacy.blank("en")("Merkel saw Paris.")]).to_disk(tmp_path / "bare.spacy")
    command = [
        "evaluate",
        model_and_data[0],
        str(tmp_path / "bare.spacy"),
        "--output",
        str(tmp_path / "out"),
    ]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 1
    assert "expected gold data with annotated entities" in " ".join(result.output.split())


def test_evaluate_says_how_many_entities_could_not_be_judged(
    model_and_data: tuple[str, str], tmp_path: Path
) -> None:
    doc = spacy.blank("en")("Merkel saw Paris.")
    doc.set_ents([], missing=[doc[:1]], default="outside")
    DocBin(docs=[doc]).to_disk(tmp_path / "part.spacy")
    for command in ("evaluate", "compare"):
        arguments = [
            command,
            model_and_data[0],
            str(tmp_path / "part.spacy"),
            "--output",
            str(tmp_path / "out"),
        ]
        output = " ".join(CliRunner().invoke(app, arguments).output.split())
        assert "on tokens without gold annotation: 1 prediction." in output


def test_evaluate_without_an_output_prints_and_writes_nothing(
    model_and_data: tuple[str, str], tmp_path: Path
) -> None:
    before = sorted(tmp_path.rglob("*"))
    result = CliRunner().invoke(app, ["evaluate", *model_and_data])
    assert result.exit_code == 0, result.output
    assert "micro average" in result.output
    assert sorted(tmp_path.rglob("*")) == before


def test_types_that_do_not_meet_are_said_and_can_be_renamed(
    model_and_data: tuple[str, str], tmp_path: Path
) -> None:
    doc = spacy.blank("en")("Merkel saw Paris.")
    doc.ents = [Span(doc, 0, 1, "HUMAN")]
    DocBin(docs=[doc]).to_disk(tmp_path / "human.spacy")
    model = model_and_data[0]
    data = str(tmp_path / "human.spacy")
    advice = {
        "evaluate": "with --label-map OLD=NEW",
        "compare": f"with --label-map {model}:OLD=NEW",
    }
    for command, words in advice.items():
        arguments = [command, model, data, "--output", str(tmp_path / "out")]
        without = CliRunner().invoke(app, arguments).output
        assert "share no type" in " ".join(without.split())
        assert "".join(words.split()) in "".join(without.split())
        renamed = CliRunner().invoke(app, [*arguments, "--label-map", f"{model}:PER=HUMAN"])
        assert renamed.exit_code == 0, renamed.output
        assert "share no type" not in " ".join(renamed.output.split())


def test_a_type_that_the_pipeline_does_not_know_is_refused_with_the_flag(
    model_and_data: tuple[str, str],
) -> None:
    result = CliRunner().invoke(app, ["evaluate", *model_and_data, "--label-map", "PERSN=PER"])
    assert result.exit_code == 1
    assert "--label-map names PERSN" in " ".join(result.output.split())
