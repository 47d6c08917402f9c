"""The PyTorch backend: the network itself, in training, or a copy of it in the best precision, in prediction."""

import copy
from typing import Literal

import numpy as np
import torch
from torch import nn

from spacy_hf_ner.model.engines.cpu.packing import can_pack, pack_linear_layers
from spacy_hf_ner.model.head import find_head
from spacy_hf_ner.model.network import Network
from spacy_hf_ner.model.reading.batching import PaddedBatch

Precision = Literal["auto", "fp32", "bf16", "fp16"]
MixedPrecision = Literal["auto", "none", "bf16", "fp16"]


def has_fast_bf16(device: torch.device) -> bool:
    """Tell whether the hardware multiplies bfloat16 matrices natively: AMX, AVX512-BF16, or a GPU since Ampere."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    checks = (
        "_is_amx_tile_supported",
        "_is_avx512_bf16_supported",
    )  # private, and not in every torch
    return device.type == "cpu" and any(
        getattr(torch.cpu, check, lambda: False)() for check in checks
    )


def resolve_precision(
    precision: Precision | MixedPrecision, device: torch.device
) -> torch.dtype | None:
    """Return the reduced type that a setting means on a device, or None for float32."""
    if precision == "auto":
        return torch.bfloat16 if has_fast_bf16(device) else None
    return {"fp32": None, "none": None, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]


def cast_to(dtype: torch.dtype | None, device: torch.device) -> torch.autocast:
    """Return the context that computes in a type, or in the network's own if None; the outermost casts weights once."""
    return torch.autocast(device.type, dtype=dtype or torch.bfloat16, enabled=dtype is not None)


class TorchBackend:
    """Runs a network on padded batches.

    Args:
        network: The network, on its device and in the mode (train or eval) it shall run in.
        autocast: The type to compute in under autocast, or None for the network's own.
    """

    def __init__(self, network: Network, *, autocast: torch.dtype | None = None) -> None:
        self._network = network
        self._autocast = autocast
        self._device = next(network.parameters()).device

    def run(self, batch: PaddedBatch) -> torch.Tensor:
        """Return the logits of a batch as float32. Shape: (n_windows, length, n_tags)."""
        inputs = {"input_ids": self._move(batch.ids), "attention_mask": self._move(batch.mask)}
        if batch.types is not None:
            inputs["token_type_ids"] = self._move(batch.types)
        with cast_to(self._autocast, self._device):
            logits: torch.Tensor = self._network(**inputs).logits
        return logits.float()

    def _move(self, array: np.ndarray) -> torch.Tensor:
        tensor = torch.from_numpy(array)
        if self._device.type == "cuda":
            return tensor.pin_memory().to(self._device, non_blocking=True)
        return tensor.to(self._device)


def copy_for_prediction(network: Network, dtype: torch.dtype) -> Network:
    """Return a copy of a network that only predicts: its encoder in a type, its head in float32.

    What need not change is shared with the network: the copy is out of date when that is trained further. Buffers keep
    their type, because positions computed in a reduced one are wrong.
    """
    weights = (*network.parameters(), *network.buffers())
    copied = copy.deepcopy(network, {id(tensor): tensor for tensor in weights}).eval()
    _, head = find_head(copied)
    if can_pack(next(network.parameters()).device, dtype):
        pack_linear_layers(copied, dtype, skip=head)
    for module in copied.modules():
        if module is not head:
            for name, parameter in module.named_parameters(recurse=False):
                setattr(
                    module, name, nn.Parameter(parameter.detach().to(dtype), requires_grad=False)
                )
    head.register_forward_pre_hook(_as_float32)
    return copied


def _as_float32(_module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    return tuple(tensor.float() for tensor in inputs)
