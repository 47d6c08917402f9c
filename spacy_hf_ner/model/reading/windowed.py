"""A layout's windows through a backend: each subword's logits from the window that owns it."""

import torch

from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.checkpoint import Checkpoint
from spacy_hf_ner.model.engines.base import Backend
from spacy_hf_ner.model.reading.batching import Budget, make_batches
from spacy_hf_ner.model.reading.layout import Layout

__all__ = ["run_windows"]


def run_windows(
    backend: Backend, layout: Layout, checkpoint: Checkpoint, budget: Budget
) -> torch.Tensor:
    """Return the logits of all subwords, each from the window that owns it.

    Args:
        backend: What runs the batches.
        layout: The subwords and their windows.
        checkpoint: What the subwords were made with.
        budget: How large batches may be.

    Returns:
        Shape: (n_subwords, n_tags).

    Raises:
        CheckpointError: The network does not know some subword.
    """
    _check_ids(layout, checkpoint)
    batches = make_batches(
        layout.ids,
        layout.windows,
        template=checkpoint.tokenizer.template,
        limits=checkpoint.limits,
        budget=budget,
    )
    rows: torch.Tensor | None = None
    for batch in batches:
        logits = backend.run(batch)
        if rows is None:
            # One block from the first batch on: small ones, between what batches need, would keep
            # the heap from shrinking.
            rows = logits.new_empty(len(layout.ids), logits.shape[-1])
        source = torch.from_numpy(batch.source).to(logits.device)
        target = torch.from_numpy(batch.target).to(logits.device)
        rows.index_copy_(0, target, logits.flatten(0, 1)[source])
    if rows is None:
        n_tags = 0 if checkpoint.tag_set is None else len(checkpoint.tag_set)
        return torch.zeros(0, n_tags)
    return rows


def _check_ids(layout: Layout, checkpoint: Checkpoint) -> None:
    """Check that the network has an embedding for each subword.

    Raises:
        CheckpointError: It lacks one.
    """
    n_embeddings = checkpoint.limits.n_embeddings
    if n_embeddings is None or len(layout.ids) == 0:
        return
    largest_id = int(layout.ids.max())
    if largest_id >= n_embeddings:
        raise CheckpointError(
            f"{checkpoint.name}: the tokenizer gave subword {largest_id}, but the network has only "
            f"{n_embeddings} embeddings. The tokenizer files belong to another checkpoint."
        )
