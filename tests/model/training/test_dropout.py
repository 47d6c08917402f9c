"""Dropout: the rates reach the network, zero is exact, and the cheap kind drops as torch's does."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from spacy_hf_ner.model.checkpoint import Checkpoint, read_checkpoint
from spacy_hf_ner.model.training.dropout import CheapDropout, make_dropout_cheap, set_dropout
from tests.checkpoints import FAMILIES, make_checkpoint
from tests.model.networks import compute_logits


@pytest.mark.parametrize("family", FAMILIES)
def test_dropout_reaches_the_network_and_zero_is_exact(family: str, tmp_path: Path) -> None:
    names = (
        "hidden_dropout_prob",
        "attention_probs_dropout_prob",
        "dropout",
        "attention_dropout",
        "mlp_dropout",
    )
    rates: dict[str, Any] = dict.fromkeys(names, 0.1)
    network = read_checkpoint(make_checkpoint(tmp_path, family=family, **rates)).network
    exact = compute_logits(network)
    set_dropout(network, 0.1)
    little = (compute_logits(network) - exact).abs().mean()
    set_dropout(network, 0.6)
    much = (compute_logits(network) - exact).abs().mean()
    assert 0 < little < much
    set_dropout(network, 0.0)
    assert torch.equal(compute_logits(network), exact)


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_dropout_reaches_attention_alone(attention: Any, tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path, hidden_dropout_prob=0.0, classifier_dropout=0.0)
    network = read_checkpoint(folder, attention=attention).network
    exact = compute_logits(network)
    set_dropout(network, 0.5)
    assert not torch.equal(compute_logits(network), exact)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.75])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_cheap_dropout_drops_and_scales_as_dropout_does(rate: float, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    inputs = torch.ones(1001, 333, dtype=dtype, requires_grad=True)
    outputs = CheapDropout(rate)(inputs)
    assert outputs.dtype == dtype
    share = (outputs == 0).float().mean(dim=0)
    sigma = (rate * (1 - rate) / len(inputs)) ** 0.5
    assert (share - rate).abs().max() < 5 * sigma
    assert abs(share.mean().item() - rate) < 4 * sigma / inputs.shape[1] ** 0.5
    kept = outputs[outputs != 0].float()
    assert torch.allclose(kept, torch.full_like(kept, 1 / (1 - rate)), rtol=1e-2)
    outputs.sum().backward()
    assert inputs.grad is not None
    assert torch.equal(inputs.grad, outputs.detach())


def test_cheap_dropout_is_seeded_and_does_nothing_in_eval_mode() -> None:
    layer, inputs = CheapDropout(0.5), torch.randn(64, 64)
    runs = []
    for _ in range(2):
        torch.manual_seed(1)
        runs.append(layer(inputs))
    assert torch.equal(*runs)
    assert not torch.equal(layer(inputs), runs[0])
    assert layer.eval()(inputs) is inputs


def test_every_dropout_layer_is_made_cheap(bert: Checkpoint) -> None:
    make_dropout_cheap(bert.network)
    layers = [module for module in bert.network.modules() if isinstance(module, nn.Dropout)]
    assert layers
    assert all(isinstance(layer, CheapDropout) for layer in layers)


def test_dropout_touches_nothing_where_the_checkpoint_drops_nothing(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    network = read_checkpoint(folder).network
    exact = compute_logits(network)
    set_dropout(network, 0.5)
    assert torch.allclose(compute_logits(network), exact, atol=1e-6)
