"""An encoder layer for prediction on the CPU, in few operations.

Queries, keys and values are one product, attention is computed in the way that is fastest for the
length of the rows, and padding is masked only where there is any.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from spacy_hf_ner.model.engines.cpu.attention import attend
from spacy_hf_ner.model.engines.cpu.encoder_layers import EncoderLayer

__all__ = ["FusedLayer"]

_N_ROWS = 1024  # in the feed-forward block at once


class FusedLayer(nn.Module):
    """An encoder layer that takes the place of a family's own.

    Args:
        layer: The parts of the family's layer.
        project: Makes queries, keys and values, one after the other; see :func:`join_projections`.
        mix: Stands for ``layer.mix``.
        up: Stands for ``layer.up`` and the GELU after it.
        down: Stands for ``layer.down``.
        dtype: The type of sums and layer norms, which ``mix`` and ``down`` return.
    """

    def __init__(
        self,
        layer: EncoderLayer,
        *,
        project: nn.Module,
        mix: nn.Module,
        up: nn.Module,
        down: nn.Module,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        self._n_heads = layer.n_heads
        self._returns_tuple = layer.returns_tuple
        self._project = project
        self._mix = mix
        self._up = up
        self._down = down
        self._dtype = dtype
        self._attention_norm = _copy_norm(layer.attention_norm, dtype)
        self._output_norm = _copy_norm(layer.output_norm, dtype)

    def forward(
        self,
        hidden: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        *_args: object,
        **_kwargs: object,
    ) -> Any:  # noqa: ANN401 - what the family's own layer returns
        """Return the hidden states after the layer, as the family does.

        Args:
            hidden: Shape: (n_windows, length, width).
            attention_mask: See :func:`~spacy_hf_ner.model.engines.cpu.attention.attend`. Shape:
                (n_windows, 1, 1 or length, length), the same for each query.
        """
        hidden = hidden.to(self._dtype)
        mask = None if attention_mask is None else attention_mask[:, :, :1]
        heads = self._project(hidden).unflatten(-1, (3, self._n_heads, -1))
        between = self._attention_norm(self._mix(attend(heads, mask)).add_(hidden))
        output = self._feed_forward(between)
        return (output,) if self._returns_tuple else output

    def _feed_forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return hidden states after the feed-forward block. Shape: (n_windows, length, width).

        A few rows at a time: what is between its two layers is several times as wide, and would be
        the largest block of memory that a batch takes, which the system then clears each time.
        """
        output = torch.empty_like(hidden)
        rows, written = hidden.flatten(0, 1), output.flatten(0, 1)
        for start in range(0, len(rows), _N_ROWS):
            block = slice(start, start + _N_ROWS)
            between = self._down(self._up(rows[block])).add_(rows[block])
            written[block] = self._output_norm(between)
        return output


def _copy_norm(norm: nn.LayerNorm, dtype: torch.dtype) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return a layer norm in a type. Its weights are no parameters: nobody else casts them."""
    weight, bias = norm.weight.detach().to(dtype), norm.bias.detach().to(dtype)

    def normalize(rows: torch.Tensor) -> torch.Tensor:
        return functional.layer_norm(rows, norm.normalized_shape, weight, bias, norm.eps)

    return normalize
