"""The table of engines: what it names, what its files are, and how an engine is added."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from spacy.tokens import Doc

from spacy_hf_ner.errors import CheckpointError, ConfigError
from spacy_hf_ner.model.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from spacy_hf_ner.model.engines.base import Engine
from spacy_hf_ner.model.engines.scripted import ScriptedEngine
from spacy_hf_ner.model.engines.table import (
    ENGINES,
    find_other_engine,
    get_engine,
    is_engine_file,
)
from spacy_hf_ner.model.hf_classifier import HFTokenClassifier, make_hf_model
from spacy_hf_ner.model.settings import Settings

MakeDocs = Callable[[Sequence[str]], list[Doc]]


class ToyEngine(ScriptedEngine):
    """Says that everything is a person, and has a precision of its own."""

    name = "toy"
    precisions = ("auto", "rough")


@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_has_the_name_that_the_table_gives_it(name: str) -> None:
    engine = get_engine(name)
    assert issubclass(engine, Engine)
    assert engine.name == name
    assert "auto" in engine.precisions


def test_an_unknown_engine_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ConfigError, match='backend must be "torch" or "onnx", got \'tpu\''):
        Settings("x", backend="tpu")


@pytest.mark.parametrize(
    ("file_name", "expected"),
    [
        ("model.safetensors", True),
        ("model-00001-of-00002.safetensors", True),
        ("model.safetensors.index.json", True),
        ("model.onnx", True),
        ("model_int8.onnx", True),
        ("adapter_model.safetensors", False),
        ("other.onnx", False),
        ("README.md", False),
    ],
)
def test_the_files_of_all_engines_are_known(file_name: str, expected: bool) -> None:
    assert is_engine_file(file_name) == expected


def test_another_engine_is_known_by_its_files(tmp_path: Path) -> None:
    assert find_other_engine(tmp_path, name="torch") is None
    (tmp_path / "model.safetensors").touch()
    (tmp_path / "model.onnx").touch()
    assert find_other_engine(tmp_path, name="torch") == (get_engine("onnx"), "model.onnx")
    assert find_other_engine(tmp_path, name="onnx") == (get_engine("torch"), "model.safetensors")


def test_an_engine_that_is_added_to_the_table_can_be_named_and_used(
    bert: Checkpoint, make_docs: MakeDocs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ENGINES, "toy", ToyEngine)
    bert.network.save_pretrained(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    person = [0.0, 9.0, *[0.0] * 7]
    engine = ToyEngine(dict.fromkeys(range(1000), person), n_tags=9)
    write_checkpoint(_with_engine(bert, engine), tmp_path)
    model = make_hf_model(Settings(str(tmp_path), backend="toy", precision="rough"))
    classifier = HFTokenClassifier(model)
    tag_set = classifier.load("auto")
    assert tag_set is not None
    (rows,) = classifier.predict(make_docs(["Berlin Bonn"]))
    assert {tag_set.labels[i] for i in rows.rows.argmax(axis=1)} == {"B-PER"}
    with pytest.raises(CheckpointError, match=r'backend = "toy" the network is scripted\.json'):
        classifier.begin_update(make_docs(["Berlin"]))
    with pytest.raises(ConfigError, match='precision = "auto" or "rough" with backend = "toy"'):
        Settings(str(tmp_path), backend="toy", precision="fp32")


def _with_engine(checkpoint: Checkpoint, engine: Engine) -> Checkpoint:
    return Checkpoint(
        checkpoint.name,
        engine=engine,
        tokenizer=checkpoint.tokenizer,
        tokenizer_files=checkpoint.tokenizer_files,
        tag_set=checkpoint.tag_set,
    )


def test_a_script_is_read_as_it_was_written(bert: Checkpoint, tmp_path: Path) -> None:
    bert.network.config.save_pretrained(tmp_path)
    engine = ScriptedEngine({3: [1.0, 2.0]}, n_tags=2, max_subwords=30)
    write_checkpoint(_with_engine(bert, engine), tmp_path)
    again = read_checkpoint(tmp_path, read_engine=ScriptedEngine.read)
    assert again.limits == engine.find_limits({}, bert.tokenizer.template, name="script")
    assert not again.engine.can_train
    batch = type("Batch", (), {"ids": np.array([[3, 4, 999]])})
    assert again.engine.run(batch).tolist() == [[[1.0, 2.0], [0.0, 0.0], [0.0, 0.0]]]  # type: ignore[arg-type]


def test_a_folder_without_a_script_is_refused(bert_folder: Path) -> None:
    with pytest.raises(CheckpointError, match=r"expected scripted\.json"):
        read_checkpoint(bert_folder, read_engine=ScriptedEngine.read)
