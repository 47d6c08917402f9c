"""The copies of a network that predict, in every family, and 8-bit integers end to end."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from spacy_hf_ner.model.engines.cpu.activations import draw_windows
from spacy_hf_ner.model.engines.cpu.fused_layer import FusedLayer
from spacy_hf_ner.model.engines.cpu.int8_linear import RangeLinear, RowLinear, can_multiply_int8
from spacy_hf_ner.model.engines.cpu.packing import can_pack
from spacy_hf_ner.model.engines.precision import check_int8
from spacy_hf_ner.model.engines.prediction import copy_for_prediction, copy_in_int8
from spacy_hf_ner.model.engines.torch_engine import TorchEngine
from spacy_hf_ner.model.head import find_head
from spacy_hf_ner.model.reading.batching import PaddedBatch
from tests.checkpoints import FAMILIES, make_checkpoint

IDS = torch.tensor([[1, 9, 12, 20, 33, 2], [1, 40, 41, 2, 0, 0]])
MASK = torch.tensor([[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0]])
needs_int8 = pytest.mark.skipif(not can_multiply_int8(), reason="this CPU has no VNNI")


def _run(network: nn.Module) -> torch.Tensor:
    with torch.inference_mode():
        logits: torch.Tensor = network(input_ids=IDS, attention_mask=MASK).logits
    return logits[MASK == 1]


def _batch() -> PaddedBatch:
    nothing = np.zeros(0, dtype=np.int64)
    return PaddedBatch(IDS.numpy(), MASK.numpy(), np.zeros_like(IDS), nothing, nothing)


@needs_int8
@pytest.mark.parametrize("family", FAMILIES)
def test_a_copy_in_8_bits_gives_nearly_what_its_network_gives(family: str, tmp_path: Path) -> None:
    checkpoint = read_checkpoint(make_checkpoint(tmp_path, family=family))
    network = checkpoint.network
    windows = draw_windows(checkpoint.tokenizer.template, checkpoint.limits)
    copied = copy_in_int8(network, torch.bfloat16, windows)
    assert any(isinstance(module, RowLinear | RangeLinear) for module in copied.modules())
    assert not any(isinstance(module, RowLinear | RangeLinear) for module in network.modules())
    _, head = find_head(copied)
    assert type(head) is nn.Linear
    found, expected = _run(copied), _run(network)
    assert found.dtype == torch.float32
    assert (found - expected).abs().max() <= 0.25 * expected.abs().max()


def test_a_fused_layer_holds_no_second_copy_of_its_weights(bert: Checkpoint) -> None:
    copied = copy_for_prediction(bert.network, torch.bfloat16)
    fused = [module for module in copied.modules() if isinstance(module, FusedLayer)]
    assert bool(fused) == can_pack(torch.device("cpu"), torch.bfloat16)
    for layer in fused:
        for module in layer.modules():
            held = [value for value in vars(module).values() if isinstance(value, torch.Tensor)]
            assert not any(tensor.dtype is torch.float32 for tensor in held)


@needs_int8
def test_the_layers_of_bert_are_fused(bert: Checkpoint) -> None:
    windows = draw_windows(bert.tokenizer.template, bert.limits)
    copied = copy_in_int8(bert.network, torch.bfloat16, windows)
    n_layers = bert.network.config.num_hidden_layers
    assert sum(isinstance(module, FusedLayer) for module in copied.modules()) == n_layers


@needs_int8
def test_auto_means_8_bits_only_where_that_was_measured(bert: Checkpoint, tmp_path: Path) -> None:
    write_checkpoint(bert, tmp_path / "plain")
    plain = read_checkpoint(tmp_path / "plain").engine
    named = read_checkpoint(tmp_path / "plain", precision="int8").engine
    bert.engine.choose_int8(True)
    write_checkpoint(bert, tmp_path / "measured")
    measured = read_checkpoint(tmp_path / "measured").engine
    exact = read_checkpoint(tmp_path / "measured", precision="fp32").engine
    assert [each.prefers_int8 for each in (plain, measured)] == [False, True]
    with torch.inference_mode():
        logits = [each.run(_batch()) for each in (plain, named, measured, exact)]
    assert torch.equal(logits[1], logits[2])
    assert not torch.equal(logits[0], logits[1])
    assert not torch.equal(logits[2], logits[3])


def test_8_bits_are_refused_in_a_sentence_where_the_cpu_has_none(
    bert: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spacy_hf_ner.model.engines.precision.can_multiply_int8", lambda: False)
    engine = TorchEngine(bert.network, precision="int8")
    with pytest.raises(
        CheckpointError, match=r"needs a CPU with VNNI.*Set precision = \"auto\""
    ) as e:
        engine.prepare()
    assert e.value.settings == ("precision",)
    engine = TorchEngine(bert.network)
    engine.choose_int8(True)
    engine.prepare()  # what was measured elsewhere is no error here


def test_8_bits_are_refused_on_other_devices() -> None:
    with pytest.raises(CheckpointError, match='the network is on "meta"'):
        check_int8(torch.device("meta"))
