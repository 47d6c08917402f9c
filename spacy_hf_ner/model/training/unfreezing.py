"""Layers that begin to learn one after the other, from the highest down."""

from typing import TYPE_CHECKING

from spacy_hf_ner.model.network import Network
from spacy_hf_ner.model.training.layers import LayerOrder

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Unfreezing"]


class Unfreezing:
    """Frees one more layer after each so many steps.

    ::

        after 0 steps      embeddings  layer 0  layer 1 | norm  head
        after `every`      embeddings  layer 0 | layer 1  norm  head
        after 2 `every`    embeddings | layer 0  layer 1  norm  head
        after 3 `every`  | embeddings  layer 0  layer 1  norm  head

    What is frozen gets no gradient, and backprop ends above it, which is faster.

    Args:
        network: The network, in which what is trained at all is free.
        every: The number of steps, those of updates: rehearsal, which comes between them to keep
            what is known, does not make training go on faster, and frees nothing by itself.

    Source: Howard & Ruder (2018), https://arxiv.org/abs/1801.06146, section 3.3, where a layer is
    freed after each epoch.
    """

    def __init__(self, network: Network, *, every: int) -> None:
        self._every = every
        self._levels: dict[nn.Parameter, int] = {}
        for parameter, level in LayerOrder(network).find_levels().items():
            if parameter.requires_grad:
                self._levels[parameter] = level

    def free_layers(self, n_steps: int) -> None:
        """Freeze and free the layers as it shall be after some steps."""
        highest = max(self._levels.values(), default=0)
        lowest_free = highest - n_steps // self._every
        for parameter, level in self._levels.items():
            parameter.requires_grad_(level >= lowest_free)
