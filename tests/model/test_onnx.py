"""Networks as ONNX graphs: the same logits in float32, close ones in 8 bits, and what such a model refuses."""

import json
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from spacy.tokens import Doc

from spacy_hf_ner.core.labels import make_tag_set
from spacy_hf_ner.core.windows import Window
from spacy_hf_ner.errors import CheckpointError, MissingExtraError
from spacy_hf_ner.model import onnx_export
from spacy_hf_ner.model.backends.onnx import OnnxBackend
from spacy_hf_ner.model.backends.torch import TorchBackend
from spacy_hf_ner.model.batching import Budget, PaddedBatch, make_batches
from spacy_hf_ner.model.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from spacy_hf_ner.model.hf_tagger import HFTagger, make_hf_model
from spacy_hf_ner.model.onnx_export import export_checkpoint, quantize_checkpoint
from spacy_hf_ner.model.onnx_graph import OnnxGraph
from spacy_hf_ner.model.quantization import quantize_graph
from spacy_hf_ner.model.settings import Settings
from tests.checkpoints import FAMILIES, make_checkpoint

onnx: Any = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

MakeDocs = Callable[[Sequence[str]], list[Doc]]
TEXTS = ("Angela Merkel met Tim Cook in San José.", "Berlin", "", "I can't believe O'Brien-Smith's U.S.-based firm!")
PUBLISHED_DEBERTA: dict[str, Any] = {  # the parts of DeBERTa v3 that make its graph another one
    "relative_attention": True,
    "pos_att_type": ["p2c", "c2p"],
    "position_buckets": 256,
    "max_relative_positions": -1,
    "share_att_key": True,
    "norm_rel_ebd": "layer_norm",
    "position_biased_input": False,
    "type_vocab_size": 0,
}
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    **{family: (family, {}) for family in FAMILIES},
    "deberta-v3": ("deberta-v2", PUBLISHED_DEBERTA),
}
# The lengths of the windows in each batch; one subword in one window is the case that fixed shapes get wrong.
BATCHES = ((1,), (2,), (300,), (40, 7, 1), (3,) * 9)


class Exported(NamedTuple):
    """A checkpoint, and what it was exported to."""

    torch: Checkpoint
    fp32: Checkpoint
    int8: Checkpoint


def get_graph(checkpoint: Checkpoint) -> OnnxGraph:
    assert isinstance(checkpoint.weights, OnnxGraph)
    return checkpoint.weights


def read_nodes(checkpoint: Checkpoint) -> list[Any]:
    return list(onnx.load_from_string(get_graph(checkpoint).content).graph.node)


@pytest.fixture(scope="module", params=MODELS)
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    family, config = MODELS[request.param]
    checkpoint = read_checkpoint(make_checkpoint(tmp_path_factory.mktemp("source"), family=family, **config))
    fp32 = export_checkpoint(checkpoint)
    return Exported(checkpoint, fp32, quantize_checkpoint(fp32))


@pytest.fixture(scope="module")
def bert_exported(bert_folder: Path) -> Exported:
    checkpoint = read_checkpoint(bert_folder)
    fp32 = export_checkpoint(checkpoint)
    return Exported(checkpoint, fp32, quantize_checkpoint(fp32))


@pytest.fixture(scope="module")
def folders(bert_exported: Exported, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder with the float32 graph of the tiny BERT, one with the graph in 8 bits; nobody writes to them."""
    made = {name: tmp_path_factory.mktemp(name) for name in ("fp32", "int8")}
    write_checkpoint(bert_exported.fp32, made["fp32"])
    write_checkpoint(bert_exported.int8, made["int8"])
    return made


def draw_batches(checkpoint: Checkpoint) -> Iterator[PaddedBatch]:
    random = np.random.default_rng(1)
    for lengths in BATCHES:
        ends = np.cumsum(lengths).tolist()
        ids = random.integers(0, checkpoint.limits.n_embeddings or 0, ends[-1])
        windows = [Window(start, end, start, end) for start, end in zip([0, *ends], ends, strict=False)]
        template, pad_id = checkpoint.tokenizer.template, checkpoint.limits.pad_id
        yield from make_batches(ids, windows, template=template, pad_id=pad_id, budget=Budget(10_000, padding=10_000))


def run_torch(checkpoint: Checkpoint, batch: PaddedBatch) -> np.ndarray:
    with torch.inference_mode():
        return TorchBackend(checkpoint.network).run(batch).numpy()


def run_onnx(checkpoint: Checkpoint, batch: PaddedBatch) -> np.ndarray:
    return OnnxBackend(get_graph(checkpoint).content).run(batch).numpy()


def test_the_graph_of_every_family_gives_the_logits_of_its_network(exported: Exported) -> None:
    batches = list(draw_batches(exported.torch))
    assert [batch.ids.shape[0] for batch in batches] == [len(lengths) for lengths in BATCHES]
    for batch in batches:
        is_read = batch.mask == 1
        expected, found = run_torch(exported.torch, batch), run_onnx(exported.fp32, batch)
        assert found.shape == expected.shape
        assert found.dtype == np.float32
        assert np.abs(found - expected)[is_read].max() < 1e-4


def test_every_family_has_layers_in_8_bits_that_decide_as_those_in_float32(exported: Exported) -> None:
    operators = [node.op_type for node in read_nodes(exported.int8)]
    assert operators.count("MatMulIntegerToFloat") >= 4
    assert len(get_graph(exported.int8).content) < len(get_graph(exported.fp32).content)
    probs: dict[str, np.ndarray] = {}
    for batch in draw_batches(exported.torch):
        for name, checkpoint in (("fp32", exported.fp32), ("int8", exported.int8)):
            logits = run_onnx(checkpoint, batch)[batch.mask == 1]
            probs[name] = torch.from_numpy(logits / 10).softmax(dim=1).numpy()  # a head that is not so sharp
        assert np.abs(probs["fp32"] - probs["int8"]).max() < 0.1
        assert (probs["fp32"] != probs["int8"]).any()


def test_the_last_layer_stays_in_float32(bert_exported: Exported) -> None:
    graph = onnx.load_from_string(get_graph(bert_exported.int8).content).graph
    shapes = {constant.name: list(constant.dims) for constant in graph.initializer}
    multiplied = [node.input[1] for node in graph.node if node.op_type == "MatMul"]
    assert [shapes[name] for name in multiplied if name in shapes] == [[32, 9]]


def test_products_of_8_bits_fit_where_cpus_add_two_of_them_in_16(bert_exported: Exported) -> None:
    graph = onnx.load_from_string(get_graph(bert_exported.int8).content).graph
    constants = {constant.name: onnx.numpy_helper.to_array(constant) for constant in graph.initializer}
    weights = [constants[node.input[1]] for node in graph.node if node.op_type == "MatMulIntegerToFloat"]
    assert {weight.dtype for weight in weights} == {np.dtype(np.int8)}
    for weight in weights:
        highest = np.maximum(weight[1:], 0).astype(int) + np.maximum(weight[:-1], 0)
        lowest = np.minimum(weight[1:], 0).astype(int) + np.minimum(weight[:-1], 0)
        assert 100 < highest.max() <= 128  # of 255 x 128.5, the most that 16 bits hold
        assert -128 <= lowest.min() < -100


def test_every_row_has_a_scale_of_its_own() -> None:
    random = np.random.default_rng(0)
    first, last = random.normal(size=(2, 16, 16)).astype(np.float32)
    make = onnx.helper
    graph = make.make_graph(
        [make.make_node("MatMul", ["x", "first"], ["y"]), make.make_node("MatMul", ["y", "last"], ["logits"])],
        "two layers",
        [make.make_tensor_value_info("x", 1, ["n_windows", "length", 16])],
        [make.make_tensor_value_info("logits", 1, ["n_windows", "length", 16])],
        [onnx.numpy_helper.from_array(array, name) for name, array in (("first", first), ("last", last))],
    )
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 20)], ir_version=10)
    quantized = quantize_graph(model.SerializeToString())
    import onnxruntime

    session = onnxruntime.InferenceSession(quantized, providers=["CPUExecutionProvider"])
    x = random.normal(size=(1, 3, 16)).astype(np.float32) * np.array([[[1e-3], [0.0], [1e5]]], dtype=np.float32)
    (found,) = session.run(None, {"x": x})
    expected = x @ first @ last
    assert np.abs(found - expected)[0, 0].max() < 0.05 * np.abs(expected[0, 0]).max()
    assert (found[0, 1] == 0).all()
    (alone,) = session.run(None, {"x": x[:, :1]})
    assert np.array_equal(alone[0, 0], found[0, 0])


def make_tagger(folder: Path | str, **settings: Any) -> HFTagger:
    return HFTagger(make_hf_model(Settings(str(folder), **{"backend": "onnx", **settings})))


@pytest.mark.parametrize("window", [None, 12])
def test_a_model_with_a_graph_gives_the_rows_of_pytorch(
    bert_folder: Path, folders: dict[str, Path], make_docs: MakeDocs, window: int | None
) -> None:
    docs = make_docs([*TEXTS, " ".join(TEXTS * 9)])
    ours = make_tagger(folders["fp32"], window=window)
    theirs = make_tagger(bert_folder, backend="torch", precision="fp32", window=window)
    assert ours.load("auto") == theirs.load("auto")
    for found, expected in zip(ours.predict(docs), theirs.predict(docs), strict=True):
        assert np.allclose(found, expected, atol=1e-4, equal_nan=True)


@pytest.mark.parametrize("copy", ["bytes", "pickle", "model", "disk"])
@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_a_copy_has_the_graph_and_predicts_the_same(
    folders: dict[str, Path], make_docs: MakeDocs, tmp_path: Path, copy: str, precision: str
) -> None:
    tagger, docs = make_tagger(folders[precision]), make_docs(TEXTS)
    tagger.load("auto")
    expected = tagger.predict(docs)
    other = make_tagger("gone")
    if copy == "bytes":
        other.shim.from_bytes(tagger.shim.to_bytes())
    elif copy == "disk":
        tagger.to_disk(tmp_path)
        files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        assert files == {path.name: path.read_bytes() for path in folders[precision].iterdir()}
        other.from_disk(tmp_path, "auto")
    else:
        other = HFTagger(pickle.loads(pickle.dumps(tagger.model)) if copy == "pickle" else tagger.model.copy())  # noqa: S301
    for found, rows in zip(other.predict(docs), expected, strict=True):
        assert np.array_equal(found, rows, equal_nan=True)


def test_the_folder_is_a_checkpoint_without_weights_for_pytorch(bert_folder: Path, folders: dict[str, Path]) -> None:
    names = {path.name for path in bert_folder.iterdir()} - {"model.safetensors"} | {"spacy_hf_ner.json"}
    assert {path.name for path in folders["fp32"].iterdir()} == names | {"model.onnx"}
    assert {path.name for path in folders["int8"].iterdir()} == names | {"model_int8.onnx"}
    theirs, ours = (json.loads((folder / "config.json").read_text()) for folder in (bert_folder, folders["fp32"]))
    assert ours["id2label"] == theirs["id2label"]
    assert ours["model_type"] == theirs["model_type"]


def test_weights_that_lie_beside_the_graph_are_not_read(folders: dict[str, Path], tmp_path: Path) -> None:
    for path in folders["fp32"].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "model.safetensors").write_bytes(b"no weights")
    tagger = make_tagger(tmp_path)
    assert tagger.load("auto") is not None
    with pytest.raises(CheckpointError, match="cannot load it"):
        make_tagger(tmp_path, backend="torch").load("auto")


def test_a_graph_is_saved_in_place_of_one_in_the_other_precision(bert_exported: Exported, tmp_path: Path) -> None:
    write_checkpoint(bert_exported.int8, tmp_path)
    write_checkpoint(bert_exported.fp32, tmp_path)
    assert [path.name for path in tmp_path.glob("*.onnx")] == ["model.onnx"]
    write_checkpoint(bert_exported.int8, tmp_path)
    assert [path.name for path in tmp_path.glob("*.onnx")] == ["model_int8.onnx"]


def test_without_a_graph_the_error_names_the_command_that_makes_it(
    bert_folder: Path, folders: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(CheckpointError, match=r"found none\. Make it with `python -m spacy hf-ner export-onnx"):
        make_tagger(bert_folder).load("auto")
    with pytest.raises(CheckpointError, match=r'precision = "fp32" expects model.onnx .* found model_int8.onnx'):
        make_tagger(folders["int8"], precision="fp32").load("auto")
    for path in folders["fp32"].iterdir():
        if path.name != "spacy_hf_ner.json":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    with pytest.raises(CheckpointError, match=r"written by this package; found model\.onnx"):
        make_tagger(tmp_path).load("auto")


def test_a_graph_is_neither_trained_nor_relabelled_nor_exported_again(
    folders: dict[str, Path], make_docs: MakeDocs
) -> None:
    tagger = make_tagger(folders["fp32"])
    tag_set = tagger.load("auto")
    assert tag_set is not None
    tagger.set_tags(tag_set, scheme="auto")
    refused = r'with backend = "onnx" the network is model.onnx, .* cannot be trained, exported again or relabelled'
    with pytest.raises(CheckpointError, match=refused):
        tagger.begin_update(make_docs(TEXTS))
    with pytest.raises(CheckpointError, match=refused):
        tagger.set_tags(make_tag_set(["PER"], tag_set.scheme), scheme="auto")
    assert tagger.shim.checkpoint is not None
    with pytest.raises(CheckpointError, match=refused):
        export_checkpoint(tagger.shim.checkpoint)


def test_labels_can_be_named_as_in_pytorch(folders: dict[str, Path]) -> None:
    named = ("O", *(f"{prefix}-{entity_type}" for entity_type in "ABCD" for prefix in "BI"))
    tag_set = make_tagger(folders["fp32"], labels=named).load("auto")
    assert tag_set is not None
    assert tag_set.labels == named
    with pytest.raises(CheckpointError, match="the checkpoint has 9 labels, but labels names 3"):
        make_tagger(folders["fp32"], labels=named[:3]).load("auto")


def test_export_leaves_the_network_as_it_was(bert: Checkpoint) -> None:
    bert.network.train()
    before = {name: weight.clone() for name, weight in bert.network.state_dict().items()}
    exported = export_checkpoint(bert)
    assert bert.network.training
    assert all(torch.equal(weight, before[name]) for name, weight in bert.network.state_dict().items())
    (batch,) = list(draw_batches(bert))[2:3]
    bert.network.eval()
    assert np.abs(run_onnx(exported, batch) - run_torch(bert, batch)).max() < 1e-4  # the graph has no dropout


def test_a_graph_that_gives_other_logits_is_refused(
    bert_exported: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    another = read_checkpoint(make_checkpoint(tmp_path, seed=1))
    wrong = get_graph(bert_exported.fp32).content
    monkeypatch.setattr(onnx_export, "_export", lambda *_, **__: wrong)
    with pytest.raises(CheckpointError, match=r"gives logits that differ by .* Keep backend"):
        export_checkpoint(another)


def test_a_network_that_cannot_be_exported_says_why(bert: Checkpoint) -> None:
    bert.network.forward = lambda **inputs: 1 / int(inputs["attention_mask"].sum() * 0)
    with pytest.raises(CheckpointError, match=r"PyTorch .* cannot export BertForTokenClassification to ONNX: \S"):
        export_checkpoint(bert)


def test_a_missing_library_names_the_extra(
    bert: Checkpoint, bert_exported: Exported, monkeypatch: pytest.MonkeyPatch
) -> None:
    for library in ("onnx", "onnxruntime", "onnxscript"):
        monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtraError, match=r"'onnxscript'.*spacy-hf-ner\[onnx\]"):
        export_checkpoint(bert)
    with pytest.raises(MissingExtraError, match=r"'onnx'.*spacy-hf-ner\[onnx\]"):
        quantize_checkpoint(bert_exported.fp32)
    with pytest.raises(MissingExtraError, match=r"'onnxruntime'.*spacy-hf-ner\[onnx\]"):
        OnnxBackend(get_graph(bert_exported.fp32).content)


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
    print("transformers imported" if "transformers.modeling_utils" in sys.modules else "no network of transformers")
"""


def test_processes_forked_after_a_prediction_predict_the_same(folders: dict[str, Path], tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.format(texts=list(TEXTS)), encoding="utf8")
    command = [sys.executable, "-W", "ignore", str(program), str(folders["fp32"])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as run:  # noqa: S603
        try:
            output, _ = run.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)  # the children of a deadlock would outlive their parent
            raise
    assert output.splitlines() == ["fork the same", "spawn the same", "no network of transformers"]
