"""Activations that are computed again give the gradients of those that are kept."""

from collections.abc import Callable, Sequence

import pytest
import torch
from spacy.tokens import Doc

from spacy_hf_ner.model.checkpoint import Checkpoint
from spacy_hf_ner.model.engines.torch_backend import TorchBackend
from spacy_hf_ner.model.reading.batching import Budget
from spacy_hf_ner.model.reading.layout import Reading, lay_out
from spacy_hf_ner.model.reading.windowed import run_windows
from spacy_hf_ner.model.training.recomputing import RecomputingBackend

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
