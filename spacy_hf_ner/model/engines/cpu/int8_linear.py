"""Linear layers that multiply 8-bit integers on the CPU.

Weights have a scale for each output. Activations are quantized in one of two ways, neither of which
needs a sample of texts, or lets a subword's numbers depend on its neighbours:

- :class:`RowLinear` finds a scale for each row. The few columns that are much wider than the others
  would take nearly all of its steps, so they are left out and multiplied in float32 (the idea is
  that of LLM.int8(), Dettmers et al. 2022).
- :class:`RangeLinear` knows the range of each column, as behind a layer norm, and so costs less.
  Columns share the steps fairly: what is wide is divided by a factor that its weights are
  multiplied with (SmoothQuant, Xiao et al. 2023).

The operations are private ones of torch: the products are those that its quantized networks call,
and what quantizes rows was written for tables of embeddings.
"""

import functools
from typing import Any

import torch
from torch import nn

from spacy_hf_ner.model.engines.cpu.packing import Function

__all__ = ["RangeLinear", "RowLinear", "can_multiply_int8"]

# Private operations of torch. The first lays out a weight; the second multiplies with it; the
# third quantizes rows, and puts the scale and the least value of each behind its bytes.
_REORDER: Any = getattr(torch.ops.onednn, "qlinear_prepack", None)
_MULTIPLY: Any = getattr(torch.ops.onednn, "qlinear_pointwise", None)
_QUANTIZE_ROWS: Any = getattr(torch.ops.quantized, "embedding_bag_byte_prepack", None)

_N_SCALE_BYTES = 8  # two numbers of type float32
_LARGEST = 127  # the most steps of a weight, and of an activation, to either side of zero
_MIDDLE = 128  # the byte that stands for zero
_SMALLEST = 1e-9  # below all that a network computes with

_SHARE = 0.65  # how much of a column's width goes to its weights
_MARGIN = 1.2  # what texts may have beyond the ranges that were seen

_PROBE_SIZE = 64
_PROBE_TOLERANCE = 0.02


class _Int8Weight:
    """The weight of a linear layer, with a scale for each output.

    Args:
        weight: Shape: (n_outputs, n_inputs), float32.
        bias: What is added to the products, if not None. Shape: (n_outputs,).

    Attributes:
        sums: What it gives for a row of ones. Shape: (n_outputs,).
    """

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
        self._scale = (weight.abs().amax(dim=1) / _LARGEST).clamp_min(_SMALLEST)
        steps = (weight / self._scale[:, None]).round().to(torch.int8)
        self._packed = _REORDER(steps, None)
        self._zero_points = torch.zeros(len(weight), dtype=torch.int64)
        self._bias = bias
        self.sums = steps.sum(dim=1) * self._scale

    def multiply(
        self, steps: torch.Tensor, dtype: torch.dtype, function: Function = "none"
    ) -> torch.Tensor:
        """Return the products with steps, counted from the middle. Shape: (n_rows, n_outputs).

        Args:
            steps: Bytes. Shape: (n_rows, n_inputs).
            dtype: The type of the products.
            function: What is applied to the products, with the bias.
        """
        products: torch.Tensor = _MULTIPLY(
            steps,
            1.0,  # the size of a step, which is in the weight, or comes later
            _MIDDLE,
            self._packed,
            self._scale,
            self._zero_points,
            self._bias,
            1.0,  # the scale and the middle of outputs that are bytes, which these are not
            0,
            dtype,
            function,
            [],
            "none",
        )
        return products


class RowLinear(nn.Module):
    """A linear layer for prediction, in any place: each row of its inputs gets a scale.

    Args:
        layer: The layer that it stands for.
        wide: The columns that are multiplied in float32. Shape: (n_wide,).
        dtype: The type of its outputs.
        overwrites: Whether nobody needs its inputs any more.
    """

    def __init__(
        self, layer: nn.Linear, wide: torch.Tensor, dtype: torch.dtype, *, overwrites: bool = False
    ) -> None:
        super().__init__()
        self._overwrites = overwrites
        self.in_features = layer.in_features
        self.out_features = layer.out_features
        self._original = layer.weight.detach()
        self._dtype = dtype
        self._wide = wide
        weight = self._original.float().clone()
        wide_weight = weight[:, wide]
        weight[:, wide] = 0.0
        self._weight = _Int8Weight(weight, None)
        # What the middle of a row is multiplied with, and what its wide columns are.
        self._rest = torch.cat([self._weight.sums[:, None], wide_weight], dim=1).T.contiguous()
        self.bias = _read_bias(layer)

    @property
    def weight(self) -> torch.Tensor:
        """The weight, for networks that multiply with it themselves.

        Shape: (out_features, in_features).
        """
        return self._original.to(self._dtype)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the outputs. Shape: (..., out_features)."""
        rows = inputs.reshape(-1, self.in_features).float()
        wide = rows.index_select(1, self._wide)
        if self._overwrites:
            rows.index_fill_(1, self._wide, 0.0)
        elif len(self._wide):
            rows = rows.index_fill(1, self._wide, 0.0)
        packed = _QUANTIZE_ROWS(rows)
        steps, tail = packed[:, :-_N_SCALE_BYTES], packed[:, -_N_SCALE_BYTES:]
        scale, lowest = tail.contiguous().view(torch.float32).split(1, dim=1)
        # A value is the middle of its row, and steps of the row's scale from there.
        middle = lowest + _MIDDLE * scale
        outputs = torch.addmm(self.bias, torch.cat([middle, wide], dim=1), self._rest)
        outputs.addcmul_(self._weight.multiply(steps, torch.float32), scale)
        return outputs.to(self._dtype).view(*inputs.shape[:-1], self.out_features)


class RangeLinear(nn.Module):
    """A linear layer for prediction, where the ranges of its inputs are known.

    What is out of a range counts as its end.

    Args:
        layer: The layer that it stands for.
        lowest: The least value of each column. Shape: (in_features,).
        highest: The largest value of each column. Shape: (in_features,).
        dtype: The type of its outputs.
        function: What is applied to the outputs.
    """

    def __init__(
        self,
        layer: nn.Linear,
        lowest: torch.Tensor,
        highest: torch.Tensor,
        dtype: torch.dtype,
        function: Function = "none",
    ) -> None:
        super().__init__()
        self.out_features = layer.out_features
        self._dtype = dtype
        self._function: Function = function
        weight = layer.weight.detach().float()
        middle = (highest + lowest) / 2
        width = (_MARGIN * (highest - lowest) / 2).clamp_min(_SMALLEST)
        weight_width = weight.abs().amax(dim=0).clamp_min(_SMALLEST)
        factor = width**_SHARE / weight_width ** (1 - _SHARE)
        step = factor * (width / factor).amax() / _LARGEST
        self._per_step = 1.0 / step
        self._shift = -middle / step
        self._weight = _Int8Weight(weight * step, _read_bias(layer) + weight @ middle)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the outputs. Shape: (..., out_features)."""
        rows = inputs.flatten(0, -2).float()
        steps = torch.addcmul(self._shift, rows, self._per_step).round_()
        signed = steps.clamp_(-_LARGEST, _LARGEST).to(torch.int8)
        # To flip the highest bit of a signed byte is to add the middle.
        unsigned = signed.view(torch.uint8).bitwise_xor_(_MIDDLE)
        outputs = self._weight.multiply(unsigned, self._dtype, self._function)
        return outputs.view(*inputs.shape[:-1], self.out_features)


def _read_bias(layer: nn.Linear) -> torch.Tensor:
    """Return the bias of a layer in float32; zeros if it has none. Shape: (out_features,)."""
    bias = layer.bias  # torch's annotations say that it is always there
    return torch.zeros(layer.out_features) if bias is None else bias.detach().float()


@functools.cache
def can_multiply_int8() -> bool:
    """Tell whether this processor and this build of torch multiply 8-bit integers, and fast.

    That takes VNNI: without it, integers are added in 16 bits, which overflow.
    """
    has_vnni = getattr(torch.cpu, "_is_vnni_supported", None)
    if has_vnni is None or not has_vnni():
        return False
    if _REORDER is None or _MULTIPLY is None or _QUANTIZE_ROWS is None:
        return False
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    return _multiplies_right()


def _multiplies_right() -> bool:
    """Tell whether a small layer gives what it should: torch has no other way to ask."""
    draws = torch.Generator().manual_seed(0)
    layer = nn.Linear(_PROBE_SIZE, _PROBE_SIZE, device="meta").to_empty(device="cpu")
    rows = torch.randn(_PROBE_SIZE, _PROBE_SIZE, generator=draws)
    with torch.inference_mode():
        layer.weight.normal_(generator=draws)
        layer.bias.normal_(generator=draws)
        expected = layer(rows)
        try:
            found = RowLinear(layer, torch.tensor([0, 1]), torch.float32)(rows)
        except RuntimeError:
            return False
        return bool((found - expected).norm() <= _PROBE_TOLERANCE * expected.norm())
