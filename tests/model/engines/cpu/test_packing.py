"""What predicts gives the numbers of the network that it is a copy of, for every family."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from spacy_hf_ner.model.checkpoint import Checkpoint, read_checkpoint
from spacy_hf_ner.model.engines.cpu.packing import PackedLinear, can_pack
from spacy_hf_ner.model.engines.prediction import copy_for_prediction
from tests.checkpoints import FAMILIES, make_checkpoint

IDS = torch.tensor([[1, 9, 12, 20, 33, 2], [1, 40, 41, 2, 0, 0]])
CPU = torch.device("cpu")
MASK = torch.tensor([[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0]])


def _run(network: nn.Module) -> torch.Tensor:
    with torch.inference_mode():
        logits: torch.Tensor = network(input_ids=IDS, attention_mask=MASK).logits
    return logits[MASK == 1]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-4), (torch.bfloat16, 0.2)])
def test_a_copy_gives_what_its_network_gives(
    family: str, dtype: torch.dtype, tolerance: float, tmp_path: Path
) -> None:
    network = read_checkpoint(make_checkpoint(tmp_path, family=family)).network
    expected = _run(network)
    copied = copy_for_prediction(network, dtype)
    is_packed = any(isinstance(module, PackedLinear) for module in copied.modules())
    assert is_packed == can_pack(CPU, dtype)
    assert not any(isinstance(module, PackedLinear) for module in network.modules())
    found = _run(copied)
    assert found.dtype == torch.float32
    assert (found - expected).abs().max() <= tolerance * expected.abs().max()


def test_layers_stay_as_they_are_where_torch_cannot_pack_them(
    bert: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = _run(copy_for_prediction(bert.network, torch.float32))
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    assert not can_pack(CPU, torch.float32)
    copied = copy_for_prediction(bert.network, torch.float32)
    assert not any(isinstance(module, PackedLinear) for module in copied.modules())
    assert (_run(copied) - expected).abs().max() < 1e-4


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert", "xlnet"])
def test_a_gelu_is_computed_with_the_layer_before_it(family: str, tmp_path: Path) -> None:
    copied = copy_for_prediction(
        read_checkpoint(make_checkpoint(tmp_path, family=family)).network, torch.float32
    )
    assert {module.function for module in copied.modules() if isinstance(module, PackedLinear)} == {
        "none",
        "gelu",
    }


def test_another_function_stays_where_it_is(tmp_path: Path) -> None:
    network = read_checkpoint(
        make_checkpoint(tmp_path, family="albert")
    ).network  # its GELU is approximated by tanh
    copied = copy_for_prediction(network, torch.float32)
    assert {module.function for module in copied.modules() if isinstance(module, PackedLinear)} == {
        "none"
    }


def test_weights_that_need_not_change_are_shared(bert: Checkpoint) -> None:
    copied: Any = copy_for_prediction(bert.network, torch.float32)
    theirs = bert.network.get_input_embeddings().weight
    assert copied.get_input_embeddings().weight.data_ptr() == theirs.data_ptr()


def test_float32_is_packed_on_any_processor() -> None:
    assert can_pack(CPU, torch.float32)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_packed_layer_shows_its_weight_and_bias(dtype: torch.dtype) -> None:
    if not can_pack(CPU, dtype):
        pytest.skip(f"this processor has no instructions for {dtype}")
    layer = nn.Linear(3, 2)
    packed = PackedLinear(layer, dtype)
    assert packed.bias is not None
    assert torch.equal(packed.weight, layer.weight.to(dtype))
    assert torch.equal(packed.bias, layer.bias.to(dtype))


def test_a_layer_without_a_bias_can_be_packed() -> None:
    layer = nn.Linear(3, 2, bias=False)
    inputs = torch.randn(4, 3)
    assert torch.allclose(PackedLinear(layer, torch.float32)(inputs), layer(inputs), atol=1e-5)
