"""A model whose checkpoint is an ONNX graph: what it gives, what it copies, what it refuses."""

import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from spacy.tokens import Doc

from spacy_hf_ner.core.labels import make_tag_set
from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.checkpoint import write_checkpoint
from spacy_hf_ner.model.engines.onnx.export import export_checkpoint
from spacy_hf_ner.model.hf_classifier import HFTokenClassifier, make_hf_model
from spacy_hf_ner.model.settings import Settings
from tests.model.engines.onnx.onnx_graphs import Exported, export
from tests.patience import PATIENCE_S

for library in ("onnx", "onnxruntime", "onnxscript"):
    pytest.importorskip(library)

MakeDocs = Callable[[Sequence[str]], list[Doc]]
TEXTS = (
    "Angela Merkel met Tim Cook in San José.",
    "Berlin",
    "",
    "I can't believe O'Brien-Smith's U.S.-based firm!",
)


@pytest.fixture(scope="module")
def bert_exported(bert_folder: Path) -> Exported:
    return export(bert_folder)


@pytest.fixture(scope="module")
def folders(bert_exported: Exported, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders with the graph of the tiny BERT, in float32 and in 8 bits; nobody writes to them."""
    made = {name: tmp_path_factory.mktemp(name) for name in ("fp32", "int8")}
    write_checkpoint(bert_exported.fp32, made["fp32"])
    write_checkpoint(bert_exported.int8, made["int8"])
    return made


def make_classifier(folder: Path | str, **settings: Any) -> HFTokenClassifier:
    return HFTokenClassifier(
        make_hf_model(Settings(str(folder), **{"backend": "onnx", **settings}))
    )


def make_and_predict(folder: Path, make_docs: MakeDocs) -> None:
    classifier = make_classifier(folder)
    classifier.load("auto")
    classifier.predict(make_docs(TEXTS))


@pytest.mark.parametrize("window", [None, 12])
def test_a_model_with_a_graph_gives_the_rows_of_pytorch(
    bert_folder: Path, folders: dict[str, Path], make_docs: MakeDocs, window: int | None
) -> None:
    docs = make_docs([*TEXTS, " ".join(TEXTS * 9)])
    ours = make_classifier(folders["fp32"], window=window)
    theirs = make_classifier(bert_folder, backend="torch", precision="fp32", window=window)
    assert ours.load("auto") == theirs.load("auto")
    for found, expected in zip(ours.predict(docs), theirs.predict(docs), strict=True):
        assert np.allclose(found.rows, expected.rows, atol=1e-4, equal_nan=True)


@pytest.mark.parametrize("copy", ["bytes", "pickle", "model", "disk"])
@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_a_copy_has_the_graph_and_predicts_the_same(
    folders: dict[str, Path], make_docs: MakeDocs, tmp_path: Path, copy: str, precision: str
) -> None:
    classifier, docs = make_classifier(folders[precision]), make_docs(TEXTS)
    classifier.load("auto")
    expected = classifier.predict(docs)
    other = make_classifier("gone")
    if copy == "bytes":
        other.shim.from_bytes(classifier.shim.to_bytes())
    elif copy == "disk":
        classifier.write(tmp_path)
        files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        assert files == {path.name: path.read_bytes() for path in folders[precision].iterdir()}
        other.read(tmp_path, "auto")
    else:
        other = HFTokenClassifier(
            pickle.loads(pickle.dumps(classifier.model))  # noqa: S301
            if copy == "pickle"
            else classifier.model.copy()
        )
    for found, rows in zip(other.predict(docs), expected, strict=True):
        assert np.array_equal(found.rows, rows.rows, equal_nan=True)


def test_the_folder_is_a_checkpoint_without_weights_for_pytorch(
    bert_folder: Path, folders: dict[str, Path]
) -> None:
    names = {path.name for path in bert_folder.iterdir()} - {"model.safetensors"} | {
        "spacy_hf_ner.json"
    }
    assert {path.name for path in folders["fp32"].iterdir()} == names | {"model.onnx"}
    assert {path.name for path in folders["int8"].iterdir()} == names | {"model_int8.onnx"}
    theirs, ours = (
        json.loads((folder / "config.json").read_text(encoding="utf8"))
        for folder in (bert_folder, folders["fp32"])
    )
    assert ours["id2label"] == theirs["id2label"]
    assert ours["model_type"] == theirs["model_type"]


def test_weights_that_lie_beside_the_graph_are_not_read(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    for path in folders["fp32"].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "model.safetensors").write_bytes(b"no weights")
    classifier = make_classifier(tmp_path)
    assert classifier.load("auto") is not None
    with pytest.raises(CheckpointError, match=r"model\.safetensors is damaged"):
        make_classifier(tmp_path, backend="torch").load("auto")


def test_a_graph_is_saved_in_place_of_one_in_the_other_precision(
    bert_exported: Exported, tmp_path: Path
) -> None:
    shim = make_classifier("gone").shim
    for checkpoint in (bert_exported.int8, bert_exported.fp32):
        shim.adopt(checkpoint)
        shim.to_disk(tmp_path)
    assert [path.name for path in tmp_path.glob("*.onnx")] == ["model.onnx"]
    shim.adopt(bert_exported.int8)
    shim.to_disk(tmp_path)
    assert [path.name for path in tmp_path.glob("*.onnx")] == ["model_int8.onnx"]


def test_without_a_graph_the_error_names_the_command_that_makes_it(
    bert_folder: Path, folders: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(
        CheckpointError, match=r"found none\. Make it with `python -m spacy hf-ner export-onnx"
    ):
        make_classifier(bert_folder).load("auto")
    with pytest.raises(
        CheckpointError, match=r'precision = "fp32" expects model.onnx .* found model_int8.onnx'
    ):
        make_classifier(folders["int8"], precision="fp32").load("auto")
    for path in folders["fp32"].iterdir():
        if path.name != "spacy_hf_ner.json":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    with pytest.raises(CheckpointError, match=r"written by this package; found model\.onnx"):
        make_classifier(tmp_path).load("auto")


@pytest.mark.parametrize("damage", ["empty", "garbage", "cut", "pointer"])
def test_a_damaged_graph_is_an_error_that_names_it(
    folders: dict[str, Path], tmp_path: Path, make_docs: MakeDocs, damage: str
) -> None:
    folder = Path(shutil.copytree(folders["fp32"], tmp_path / "damaged"))
    graph = (folder / "model.onnx").read_bytes()
    contents = {
        "empty": b"",
        "garbage": bytes(range(256)) * 10,
        "cut": graph[: len(graph) // 2],
        "pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n",
    }
    (folder / "model.onnx").write_bytes(contents[damage])
    with pytest.raises(CheckpointError, match=r"model\.onnx"):
        make_and_predict(folder, make_docs)


def test_a_graph_with_other_columns_than_labels_is_refused(
    folders: dict[str, Path], tmp_path: Path, make_docs: MakeDocs
) -> None:
    folder = Path(shutil.copytree(folders["fp32"], tmp_path / "relabelled"))
    config = json.loads((folder / "config.json").read_text(encoding="utf8"))
    n_labels = len(config["id2label"])
    config["id2label"] |= {str(n_labels): "B-NEW", str(n_labels + 1): "I-NEW"}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf8")
    refusal = rf"names {n_labels + 2} labels, and model\.onnx has {n_labels} columns"
    with pytest.raises(CheckpointError, match=refusal):
        make_and_predict(folder, make_docs)


def test_a_graph_is_neither_trained_nor_relabelled_nor_exported_again(
    folders: dict[str, Path], make_docs: MakeDocs
) -> None:
    classifier = make_classifier(folders["fp32"])
    tag_set = classifier.load("auto")
    assert tag_set is not None
    classifier.set_tags(tag_set, scheme="auto")
    refused = (
        r'with backend = "onnx" the network is model\.onnx, .* '
        "cannot be trained, exported again or relabelled"
    )
    with pytest.raises(CheckpointError, match=refused):
        classifier.begin_update(make_docs(TEXTS))
    with pytest.raises(CheckpointError, match=refused):
        classifier.set_tags(make_tag_set(["PER"], tag_set.scheme), scheme="auto")
    assert classifier.shim.checkpoint is not None
    with pytest.raises(CheckpointError, match=refused):
        export_checkpoint(classifier.shim.checkpoint)


def test_labels_can_be_named_as_in_pytorch(folders: dict[str, Path]) -> None:
    named = ("O", *(f"{prefix}-{entity_type}" for entity_type in "ABCD" for prefix in "BI"))
    tag_set = make_classifier(folders["fp32"], labels=named).load("auto")
    assert tag_set is not None
    assert tag_set.labels == named
    with pytest.raises(CheckpointError, match="the checkpoint has 9 labels, but labels names 3"):
        make_classifier(folders["fp32"], labels=named[:3]).load("auto")


PROGRAM = """
import multiprocessing
import sys

import spacy
import torch

TEXTS = {texts!r} * 4
TEXTS[3] *= 100  # enough for several threads

if __name__ == "__main__":
    torch.set_num_threads(2)
    nlp = spacy.blank("xx")
    nlp.add_pipe("hf_ner", config={{"model": {{"name": sys.argv[1], "backend": "onnx"}}}})
    read = lambda docs: [[(e.start, e.end, e.label_) for e in doc.ents] for doc in docs]
    alone = read(nlp.pipe(TEXTS))
    assert any(alone)
    for start_method in ("fork", "spawn"):
        multiprocessing.set_start_method(start_method, force=True)
        together = read(nlp.pipe(TEXTS, n_process=2, batch_size=12))
        print(start_method, "the same" if together == alone else together)
    imported = "transformers.modeling_utils" in sys.modules
    print("transformers imported" if imported else "no network of transformers")
"""


def test_processes_forked_after_a_prediction_predict_the_same(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.format(texts=list(TEXTS)), encoding="utf8")
    command = [sys.executable, "-W", "ignore", str(program), str(folders["fp32"])]
    with subprocess.Popen(  # noqa: S603
        command, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as run:
        try:
            output, _ = run.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            os.killpg(
                run.pid, signal.SIGKILL
            )  # the children of a deadlock would outlive their parent
            raise
    assert output.splitlines() == ["fork the same", "spawn the same", "no network of transformers"]
