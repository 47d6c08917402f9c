"""The command ``hf-ner calibrate``."""

import shutil
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin
from typer.testing import CliRunner

from spacy_hf_ner.cli.app import app
from tests.checkpoints import make_checkpoint

TEXTS = [f"Angela Merkel met Tim Cook in Berlin, and {i} others." for i in range(12)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    nlp = spacy.blank("en")
    name = str(make_checkpoint(tmp_path_factory.mktemp("checkpoint")))
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("hf_ner", config={"model": {"name": name}})
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


def test_calibrate_saves_a_pipeline_with_other_scores(model: Path, gold: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["calibrate", str(model), str(gold), str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert "temperature" in result.output
    assert "calibration error (ECE)" in result.output
    before, after = spacy.load(model)(TEXTS[0]), spacy.load(tmp_path / "out")(TEXTS[0])
    assert [(e.text, e.label_) for e in before.ents] == [(e.text, e.label_) for e in after.ents]
    assert [e._.score for e in before.ents] != [e._.score for e in after.ents]


def test_a_pipeline_without_hf_ner_is_saved_as_it_is(gold: Path, tmp_path: Path) -> None:
    spacy.blank("en").to_disk(tmp_path / "blank")
    result = CliRunner().invoke(app, ["calibrate", str(tmp_path / "blank"), str(gold), str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert "no hf_ner component" in result.output
    assert spacy.load(tmp_path / "out").pipe_names == []


def test_without_an_output_the_pipeline_itself_is_calibrated(model: Path, gold: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(model, folder)
    result = CliRunner().invoke(app, ["calibrate", str(folder), str(gold)])
    assert result.exit_code == 0, result.output
    before, after = spacy.load(model)(TEXTS[0]), spacy.load(folder)(TEXTS[0])
    assert [(e.text, e.label_) for e in before.ents] == [(e.text, e.label_) for e in after.ents]
    assert [e._.score for e in before.ents] != [e._.score for e in after.ents]


def test_an_installed_package_is_not_overwritten(gold: Path) -> None:
    result = CliRunner().invoke(app, ["calibrate", "en_some_package", str(gold)])
    assert result.exit_code == 1
    assert "expected OUTPUT" in result.output
