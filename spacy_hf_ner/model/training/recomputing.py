"""Backprop through more batches than memory holds activations for."""

import torch
from torch.utils.checkpoint import checkpoint as recompute

from spacy_hf_ner.model.engines.base import Backend
from spacy_hf_ner.model.reading.batching import PaddedBatch

__all__ = ["RecomputingBackend"]


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
