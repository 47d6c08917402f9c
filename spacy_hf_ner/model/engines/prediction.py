"""A network to the copy of it that only predicts."""

from functools import partial

import torch
from torch import nn

from spacy_hf_ner.core.arrays import Ints
from spacy_hf_ner.model.engines.cpu.activations import Activations, see_activations
from spacy_hf_ner.model.engines.cpu.encoder_layers import EncoderLayer, find_encoder_layers
from spacy_hf_ner.model.engines.cpu.fused_layer import FusedLayer
from spacy_hf_ner.model.engines.cpu.int8_linear import RangeLinear, RowLinear
from spacy_hf_ner.model.engines.cpu.packing import PackedLinear, can_pack, pack_linear_layers
from spacy_hf_ner.model.head import find_head
from spacy_hf_ner.model.network import Network, get_device, share_weights

__all__ = ["copy_for_prediction", "copy_in_int8"]


def copy_for_prediction(network: Network, dtype: torch.dtype) -> Network:
    """Return a copy of a network that only predicts: its encoder in a type, its head in float32.

    What need not change is shared with the network: the copy is out of date when that is trained
    further. Buffers keep their type, because positions computed in a reduced one are wrong.
    """
    copied = share_weights(network).eval()
    _, head = find_head(copied)
    if can_pack(get_device(network), dtype):
        for name, layer in find_encoder_layers(copied).items():
            _replace(copied, name, _pack_layer(layer, dtype))
        pack_linear_layers(copied, dtype, skip=head)
    _cast(copied, dtype, head=head)
    return copied


def _pack_layer(layer: EncoderLayer, dtype: torch.dtype) -> FusedLayer:
    """Return an encoder layer in floating point."""
    # The joined weight is a copy, which nobody else holds: once packed, it is let go.
    pack = partial(PackedLinear, dtype=dtype, keeps_weight=False)
    return FusedLayer(
        layer,
        project=pack(layer.join_projections()),
        mix=pack(layer.mix),
        up=pack(layer.up, function="gelu"),
        down=pack(layer.down),
        dtype=dtype,
    )


def copy_in_int8(network: Network, dtype: torch.dtype, windows: Ints) -> Network:
    """Return a copy of a network whose linear layers, but for the head, multiply 8-bit integers.

    Sums and layer norms of encoder layers are in float32, as is the head.

    Args:
        network: The network, in float32, on a CPU that can do it.
        dtype: The type of what is no linear layer, and of attention.
        windows: Ids of subwords that it reads to see what its layers are given. Shape:
            (n_windows, length).
    """
    copied = share_weights(network).eval()
    _, head = find_head(copied)
    seen = see_activations(copied, windows)
    for name, layer in find_encoder_layers(copied).items():
        _replace(copied, name, _quantize_layer(layer, seen, dtype))
    for name, module in list(copied.named_modules()):
        if type(module) is nn.Linear and module is not head:
            _replace(copied, name, RowLinear(module, seen.find_wide_columns(module), dtype))
    _cast(copied, dtype, head=head)
    return copied


def _quantize_layer(layer: EncoderLayer, seen: Activations, dtype: torch.dtype) -> FusedLayer:
    """Return an encoder layer in 8-bit integers.

    What comes out of its layer norms has known ranges; what the heads have read, and what comes out
    of the GELU, differs more from row to row.
    """
    no_columns = torch.zeros(0, dtype=torch.int64)
    wide = seen.find_wide_columns(layer.down)
    return FusedLayer(
        layer,
        project=RangeLinear(layer.join_projections(), *seen.get_range(layer.query), dtype),
        mix=RowLinear(layer.mix, no_columns, torch.float32),
        up=RangeLinear(layer.up, *seen.get_range(layer.up), torch.float32, "gelu"),
        down=RowLinear(layer.down, wide, torch.float32, overwrites=True),
        dtype=torch.float32,
    )


def _replace(network: Network, name: str, module: nn.Module) -> None:
    """Put a module in the place of the one that has a name."""
    parent_name, _, own_name = name.rpartition(".")
    setattr(network.get_submodule(parent_name), own_name, module)


def _cast(network: Network, dtype: torch.dtype, *, head: nn.Linear) -> None:
    """Have a network compute in a type, and its head in float32."""
    for module in network.modules():
        if module is not head:
            _cast_parameters(module, dtype)
    head.register_forward_pre_hook(_cast_inputs_to_float32)


def _cast_parameters(module: nn.Module, dtype: torch.dtype) -> None:
    for name, parameter in module.named_parameters(recurse=False):
        cast = nn.Parameter(parameter.detach().to(dtype), requires_grad=False)
        setattr(module, name, cast)


def _cast_inputs_to_float32(
    _module: nn.Module, inputs: tuple[torch.Tensor, ...]
) -> tuple[torch.Tensor, ...]:
    return tuple(tensor.float() for tensor in inputs)
