"""Encoder layers are found where they compute what their description says, and only there."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from spacy_hf_ner.model.checkpoint import Checkpoint, read_checkpoint
from spacy_hf_ner.model.engines.cpu.encoder_layers import find_encoder_layers, is_gelu
from tests.checkpoints import make_checkpoint

FOUND = ["bert", "roberta", "xlm-roberta", "distilbert", "camembert"]
NOT_FOUND = ["deberta-v2", "xlnet", "albert"]


@pytest.mark.parametrize("family", FOUND)
def test_the_layers_of_bert_and_its_relatives_are_found(family: str, tmp_path: Path) -> None:
    network = read_checkpoint(make_checkpoint(tmp_path, family=family)).network
    layers = find_encoder_layers(network)
    assert len(layers) == network.config.num_hidden_layers
    name, layer = next(iter(layers.items()))
    hidden = torch.randn(2, 7, layer.query.in_features)
    module: Any = network.get_submodule(name)
    with torch.inference_mode():
        output = module(hidden, None)
        found = output[0] if layer.returns_tuple else output
        assert (found - layer.run(hidden, None)).abs().max() < 1e-5


@pytest.mark.parametrize("family", NOT_FOUND)
def test_layers_of_another_make_are_left_alone(family: str, tmp_path: Path) -> None:
    network = read_checkpoint(make_checkpoint(tmp_path, family=family)).network
    assert find_encoder_layers(network) == {}


def test_a_layer_that_computes_something_else_is_left_alone(bert: Checkpoint) -> None:
    network: Any = bert.network
    first = network.bert.encoder.layer[0]
    # It has all the parts, and adds what the description knows nothing of.
    first.output.register_forward_hook(lambda _module, _inputs, output: output + 0.5)
    assert list(find_encoder_layers(network)) == ["bert.encoder.layer.1"]


def test_a_kernel_that_the_config_names_stays(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path, family="bert")
    network = read_checkpoint(folder, attention="eager").network
    assert find_encoder_layers(network) == {}


def test_the_projections_are_one_layer_with_scaled_queries(bert: Checkpoint) -> None:
    layer = next(iter(find_encoder_layers(bert.network).values()))
    hidden = torch.randn(3, layer.query.in_features)
    with torch.inference_mode():
        query, key, value = layer.join_projections()(hidden).chunk(3, dim=-1)
        scale = (layer.query.out_features / layer.n_heads) ** -0.5
        assert torch.allclose(query, layer.query(hidden) * scale, atol=1e-6)
        assert torch.allclose(key, layer.key(hidden), atol=1e-6)
        assert torch.allclose(value, layer.value(hidden), atol=1e-6)


def test_the_exact_gelu_is_known_by_its_values() -> None:
    assert is_gelu(nn.GELU())
    assert not is_gelu(nn.GELU(approximate="tanh"))
    assert not is_gelu("gelu")
