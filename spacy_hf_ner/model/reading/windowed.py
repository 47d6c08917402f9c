"""A layout's windows through a backend, and each subword's logits from the one window that owns it."""

import torch
from torch.utils.checkpoint import checkpoint as recompute

from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.checkpoint import Checkpoint
from spacy_hf_ner.model.engines.base import Backend
from spacy_hf_ner.model.reading.batching import Budget, PaddedBatch, make_batches
from spacy_hf_ner.model.reading.layout import Layout


class RecomputingBackend:
    """Keeps the activations of the first batches for backprop; those of later ones are computed again when needed.

    Args:
        backend: What runs the batches.
        max_kept: Padded subwords whose activations are kept.
    """

    def __init__(self, backend: Backend, *, max_kept: int) -> None:
        self._backend = backend
        self._left = max_kept

    def run(self, batch: PaddedBatch) -> torch.Tensor:
        """Return the logits of a batch. Shape: (n_windows, length, n_tags)."""
        self._left -= batch.ids.size
        if self._left >= 0:
            return self._backend.run(batch)
        logits: torch.Tensor = recompute(self._backend.run, batch, use_reentrant=False)
        return logits


def run_windows(
    backend: Backend, layout: Layout, checkpoint: Checkpoint, budget: Budget
) -> torch.Tensor:
    """Return the logits of all subwords, each from the window that owns it. Shape: (n_subwords, n_tags)."""
    n_subwords = len(layout.ids)
    n_rows = checkpoint.limits.n_embeddings
    if n_subwords and n_rows is not None and int(layout.ids.max()) >= n_rows:
        raise CheckpointError(
            f"{checkpoint.name}: the tokenizer gave subword {int(layout.ids.max())}, but the network has only {n_rows} "
            "embeddings. The tokenizer files belong to another checkpoint."
        )
    # One block from the first batch on: small ones between what batches need would keep the heap from shrinking.
    rows: torch.Tensor | None = None
    batches = make_batches(
        layout.ids,
        layout.windows,
        template=checkpoint.tokenizer.template,
        pad_id=checkpoint.limits.pad_id,
        budget=budget,
    )
    for batch in batches:
        logits = backend.run(batch)
        device = logits.device
        rows = logits.new_empty(n_subwords, logits.shape[-1]) if rows is None else rows
        owned = logits.flatten(0, 1)[torch.from_numpy(batch.source).to(device)]
        rows.index_copy_(0, torch.from_numpy(batch.target).to(device), owned)
    if rows is None:
        return torch.zeros(0, 0 if checkpoint.tag_set is None else len(checkpoint.tag_set))
    return rows
