"""The gradient of the subword embeddings, added row by row.

The table has tens of thousands of rows, of which a batch reads some hundreds. torch makes a
gradient of the whole table for each micro-batch, and on the CPU filling and adding those took a
quarter of a training step.
"""

import contextlib
from collections.abc import Iterator

import torch
from torch import nn

from spacy_hf_ner.model.network import Network

__all__ = ["EmbeddingGradient"]


class EmbeddingGradient:
    """Has the gradient of the subword embeddings added to one array, by the rows that were read.

    On GPUs, and where the embeddings are frozen or of another kind, torch goes its own way.

    Args:
        network: The network, on the device where it is trained.
    """

    def __init__(self, network: Network) -> None:
        self._embeddings = _find_embeddings(network)
        self._array: torch.Tensor | None = None
        if self._embeddings is not None:
            self._array = torch.zeros_like(self._embeddings.weight)

    @contextlib.contextmanager
    def by_rows(self) -> Iterator[None]:
        """For a forward pass: its gradient will be one of rows."""
        if self._embeddings is None:
            yield
            return
        self._embeddings.sparse = True
        try:
            yield
        finally:
            self._embeddings.sparse = False

    def prepare(self) -> None:
        """For backprop: give a weight that has no gradient yet one of zeros, to add rows to."""
        if self._embeddings is None or self._array is None:
            return
        weight = self._embeddings.weight
        # Those that are frozen for a while must not be stepped, as a gradient of zeros would be.
        if weight.grad is None and weight.requires_grad:
            weight.grad = self._array.zero_()


def _find_embeddings(network: Network) -> nn.Embedding | None:
    """Return the subword embeddings, if rows of their gradient can be added by themselves."""
    try:
        embeddings = network.get_input_embeddings()
    except NotImplementedError:  # CANINE has none
        return None
    if not isinstance(embeddings, nn.Embedding) or embeddings.weight.device.type != "cpu":
        return None
    if not embeddings.weight.requires_grad:
        return None
    return embeddings
