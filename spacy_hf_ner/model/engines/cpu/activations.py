"""What goes into the linear layers of a network, seen while it reads random subwords.

No sample of texts is needed: behind a layer norm each column has its range, and some columns are
wide, whatever is read. Random subwords make up in variety what they lack in sense.
"""

import numpy as np
import torch
from torch import nn

from spacy_hf_ner.core.arrays import Ints
from spacy_hf_ner.model.network import Network
from spacy_hf_ner.model.reading.encoding import Template
from spacy_hf_ner.model.reading.limits import Limits

__all__ = ["Activations", "draw_windows", "see_activations"]

_N_WIDE = 8  # columns of a layer; more of them change little
_N_WINDOWS = 32
_LENGTH = 32  # subwords of a window, special tokens included
_N_HASHED = 1000  # what subwords are drawn from where a network hashes them


def draw_windows(template: Template, limits: Limits) -> Ints:
    """Return ids of random subwords in windows, the same ones in each call.

    Args:
        template: The special tokens around each window.
        limits: What the network can read.

    Returns:
        Shape: (n_windows, length).
    """
    length = min(_LENGTH - len(template), limits.max_subwords)
    n_known = limits.n_embeddings or _N_HASHED
    ids = np.random.default_rng(0).integers(0, n_known, (_N_WINDOWS, length))
    prefix, suffix = (
        np.tile(np.array(part, dtype=np.int64), (_N_WINDOWS, 1))
        for part in (template.prefix, template.suffix)
    )
    return np.concatenate([prefix, ids, suffix], axis=1)


class Activations:
    """The range of each column that linear layers were given."""

    def __init__(self) -> None:
        self._lowest: dict[nn.Linear, torch.Tensor] = {}
        self._highest: dict[nn.Linear, torch.Tensor] = {}

    def watch(self, layer: nn.Linear, inputs: tuple[torch.Tensor, ...]) -> None:
        """See what a layer is given, as a hook of torch's. Shape: (..., in_features)."""
        rows = inputs[0].flatten(0, -2)
        lowest, highest = rows.amin(dim=0), rows.amax(dim=0)
        if layer in self._lowest:
            lowest = torch.minimum(lowest, self._lowest[layer])
            highest = torch.maximum(highest, self._highest[layer])
        self._lowest[layer], self._highest[layer] = lowest, highest

    def get_range(self, layer: nn.Linear) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the least and the largest value of each column. Shape of each: (in_features,).

        Raises:
            KeyError: The layer was given nothing.
        """
        return self._lowest[layer], self._highest[layer]

    def find_wide_columns(self, layer: nn.Linear) -> torch.Tensor:
        """Return the columns with the largest values; none of a layer that was given nothing.

        Shape: (n_wide,).
        """
        if layer not in self._lowest:
            return torch.zeros(0, dtype=torch.int64)
        widths = torch.maximum(self._highest[layer], -self._lowest[layer])
        return widths.topk(min(_N_WIDE, len(widths))).indices


def see_activations(network: Network, windows: Ints) -> Activations:
    """Return what goes into the linear layers of a network.

    Args:
        network: The network, in float32 and eval mode.
        windows: Ids of subwords that it reads. Shape: (n_windows, length).
    """
    seen = Activations()
    layers = [module for module in network.modules() if type(module) is nn.Linear]
    hooks = [layer.register_forward_pre_hook(seen.watch) for layer in layers]
    ids = torch.from_numpy(windows)
    try:
        with torch.inference_mode():
            network(input_ids=ids, attention_mask=torch.ones_like(ids))
    finally:
        for hook in hooks:
            hook.remove()
    return seen
