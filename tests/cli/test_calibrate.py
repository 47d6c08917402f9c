"""The command ``hf-ner calibrate``."""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
import spacy
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from thinc.api import Config
from typer.testing import CliRunner

from spacy_hf_ner.cli.app import app
from spacy_hf_ner.commands import calibrate
from spacy_hf_ner.pipe.fitting import CalibrationReport
from tests.checkpoints import make_checkpoint
from tests.cli.boxes import unwrap

if TYPE_CHECKING:
    from spacy_hf_ner.pipe.hf_ner import HFNer

TEXTS = [f"Angela Merkel met Tim Cook in Berlin, and {i} others." for i in range(12)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    nlp = spacy.blank("en")
    name = str(make_checkpoint(tmp_path_factory.mktemp("checkpoint")))
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("hf_ner", config={"model": {"name": name, "precision": "fp32"}})
    nlp.to_disk(folder := tmp_path_factory.mktemp("model"))
    return folder


@pytest.fixture(scope="module")
def gold(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Path:
    nlp = spacy.load(model)
    docs = list(nlp.pipe(TEXTS))
    for doc in docs[::2]:
        doc.ents = []
    DocBin(docs=docs).to_disk(path := tmp_path_factory.mktemp("data") / "dev.spacy")
    return path


def test_calibrate_saves_a_pipeline_with_other_scores(
    model: Path, gold: Path, tmp_path: Path
) -> None:
    result = CliRunner().invoke(app, ["calibrate", str(model), str(gold), str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert "temperature" in result.output
    assert "calibration error (ECE)" in result.output
    before, after = spacy.load(model)(TEXTS[0]), spacy.load(tmp_path / "out")(TEXTS[0])
    assert [(e.text, e.label_) for e in before.ents] == [(e.text, e.label_) for e in after.ents]
    assert [e._.score for e in before.ents] != [e._.score for e in after.ents]


def test_a_pipeline_without_hf_ner_is_saved_as_it_is(gold: Path, tmp_path: Path) -> None:
    spacy.blank("en").to_disk(tmp_path / "blank")
    result = CliRunner().invoke(
        app, ["calibrate", str(tmp_path / "blank"), str(gold), str(tmp_path / "out")]
    )
    assert result.exit_code == 0, result.output
    assert "no hf_ner component" in result.output
    assert spacy.load(tmp_path / "out").pipe_names == []


def test_a_pipeline_is_written_over_only_if_that_is_asked_for(
    model: Path, gold: Path, tmp_path: Path
) -> None:
    result = CliRunner().invoke(app, ["calibrate", str(model), str(gold)])
    assert result.exit_code == 1
    assert "or --in-place, to save it over" in " ".join(result.output.split())
    both = [str(model), str(gold), str(tmp_path / "out"), "--in-place"]
    result = CliRunner().invoke(app, ["calibrate", *both])
    assert result.exit_code == 1
    assert "got both" in " ".join(result.output.split())


def test_in_place_the_pipeline_itself_is_calibrated(
    model: Path, gold: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(model, folder)
    result = CliRunner().invoke(app, ["calibrate", str(folder), str(gold), "--in-place"])
    assert result.exit_code == 0, result.output
    before, after = spacy.load(model)(TEXTS[0]), spacy.load(folder)(TEXTS[0])
    assert [(e.text, e.label_) for e in before.ents] == [(e.text, e.label_) for e in after.ents]
    assert [e._.score for e in before.ents] != [e._.score for e in after.ents]


def test_an_output_in_a_folder_that_does_not_exist_is_made(
    model: Path, gold: Path, tmp_path: Path
) -> None:
    result = CliRunner().invoke(
        app, ["calibrate", str(model), str(gold), str(tmp_path / "a" / "b" / "out")]
    )
    assert result.exit_code == 0, result.output
    assert spacy.load(tmp_path / "a" / "b" / "out").pipe_names == ["sentencizer", "hf_ner"]


@pytest.mark.parametrize("command", ["calibrate", "export-onnx"])
def test_nothing_but_a_pipeline_is_written_over(
    command: str, model: Path, gold: Path, tmp_path: Path
) -> None:
    (tmp_path / "config.cfg").write_text("precious", encoding="utf8")
    (tmp_path / "file").touch()
    data = [str(gold)] if command == "calibrate" else []
    for output, said in (
        (tmp_path, "holds other files"),
        (tmp_path / "file", "is a file"),
        (tmp_path / "file" / "new", "is a file"),
    ):
        result = CliRunner().invoke(app, [command, str(model), *data, str(output)])
        assert result.exit_code == 1, result.output
        assert said in " ".join(result.output.split())
        assert "temperature" not in result.output
    assert (tmp_path / "config.cfg").read_text(encoding="utf8") == "precious"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_pipeline_with_raw_scores_gives_calibrated_ones_and_says_so(
    model: Path, gold: Path, tmp_path: Path
) -> None:
    spacy.load(model, config={"components.hf_ner.calibrated": False}).to_disk(tmp_path / "raw")
    result = CliRunner().invoke(
        app, ["calibrate", str(tmp_path / "raw"), str(gold), str(tmp_path / "out")]
    )
    assert result.exit_code == 0, result.output
    assert "calibrated = false" in result.output
    before, after = spacy.load(tmp_path / "raw")(TEXTS[0]), spacy.load(tmp_path / "out")(TEXTS[0])
    assert [e._.score for e in before.ents] != [e._.score for e in after.ents]


def test_calibration_on_nearly_nothing_gives_a_warning(
    model: Path, gold: Path, tmp_path: Path
) -> None:
    nlp = spacy.load(model)
    docs = list(DocBin().from_disk(gold).get_docs(nlp.vocab))
    DocBin(docs=[Doc.from_docs(docs)]).to_disk(tmp_path / "one.spacy")
    result = CliRunner().invoke(
        app, ["calibrate", str(model), str(tmp_path / "one.spacy"), str(tmp_path / "out")]
    )
    assert result.exit_code == 0, result.output
    assert "in 1 document: what was fitted on so little is mostly chance" in " ".join(
        result.output.split()
    )
    (noise,) = (line for line in result.output.splitlines() if "by chance alone" in line)
    assert noise.split()[-3:] == ["-", "-", "-"]


def test_a_pipeline_that_is_always_right_is_saved_with_raw_scores(
    model: Path, tmp_path: Path
) -> None:
    nlp = spacy.load(model)
    DocBin(docs=nlp.pipe(TEXTS)).to_disk(tmp_path / "dev.spacy")
    arguments = [str(model), str(tmp_path / "dev.spacy"), str(tmp_path / "out")]
    result = CliRunner().invoke(app, ["calibrate", *arguments])
    assert result.exit_code == 0, result.output
    assert "hf_ner is not calibrated" in result.output
    assert "right and 0 wrong" in " ".join(result.output.split())
    before, after = nlp(TEXTS[0]), spacy.load(tmp_path / "out")(TEXTS[0])
    assert [e._.score for e in before.ents] == [e._.score for e in after.ents]


def test_gold_with_unknown_spaces_is_read(model: Path, tmp_path: Path) -> None:
    nlp = spacy.load(model)
    docs = [
        nlp(Doc(nlp.vocab, words=["(Angela)", *text.split()])) for text in TEXTS
    ]  # as spaCy would not cut them
    assert docs[0].has_unknown_spaces
    n_entities = sum(len(doc.ents) for doc in docs)
    for doc in docs[::3]:
        doc.ents = []
    DocBin(docs=docs).to_disk(tmp_path / "dev.spacy")
    report = calibrate(str(model), tmp_path / "dev.spacy", tmp_path / "out")["hf_ner"]
    assert isinstance(report, CalibrationReport)
    assert report.n_spans == n_entities


def test_an_installed_package_is_not_overwritten(gold: Path) -> None:
    result = CliRunner().invoke(app, ["calibrate", "en_some_package", str(gold)])
    assert result.exit_code == 1
    assert "expected OUTPUT" in result.output


def read_scores(folder: Path, data: Path) -> dict[str, float]:
    """Return what spaCy's own scorer says of a pipeline."""
    nlp = spacy.load(folder)
    golds = list(DocBin().from_disk(data).get_docs(nlp.vocab))
    examples = [Example(nlp.make_doc(gold.text), gold) for gold in golds]
    return nlp.evaluate(examples)


@pytest.fixture(scope="module")
def wider_gold(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Path:
    """Return gold that has more entities than the pipeline finds, and some of those."""
    nlp = spacy.load(model, config={"components.hf_ner.bias": 3.0})
    docs = list(nlp.pipe([f"{text} {i} were late." for i, text in enumerate(TEXTS * 3)]))
    for i, doc in enumerate(docs):
        doc.set_ents([ent for j, ent in enumerate(doc.ents) if (i + j) % 3], default="outside")
    path = tmp_path_factory.mktemp("wider") / "dev.spacy"
    DocBin(docs=docs).to_disk(path)
    return path


def test_an_aim_sets_the_bias_in_the_config_and_reports_what_it_costs(
    model: Path, wider_gold: Path, tmp_path: Path
) -> None:
    narrow = tmp_path / "narrow"
    spacy.load(model, config={"components.hf_ner.bias": -3.0}).to_disk(narrow)
    before = read_scores(narrow, wider_gold)
    aim = before["ents_r"] + 0.05
    arguments = [str(narrow), str(wider_gold), str(tmp_path / "out"), "--aim", f"recall={aim}"]
    report = tmp_path / "new" / "dial.html"
    result = CliRunner().invoke(
        app, ["calibrate", *arguments, "--report", str(report), "--json"], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    dial = json.loads(result.stdout)["components"]["hf_ner"]["dial"]
    after = read_scores(tmp_path / "out", wider_gold)
    assert after["ents_r"] >= aim
    for scores, point in ((before, dial["before"]), (after, dial["after"])):
        assert (scores["ents_p"], scores["ents_r"]) == pytest.approx(
            (point["precision"], point["recall"])
        )
    config = Config().from_disk(tmp_path / "out" / "config.cfg")
    assert config["components"]["hf_ner"]["bias"] == dial["after"]["bias"] > -3.0
    component = spacy.load(tmp_path / "out").get_pipe("hf_ner")
    assert component.cfg["calibration"]["bias"] == dial["after"]["bias"]  # type: ignore[attr-defined]
    # A config that is edited later wins, as nothing else has changed since.
    edited = spacy.load(tmp_path / "out", config={"components.hf_ner.bias": 9.0})
    assert edited.get_pipe("hf_ner").bias == 9.0  # type: ignore[attr-defined]
    assert "Precision, recall and F1 over the bias" in report.read_text(encoding="utf8")


def test_without_an_aim_the_curve_is_drawn_and_no_decision_changes(
    model: Path, wider_gold: Path, tmp_path: Path
) -> None:
    arguments = [str(model), str(wider_gold), str(tmp_path / "out")]
    report = tmp_path / "dial.html"
    result = CliRunner().invoke(app, ["calibrate", *arguments, "--report", str(report)])
    assert result.exit_code == 0, result.output
    assert "what a bias does" in result.output
    before, after = read_scores(model, wider_gold), read_scores(tmp_path / "out", wider_gold)
    assert before["ents_per_type"] == after["ents_per_type"]
    assert "<svg" in report.read_text(encoding="utf8")


def test_an_aim_that_no_bias_reaches_saves_nothing(
    model: Path, wider_gold: Path, tmp_path: Path
) -> None:
    arguments = [str(model), str(wider_gold), str(tmp_path / "out"), "--aim", "precision=0.999"]
    result = CliRunner().invoke(app, ["calibrate", *arguments])
    assert result.exit_code == 1
    message = unwrap(result.output)
    assert "reaches a precision of 0.999 on these documents: the best is precision" in message
    assert not (tmp_path / "out").exists()


def test_what_is_no_aim_is_refused_before_the_work(model: Path, gold: Path, tmp_path: Path) -> None:
    arguments = [str(model), str(gold), str(tmp_path / "out"), "--aim", "recall=98"]
    result = CliRunner().invoke(app, ["calibrate", *arguments])
    assert result.exit_code == 1
    assert "--aim must be a precision or a recall over 0" in unwrap(result.output)


def test_a_table_of_biases_is_not_turned_to_an_aim(model: Path, gold: Path, tmp_path: Path) -> None:
    nlp = spacy.load(model)
    component = cast("HFNer", nlp.get_pipe("hf_ner"))
    component.bias = {component.labels[0]: 1.0}
    nlp.to_disk(tmp_path / "table")
    arguments = [str(tmp_path / "table"), str(gold), str(tmp_path / "out"), "--aim", "recall=0.1"]
    result = CliRunner().invoke(app, ["calibrate", *arguments])
    assert result.exit_code == 1
    assert "bias is a table" in unwrap(result.output)


def test_scores_that_the_user_switches_off_after_the_command_stay_raw(
    model: Path, gold: Path, tmp_path: Path
) -> None:
    spacy.load(model, config={"components.hf_ner.calibrated": False}).to_disk(tmp_path / "raw")
    arguments = [str(tmp_path / "raw"), str(gold), str(tmp_path / "out")]
    assert CliRunner().invoke(app, ["calibrate", *arguments]).exit_code == 0
    loaded = spacy.load(tmp_path / "out", config={"components.hf_ner.calibrated": False})
    assert loaded.get_pipe("hf_ner").calibrated is False  # type: ignore[attr-defined]


def test_8_bits_are_tried_where_that_is_asked_for(gold: Path, tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe(
        "hf_ner", config={"model": {"name": str(make_checkpoint(tmp_path / "checkpoint"))}}
    )
    nlp.to_disk(tmp_path / "model")
    output = tmp_path / "out"
    command = ["calibrate", str(tmp_path / "model"), str(gold), str(output), "--int8"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    said = unwrap(result.output)
    notes = json.loads((output / "hf_ner" / "model" / "spacy_hf_ner.json").read_text("utf8"))
    assert ("int8 is taken" in said) == notes["prefers_int8"]
    assert ("int8 is not taken" in said) != notes["prefers_int8"]
