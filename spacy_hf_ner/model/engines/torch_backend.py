"""A padded batch to what a network in PyTorch takes, and its logits back."""

import numpy as np
import torch

from spacy_hf_ner.model.engines.precision import cast_to
from spacy_hf_ner.model.network import Network, get_device, get_inputs, share_weights
from spacy_hf_ner.model.reading.batching import PaddedBatch

__all__ = ["TorchBackend"]


class TorchBackend:
    """Runs a network on padded batches.

    Args:
        network: The network, on its device and in the mode (train or eval) it shall run in.
        autocast: The type to compute in under autocast, or None for the network's own.
        keeps_state: Whether reading changes the network. Then each batch is read by a copy of it,
            which shares its weights: what is read later does not depend on what was read before.
    """

    def __init__(
        self,
        network: Network,
        *,
        autocast: torch.dtype | None = None,
        keeps_state: bool = False,
    ) -> None:
        self._network = network
        self._autocast = autocast
        self._keeps_state = keeps_state
        self._device = get_device(network)
        taken = get_inputs(network)
        self._takes_mask = "attention_mask" in taken  # FNet's did not in version 4
        self._takes_types = "token_type_ids" in taken

    def run(self, batch: PaddedBatch) -> torch.Tensor:
        """Return the logits of a batch as float32. Shape: (n_windows, length, n_tags)."""
        inputs = {"input_ids": self._move(batch.ids)}
        if self._takes_mask:
            inputs["attention_mask"] = self._move(batch.mask)
        if batch.types is not None and self._takes_types:
            inputs["token_type_ids"] = self._move(batch.types)
        network = share_weights(self._network) if self._keeps_state else self._network
        with cast_to(self._autocast, self._device):
            logits: torch.Tensor = network(**inputs).logits
        return logits.float()

    def _move(self, array: np.ndarray) -> torch.Tensor:
        tensor = torch.from_numpy(array)
        if self._device.type == "cuda":
            # From pinned memory the copy runs beside the batch before it.
            return tensor.pin_memory().to(self._device, non_blocking=True)
        return tensor.to(self._device)
