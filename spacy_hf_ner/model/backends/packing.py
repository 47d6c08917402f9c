"""Linear layers whose weights are laid out once for the CPU's matrix kernels.

A plain layer has oneDNN reorder its weight in every call, or multiplies in MKL, which knows some processors less well.
Packed layers give the same numbers up to the order of sums, and 1.1 to 1.4 times the words per second, most of it in
small batches. The operations are those that ``torch.compile`` puts into a frozen network; they are not part of torch's
public interface, so layers stay as they are where torch lacks them.
"""

from typing import Any

import torch
from torch import nn

# Reorders a weight; and multiplies with it, adds the bias, and applies no function afterwards.
_REORDER: Any = getattr(torch.ops.mkldnn, "_reorder_linear_weight", None)
_MULTIPLY: Any = getattr(torch.ops.mkldnn, "_linear_pointwise", None)


class PackedLinear(nn.Module):
    """A linear layer for prediction on the CPU.

    Args:
        layer: The layer that it stands for.
        dtype: The type to compute in.
    """

    def __init__(self, layer: nn.Linear, dtype: torch.dtype) -> None:
        super().__init__()
        self.in_features, self.out_features = layer.in_features, layer.out_features
        self.bias = None if layer.bias is None else layer.bias.detach().to(dtype)
        self._packed = _REORDER(layer.weight.detach().to(dtype), None)
        self._weight, self._dtype = layer.weight.detach(), dtype

    @property
    def weight(self) -> torch.Tensor:
        """The weight, for networks that multiply with it themselves. Shape: (out_features, in_features)."""
        return self._weight.to(self._dtype)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the outputs. Shape: (..., out_features)."""
        outputs: torch.Tensor = _MULTIPLY(inputs, self._packed, self.bias, "none", [], "")
        return outputs


def can_pack(device: torch.device, dtype: torch.dtype) -> bool:
    """Tell whether this build of torch can pack layers that lie on a device and compute in a type."""
    if device.type != "cpu" or dtype not in {torch.float32, torch.bfloat16} or None in (_REORDER, _MULTIPLY):
        return False
    return bool(torch.backends.mkldnn.is_available())  # type: ignore[no-untyped-call]


def pack_linear_layers(module: nn.Module, dtype: torch.dtype, *, skip: nn.Linear) -> None:
    """Replace the linear layers inside a module, in place, but for one."""
    for name, child in list(module.named_children()):
        if type(child) is nn.Linear and child is not skip:
            setattr(module, name, PackedLinear(child, dtype))
        else:
            pack_linear_layers(child, dtype, skip=skip)
