"""What an engine has to do."""

from typing import Protocol

import torch

from spacy_hf_ner.model.reading.batching import PaddedBatch


class Backend(Protocol):
    """Turns a padded batch of subwords into logits."""

    def run(self, batch: PaddedBatch) -> torch.Tensor:
        """Return the logits of a batch. Shape: (n_windows, length, n_tags)."""
