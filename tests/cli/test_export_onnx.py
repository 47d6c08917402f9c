"""The command ``hf-ner export-onnx``."""

import sys
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin
from typer.testing import CliRunner

from spacy_hf_ner.cli.app import app
from spacy_hf_ner.cli.export_onnx import export_pipeline
from spacy_hf_ner.errors import ConfigError, MissingExtraError
from tests.checkpoints import make_checkpoint
from tests.cli.boxes import unwrap

for library in ("onnx", "onnxruntime", "onnxscript"):
    pytest.importorskip(library)

TEXTS = [
    "Angela Merkel met Tim Cook in San José. He was late.",
    "Berlin",
    "O'Brien-Smith's firm lost $3.5bn in Łódź!",
]


def read(model: Path) -> list[list[tuple[str, str]]]:
    return [[(ent.text, ent.label_) for ent in doc.ents] for doc in spacy.load(model).pipe(TEXTS)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline that reads by sentence and calls hf_ner something else; its source is gone."""
    folder = tmp_path_factory.mktemp("model")
    source = make_checkpoint(folder / "source")
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    settings = {"name": str(source), "context": "sentence", "window": 32, "precision": "fp32"}
    nlp.add_pipe("hf_ner", name="names", config={"model": settings, "threshold": 0.2})
    nlp.to_disk(folder / "pipeline")
    source.rename(folder / "gone")
    return folder / "pipeline"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    nlp = spacy.blank("en")
    DocBin(docs=list(nlp.pipe(TEXTS))).to_disk(
        path := tmp_path_factory.mktemp("data") / "sample.spacy"
    )
    return path


def test_the_exported_pipeline_predicts_the_same_with_onnx(model: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["export-onnx", str(model), str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    expected = read(model)
    assert any(expected)
    assert read(tmp_path / "out") == expected
    names = {path.name for path in (tmp_path / "out" / "names" / "model").iterdir()}
    assert {"config.json", "model.onnx", "tokenizer.json", "spacy_hf_ner.json"} <= names
    assert "model.safetensors" not in names
    theirs, ours = (spacy.load(folder).config for folder in (model, tmp_path / "out"))
    assert ours["components"]["names"]["model"]["backend"] == "onnx"
    theirs["components"]["names"]["model"].update(backend="onnx", precision="auto")
    assert ours == theirs


def test_8_bits_are_compared_on_the_sample(model: Path, sample: Path, tmp_path: Path) -> None:
    command = [
        "export-onnx",
        str(model),
        str(tmp_path),
        "--quantize",
        "int8",
        "--sample",
        str(sample),
    ]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert "in the sample 100.00%" in " ".join(result.output.split())
    assert [path.name for path in (tmp_path / "names" / "model").glob("*.onnx")] == [
        "model_int8.onnx"
    ]
    assert read(tmp_path) == read(model)


def test_8_bits_ask_for_a_sample(model: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(
        app, ["export-onnx", str(model), str(tmp_path / "out"), "-q", "int8"]
    )
    assert result.exit_code == 1
    assert "--sample must be given with --quantize int8" in unwrap(result.output)
    assert not (tmp_path / "out").exists()


def test_8_bits_that_are_refused_name_the_option(
    model: Path, sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No quantized graph of ours is bad enough: the least that is asked for is more than there is.
    monkeypatch.setattr("spacy_hf_ner.pipe.exporting._check_arguments", lambda *_: None)
    options = ["-q", "int8", "--sample", str(sample), "--min-agreement", "1.01"]
    result = CliRunner().invoke(app, ["export-onnx", str(model), str(tmp_path), *options])
    assert result.exit_code == 0, result.output
    assert "or export with a lower --min-agreement." in unwrap(result.output)


def test_without_onnx_runtime_loading_says_so(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export_pipeline(str(model), tmp_path / "out")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match="'onnxruntime', which is not installed"):
        spacy.load(tmp_path / "out")


def test_a_sample_that_nothing_is_compared_on_gives_a_warning(
    model: Path, sample: Path, tmp_path: Path
) -> None:
    command = [
        "export-onnx",
        str(model),
        str(tmp_path),
        "--sample",
        str(sample),
        "--min-agreement",
        "0.5",
    ]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert "do nothing without --quantize int8" in " ".join(result.output.split())


def test_an_export_into_the_pipeline_itself_leaves_both_ways_to_run_it(
    model: Path, tmp_path: Path
) -> None:
    nlp = spacy.load(model)
    nlp.to_disk(tmp_path)
    expected = read(model)
    for quantize in ("int8", None):
        export_pipeline(str(tmp_path), tmp_path, quantize=quantize)
        assert [path.name for path in (tmp_path / "names" / "model").glob("*.onnx")] == [
            "model_int8.onnx" if quantize else "model.onnx"
        ]
        nlp.config.to_disk(tmp_path / "config.cfg")
        assert read(tmp_path) == expected
    nlp = spacy.load(tmp_path, config={"components.names.model.backend": "onnx"})
    assert [[(ent.text, ent.label_) for ent in doc.ents] for doc in nlp.pipe(TEXTS)] == expected


def test_what_cannot_be_exported_is_refused(model: Path, tmp_path: Path) -> None:
    spacy.blank("en").to_disk(tmp_path / "blank")
    with pytest.raises(
        ConfigError, match="expected a pipeline with hf_ner or hf_tagger, found no component"
    ):
        export_pipeline(str(tmp_path / "blank"), tmp_path / "out")
    result = CliRunner().invoke(
        app, ["export-onnx", str(model), str(tmp_path / "out"), "--quantize", "int4"]
    )
    assert result.exit_code == 1
    assert "got 'int4'" in " ".join(result.output.split())
    assert not (tmp_path / "out").exists()
