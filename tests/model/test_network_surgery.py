"""What is done to a network from outside: dropout, freezing, another head, another precision."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from spacy_hf_ner.core.labels import make_tag_set, read_labels
from spacy_hf_ner.core.schemes import SCHEMES
from spacy_hf_ner.errors import CheckpointError, ConfigError
from spacy_hf_ner.model.checkpoint import Checkpoint, read_checkpoint
from spacy_hf_ner.model.engines.precision import resolve_precision
from spacy_hf_ner.model.engines.torch_engine import copy_for_prediction
from spacy_hf_ner.model.head import find_head, set_head
from spacy_hf_ner.model.training.dropout import CheapDropout, make_dropout_cheap, set_dropout
from spacy_hf_ner.model.training.freezing import freeze_layers
from tests.checkpoints import FAMILIES, make_checkpoint

IDS = torch.arange(5, 35)[None, :]


def _logits(network: Any) -> torch.Tensor:
    torch.manual_seed(0)
    logits: torch.Tensor = network(input_ids=IDS).logits.detach()
    return logits


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
    exact = _logits(network)
    set_dropout(network, 0.1)
    little = (_logits(network) - exact).abs().mean()
    set_dropout(network, 0.6)
    much = (_logits(network) - exact).abs().mean()
    assert 0 < little < much
    set_dropout(network, 0.0)
    assert torch.equal(_logits(network), exact)


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_dropout_reaches_attention_alone(attention: Any, tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path, hidden_dropout_prob=0.0, classifier_dropout=0.0)
    network = read_checkpoint(folder, attention=attention).network
    exact = _logits(network)
    set_dropout(network, 0.5)
    assert not torch.equal(_logits(network), exact)


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
    exact = _logits(network)
    set_dropout(network, 0.5)
    assert torch.allclose(_logits(network), exact, atol=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_freezing_keeps_the_lower_layers_and_the_embeddings(family: str, tmp_path: Path) -> None:
    network = read_checkpoint(make_checkpoint(tmp_path, family=family)).network
    everything = sum(p.requires_grad for p in network.parameters())
    freeze_layers(network, -1)
    head = {name for name, p in network.named_parameters() if p.requires_grad}
    assert head
    assert not any(name.startswith(f"{network.base_model_prefix}.") for name in head)
    freeze_layers(network, 0)
    assert sum(p.requires_grad for p in network.parameters()) == everything


def test_freezing_one_layer_leaves_the_next_one_free(bert: Checkpoint) -> None:
    freeze_layers(bert.network, 1)
    free = {name for name, p in bert.network.named_parameters() if p.requires_grad}
    assert not any(".layer.0." in name or "embeddings" in name for name in free)
    assert any(".layer.1." in name for name in free)
    with pytest.raises(ConfigError, match=r"1\.\.2"):
        freeze_layers(bert.network, 3)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_new_head_keeps_the_rows_of_tags_it_knows(family: str, tmp_path: Path) -> None:
    checkpoint = read_checkpoint(make_checkpoint(tmp_path, family=family))
    network, known = checkpoint.network, checkpoint.tag_set
    assert known is not None
    before = _logits(network)
    wanted = make_tag_set(["LOC", "NEW", "PER"], SCHEMES["IOB2"])
    set_head(network, wanted, known=known)
    after = _logits(network)
    for k, label in enumerate(wanted.labels):
        if label in known.labels:
            assert torch.allclose(after[..., k], before[..., known.labels.index(label)], atol=1e-5)
    assert list(network.config.id2label.values()) == list(wanted.labels)
    assert network.config.num_labels == len(wanted)


def test_a_head_that_nobody_trained_is_drawn_anew(bert: Checkpoint) -> None:
    wanted = read_labels(["O", "B-PER", "I-PER"])
    set_head(bert.network, wanted, known=None)
    _, head = find_head(bert.network)
    assert (head.bias == 0).all()
    assert 0 < head.weight.std() < 0.1


def test_a_network_without_a_linear_head_is_refused(bert: Checkpoint) -> None:
    network: Any = bert.network
    network.classifier = nn.Identity()
    with pytest.raises(CheckpointError, match="no linear layer"):
        find_head(network)


def test_what_predicts_is_a_copy_with_its_head_in_float32(bert: Checkpoint) -> None:
    copied = copy_for_prediction(bert.network, torch.bfloat16)
    _, head = find_head(copied)
    assert head.weight.dtype == torch.float32
    assert copied.get_input_embeddings().weight.dtype == torch.bfloat16
    assert bert.network.get_input_embeddings().weight.dtype == torch.float32
    assert _logits(copied).dtype == torch.float32


@pytest.mark.parametrize(
    ("precision", "dtype"),
    [("fp32", None), ("none", None), ("bf16", torch.bfloat16), ("fp16", torch.float16)],
)
def test_a_precision_is_what_it_is_called(precision: Any, dtype: torch.dtype | None) -> None:
    assert resolve_precision(precision, torch.device("cpu")) == dtype
