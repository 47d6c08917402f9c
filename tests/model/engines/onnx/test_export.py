"""Networks to ONNX graphs: the same logits in float32, close ones in 8 bits, for every family."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from spacy_hf_ner.errors import CheckpointError, MissingExtraError
from spacy_hf_ner.model.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from spacy_hf_ner.model.engines.onnx.engine import OnnxEngine
from spacy_hf_ner.model.engines.onnx.export import (
    check_graph,
    export_checkpoint,
    quantize_checkpoint,
)
from spacy_hf_ner.model.engines.onnx.int8 import quantize_graph
from tests.checkpoints import FAMILIES, make_checkpoint
from tests.model.engines.onnx.onnx_graphs import (
    BATCHES,
    Exported,
    draw_batches,
    export,
    get_graph,
    run_onnx,
    run_torch,
)

onnx: Any = pytest.importorskip("onnx")
onnxruntime: Any = pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

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


@pytest.fixture(scope="module", params=MODELS)
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    family, config = MODELS[request.param]
    return export(make_checkpoint(tmp_path_factory.mktemp("source"), family=family, **config))


@pytest.fixture(scope="module")
def bert_exported(bert_folder: Path) -> Exported:
    return export(bert_folder)


def test_an_exported_file_says_nothing_of_the_machine_that_it_was_made_on(
    exported: Exported, tmp_path: Path
) -> None:
    for checkpoint in (exported.fp32, exported.int8):
        write_checkpoint(checkpoint, tmp_path)
        (graph,) = tmp_path.glob("*.onnx")
        content = graph.read_bytes()
        for place in (".py", "site-packages", 'File "', sys.prefix, str(Path.home())):
            assert place.encode() not in content, place
        graph.unlink()


def test_the_graph_of_every_family_gives_the_logits_of_its_network(exported: Exported) -> None:
    batches = list(draw_batches(exported.torch))
    assert [batch.ids.shape[0] for batch in batches] == [len(lengths) for lengths in BATCHES]
    for batch in batches:
        is_read = batch.mask == 1
        expected, found = run_torch(exported.torch, batch), run_onnx(exported.fp32, batch)
        assert found.shape == expected.shape
        assert found.dtype == np.float32
        assert np.abs(found - expected)[is_read].max() < 1e-4


def test_every_family_has_layers_in_8_bits_that_decide_as_those_in_float32(
    exported: Exported,
) -> None:
    operators = [
        node.op_type for node in onnx.load_from_string(get_graph(exported.int8).content).graph.node
    ]
    assert operators.count("MatMulIntegerToFloat") >= 4
    assert len(get_graph(exported.int8).content) < len(get_graph(exported.fp32).content)
    probs: dict[str, np.ndarray] = {}
    for batch in draw_batches(exported.torch):
        for name, checkpoint in (("fp32", exported.fp32), ("int8", exported.int8)):
            logits = run_onnx(checkpoint, batch)[batch.mask == 1]
            probs[name] = (
                torch.from_numpy(logits / 10).softmax(dim=1).numpy()
            )  # a head that is not so sharp
        assert np.abs(probs["fp32"] - probs["int8"]).max() < 0.1
        assert (probs["fp32"] != probs["int8"]).any()


def test_the_last_layer_stays_in_float32(bert_exported: Exported) -> None:
    graph = onnx.load_from_string(get_graph(bert_exported.int8).content).graph
    shapes = {constant.name: list(constant.dims) for constant in graph.initializer}
    multiplied = [node.input[1] for node in graph.node if node.op_type == "MatMul"]
    assert [shapes[name] for name in multiplied if name in shapes] == [[32, 9]]


def test_products_of_8_bits_fit_where_cpus_add_two_of_them_in_16(bert_exported: Exported) -> None:
    graph = onnx.load_from_string(get_graph(bert_exported.int8).content).graph
    constants = {
        constant.name: onnx.numpy_helper.to_array(constant) for constant in graph.initializer
    }
    weights = [
        constants[node.input[1]] for node in graph.node if node.op_type == "MatMulIntegerToFloat"
    ]
    assert {weight.dtype for weight in weights} == {np.dtype(np.int8)}
    for weight in weights:
        highest = np.maximum(weight[1:], 0).astype(int) + np.maximum(weight[:-1], 0)
        lowest = np.minimum(weight[1:], 0).astype(int) + np.minimum(weight[:-1], 0)
        assert 100 < highest.max() <= 128  # of 255 x 128.5, the most that 16 bits hold
        assert -128 <= lowest.min() < -100


def make_session(weights: dict[str, np.ndarray], *, activation: str | None = None) -> Any:
    """Return linear layers in a row, in 8 bits but for the last; a function follows the first."""
    make, nodes, name = onnx.helper, [], "x"
    for i, weight in enumerate(weights):
        nodes.append(make.make_node("MatMul", [name, weight], [name := f"{weight}.product"]))
        if activation and i == 0:
            nodes.append(make.make_node(activation, [name], [name := f"{weight}.active"]))
    graph = make.make_graph(
        nodes,
        "layers",
        [make.make_tensor_value_info("x", 1, ["n_windows", "length", 16])],
        [make.make_tensor_value_info(name, 1, ["n_windows", "length", 16])],
        [onnx.numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 20)], ir_version=10)
    return onnxruntime.InferenceSession(
        quantize_graph(model.SerializeToString()), providers=["CPUExecutionProvider"]
    )


def test_every_row_has_a_scale_of_its_own() -> None:
    random = np.random.default_rng(0)
    first, last = random.normal(size=(2, 16, 16)).astype(np.float32)
    session = make_session({"first": first, "last": last})
    x = random.normal(size=(1, 3, 16)).astype(np.float32) * np.array(
        [[[1e-3], [0.0], [1e5]]], dtype=np.float32
    )
    (found,) = session.run(None, {"x": x})
    expected = x @ first @ last
    assert np.abs(found - expected)[0, 0].max() < 0.05 * np.abs(expected[0, 0]).max()
    assert (found[0, 1] == 0).all()
    (alone,) = session.run(None, {"x": x[:, :1]})
    assert np.array_equal(alone[0, 0], found[0, 0])


@pytest.mark.parametrize(("activation", "lowest"), [("Gelu", -0.17), ("Relu", 0.0)])
def test_behind_an_activation_function_no_integers_are_idle(activation: str, lowest: float) -> None:
    exact = np.eye(16, dtype=np.float32)
    session = make_session({"first": exact, "second": exact, "last": exact}, activation=activation)
    x = np.rint(np.linspace([-25, -127], [127, -3], 16)).T[None].astype(np.float32) * np.float32(
        4 / 127
    )  # exact, too
    (found,) = session.run(None, {"x": x})
    expected = getattr(torch.nn.functional, activation.lower())(torch.from_numpy(x)).numpy()
    steps = (expected.max(axis=-1) - lowest) / 255
    assert (np.abs(found - expected).max(axis=-1) <= 0.51 * steps + 1e-6).all()


def test_export_leaves_the_network_as_it_was(bert: Checkpoint) -> None:
    bert.network.train()
    before = {name: weight.clone() for name, weight in bert.network.state_dict().items()}
    exported = export_checkpoint(bert)
    assert bert.network.training
    assert all(
        torch.equal(weight, before[name]) for name, weight in bert.network.state_dict().items()
    )
    (batch,) = list(draw_batches(bert))[2:3]
    bert.network.eval()
    assert (
        np.abs(run_onnx(exported, batch) - run_torch(bert, batch)).max() < 1e-4
    )  # the graph has no dropout


def test_a_graph_that_gives_other_logits_is_refused(
    bert_exported: Exported, tmp_path: Path
) -> None:
    another = read_checkpoint(make_checkpoint(tmp_path, seed=1))
    wrong = OnnxEngine(get_graph(bert_exported.fp32))
    with pytest.raises(CheckpointError, match=r"gives logits that differ by .* Keep backend"):
        check_graph(wrong, another)


def test_a_network_that_cannot_be_exported_says_why(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = make_checkpoint(tmp_path, family="longformer", kind="wordpiece", attention_window=16)
    checkpoint = read_checkpoint(folder)
    capfd.readouterr()
    with pytest.raises(
        CheckpointError,
        match=r"PyTorch .* cannot export LongformerForTokenClassification to ONNX: \S",
    ):
        export_checkpoint(checkpoint)
    assert capfd.readouterr() == ("", "")


def test_a_network_without_layers_for_8_bits_says_so(tmp_path: Path) -> None:
    folder = make_checkpoint(
        tmp_path, family="squeezebert", kind="wordpiece", embedding_size=32
    )  # convolutions
    exported = export_checkpoint(read_checkpoint(folder))
    with pytest.raises(CheckpointError, match="export it without quantize"):
        quantize_checkpoint(exported)


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
        OnnxEngine(get_graph(bert_exported.fp32)).prepare()
