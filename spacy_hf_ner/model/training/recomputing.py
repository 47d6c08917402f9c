"""Backprop through more batches, or more layers, than memory holds activations for."""

from functools import partial
from typing import Any

import torch
from torch.utils.checkpoint import checkpoint as recompute

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.model.engines.base import Backend
from spacy_hf_ner.model.network import Network
from spacy_hf_ner.model.reading.batching import PaddedBatch

__all__ = ["RecomputingBackend", "recompute_layers"]


class RecomputingBackend:
    """Keeps the activations of the first batches; computes those of later ones again in backprop.

    Args:
        backend: What runs the batches.
        max_kept: Padded subwords whose activations are kept.
    """

    def __init__(self, backend: Backend, *, max_kept: int) -> None:
        self._backend = backend
        self._subwords_left = max_kept

    def run(self, batch: PaddedBatch) -> torch.Tensor:
        """Return the logits of a batch. Shape: (n_windows, length, n_tags)."""
        self._subwords_left -= batch.ids.size
        if self._subwords_left >= 0:
            return self._backend.run(batch)
        logits: torch.Tensor = recompute(self._backend.run, batch, use_reentrant=False)
        return logits


def recompute_layers(network: Network, *, name: str) -> None:
    """Let a network keep the inputs of its layers alone, and compute the rest again in backprop.

    It does so in train mode: with a dropout of 0 all is kept.

    Args:
        network: The network.
        name: What to call it in messages.

    Raises:
        ConfigError: Its family cannot.
    """
    if not network.supports_gradient_checkpointing:
        raise ConfigError(
            "gradient_checkpointing must be false with this checkpoint, got true: transformers "
            f"cannot recompute the layers of {type(network).__name__} ({name}).",
            settings=("gradient_checkpointing",),
        )
    # The public method has another name in transformers 5, where it also makes embeddings need
    # gradients that are frozen, so that backprop would not end above them.
    enable: Any = network._set_gradient_checkpointing  # noqa: SLF001
    enable(enable=True, gradient_checkpointing_func=partial(recompute, use_reentrant=False))
