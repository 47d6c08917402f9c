"""Activations that are computed again give the gradients of those that are kept."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch
from spacy.tokens import Doc

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.model.checkpoint import Checkpoint, read_checkpoint
from spacy_hf_ner.model.engines.torch_backend import TorchBackend
from spacy_hf_ner.model.reading.batching import Budget
from spacy_hf_ner.model.reading.layout import Reading, lay_out
from spacy_hf_ner.model.reading.windowed import run_windows
from spacy_hf_ner.model.training.recomputing import RecomputingBackend, recompute_layers
from tests.checkpoints import make_checkpoint

MakeDocs = Callable[[Sequence[str]], list[Doc]]
LONG = "Angela Merkel met Tim Cook in San José on Friday, 3 March 2017.\n" * 8


@pytest.mark.parametrize("max_kept", [0, 60, 10_000])
def test_recomputing_gives_the_same_gradients_as_keeping(
    bert: Checkpoint, make_docs: MakeDocs, max_kept: int
) -> None:
    docs = make_docs([LONG, "Berlin"])
    layout = lay_out(docs, bert.tokenizer.encode(docs), Reading(24, 8))
    bert.network.train()
    gradients = []
    for backend in (
        TorchBackend(bert.network),
        RecomputingBackend(TorchBackend(bert.network), max_kept=max_kept),
    ):
        torch.manual_seed(0)
        bert.network.zero_grad()
        torch.autograd.backward(run_windows(backend, layout, bert, Budget(64, 64)).square().sum())
        gradients.append([p.grad.clone() for p in bert.network.parameters() if p.grad is not None])
    assert gradients[0]
    for kept, recomputed in zip(*gradients, strict=True):
        assert torch.allclose(kept, recomputed, rtol=1e-4, atol=1e-3)


def test_layers_that_run_again_give_the_same_gradients(
    bert_folder: Path, make_docs: MakeDocs
) -> None:
    docs = make_docs([LONG])
    gradients: list[list[torch.Tensor]] = []
    n_runs: list[int] = []
    for recomputes in (False, True):
        bert = read_checkpoint(bert_folder)
        if recomputes:
            recompute_layers(bert.network, name="bert")
        bert.network.train()
        runs: list[object] = []
        # Inside of a layer, which is not run again by itself.
        bert.network.get_submodule("bert.encoder.layer.0.output.dense").register_forward_hook(
            lambda *call, runs=runs: runs.append(call)
        )
        layout = lay_out(docs, bert.tokenizer.encode(docs), Reading(256, 8))
        torch.manual_seed(0)
        backend = TorchBackend(bert.network)
        logits = run_windows(backend, layout, bert, Budget(2048, 64))
        torch.autograd.backward(logits.square().sum())
        gradients.append([p.grad for p in bert.network.parameters() if p.grad is not None])
        n_runs.append(len(runs))
    kept, recomputed = gradients
    assert n_runs[1] == 2 * n_runs[0] > 0
    assert len(kept) == len(recomputed) > 0
    for gradient, other in zip(kept, recomputed, strict=True):
        assert torch.allclose(gradient, other, rtol=1e-4, atol=1e-3)


def test_a_network_that_cannot_recompute_layers_is_refused(tmp_path: Path) -> None:
    network = read_checkpoint(make_checkpoint(tmp_path)).network
    network.__class__ = type("Odd", (type(network),), {"supports_gradient_checkpointing": False})
    with pytest.raises(ConfigError, match=r"layers of Odd \(tiny\)") as refused:
        recompute_layers(network, name="tiny")
    assert refused.value.settings == ("gradient_checkpointing",)
