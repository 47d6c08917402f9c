"""The types that networks compute in: what settings call them, and what they mean on a device."""

import logging
from typing import Literal

import torch
from torch import nn

from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.engines.cpu.bf16 import cpu_has_bf16
from spacy_hf_ner.model.engines.cpu.int8_linear import can_multiply_int8

__all__ = [
    "MixedPrecision",
    "Precision",
    "can_use_int8",
    "cast_to",
    "check_int8",
    "give_up_precision",
    "has_fast_bf16",
    "resolve_precision",
]

logger = logging.getLogger("spacy_hf_ner")

Precision = Literal["auto", "fp32", "bf16", "fp16", "int8"]
MixedPrecision = Literal["auto", "none", "bf16", "fp16"]

# The reduced type that a setting means; None is the network's own, which is float32.
_DTYPES: dict[str, torch.dtype | None] = {
    "fp32": None,
    "none": None,
    "bf16": torch.bfloat16,
    "fp16": torch.float16,
}


def has_fast_bf16(device: torch.device) -> bool:
    """Tell whether a device multiplies bfloat16 matrices natively: many CPUs, GPUs since Ampere."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type == "cpu" and cpu_has_bf16()


def resolve_precision(precision: str, device: torch.device) -> torch.dtype | None:
    """Return the reduced type that a setting means on a device, or None for float32.

    For ``"int8"`` it is the type of what is no linear layer.

    Args:
        precision: A value of the setting ``precision`` or ``mixed_precision``.
        device: Where the network is.
    """
    if precision in {"auto", "int8"}:
        return torch.bfloat16 if has_fast_bf16(device) else None
    return _DTYPES[precision]


def can_use_int8(device: torch.device) -> bool:
    """Tell whether a device can multiply 8-bit integers as ``precision = "int8"`` asks."""
    return device.type == "cpu" and can_multiply_int8()


def check_int8(device: torch.device) -> None:
    """Check that a device can multiply 8-bit integers as ``precision = "int8"`` asks.

    Raises:
        CheckpointError: It cannot.
    """
    if can_use_int8(device):
        return
    problem = "this processor, or this build of torch, has no fast products of 8-bit integers"
    if device.type != "cpu":
        problem = f'the network is on "{device}"'
    raise CheckpointError(
        'precision = "int8" needs a CPU with VNNI (Intel since Ice Lake, AMD since Zen 4) and a '
        f'build of torch with oneDNN, and {problem}. Set precision = "auto".',
        settings=("precision",),
    )


def cast_to(dtype: torch.dtype | None, device: torch.device) -> torch.autocast:
    """Return the context that computes in a type, or in the network's own if None.

    Contexts may be nested: the outermost keeps the weights that it has cast for those inside.
    """
    return torch.autocast(device.type, dtype=dtype or torch.bfloat16, enabled=dtype is not None)


def give_up_precision(
    error: RuntimeError, network: nn.Module, *, setting: str, value: str, exact: str
) -> None:
    """Say that a network does not run in a reduced type.

    Args:
        error: What it raised.
        network: The network.
        setting: The setting that chose the type.
        value: Its value.
        exact: What the setting calls float32.

    Raises:
        CheckpointError: The type was asked for by its name, so nothing else will do.
        RuntimeError: The error, where it is one of memory.
    """
    if isinstance(error, torch.OutOfMemoryError):
        raise error
    if value != "auto":
        raise CheckpointError(
            f'{type(network).__name__} does not run with {setting} = "{value}": {error}. Set '
            f'{setting} = "auto" or "{exact}".',
            settings=(setting,),
        ) from error
    logger.warning(
        'Transformers\' %s does not run in a reduced type (%s), so %s = "auto" means "%s" for it.',
        type(network).__name__,
        error,
        setting,
        exact,
    )
