"""The encoder layers that BERT and its relatives are made of: found in a network, and described.

One description serves all families whose layers compute the same: attention, a sum and a layer
norm, two linear layers with a GELU between them, a sum and a layer norm. Where the parts of such a
layer are is a row of a table; whether it computes that, and nothing else, is tried.
"""

import operator
from dataclasses import dataclass, replace

import torch
from torch import nn
from torch.nn import functional

from spacy_hf_ner.model.network import Network

__all__ = ["EncoderLayer", "find_encoder_layers", "is_gelu"]

_TOLERANCE = 1e-4  # of numbers around 1, in float32
_N_TRIED = (2, 9)  # windows, and subwords of each
_N_PADDED = 4  # subwords of the second window that are padding


@dataclass(frozen=True, slots=True)
class EncoderLayer:
    """One layer, taken apart.

    Attributes:
        query: Hidden states to queries; ``key`` and ``value`` likewise.
        key: See ``query``.
        value: See ``query``.
        mix: What all heads have read to hidden states.
        attention_norm: The layer norm after attention.
        up: The first layer of the feed-forward block, before the GELU.
        down: The second.
        output_norm: The layer norm at the end.
        n_heads: How many heads attention has.
        returns_tuple: Whether the family's layer returns its output in a tuple.
    """

    query: nn.Linear
    key: nn.Linear
    value: nn.Linear
    mix: nn.Linear
    attention_norm: nn.LayerNorm
    up: nn.Linear
    down: nn.Linear
    output_norm: nn.LayerNorm
    n_heads: int
    returns_tuple: bool = False

    def join_projections(self) -> nn.Linear:
        """Return queries, scaled as attention wants them, keys and values as one layer.

        Its outputs: (3 * n_heads * head_size,).
        """
        scale = (self.query.out_features // self.n_heads) ** -0.5
        parts = ((self.query, scale), (self.key, 1.0), (self.value, 1.0))
        weight = torch.cat([part.weight.detach() * factor for part, factor in parts])
        bias = torch.cat([part.bias.detach() * factor for part, factor in parts])
        n_outputs, n_inputs = weight.shape
        joined = nn.Linear(n_inputs, n_outputs, device="meta")
        joined.weight = nn.Parameter(weight, requires_grad=False)
        joined.bias = nn.Parameter(bias, requires_grad=False)
        return joined

    def run(self, hidden: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """Return what the layer makes of hidden states: the definition, in plain operations.

        Args:
            hidden: Shape: (n_windows, length, width).
            mask: What is added to the scores of attention; None where there is no padding. Shape:
                (n_windows, 1, 1 or length, length).
        """
        query, key, value = (
            layer(hidden).unflatten(-1, (self.n_heads, -1)).transpose(1, 2)
            for layer in (self.query, self.key, self.value)
        )
        read = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        mixed = self.mix(read.transpose(1, 2).flatten(-2))
        between = self.attention_norm(mixed + hidden)
        output = self.down(functional.gelu(self.up(between)))
        normed: torch.Tensor = self.output_norm(output + between)
        return normed


# Where families keep the parts of a layer, in the order of the attributes above, and its GELU.
_PLACES = (
    (
        "attention.self.query",
        "attention.self.key",
        "attention.self.value",
        "attention.output.dense",
        "attention.output.LayerNorm",
        "intermediate.dense",
        "output.dense",
        "output.LayerNorm",
        "attention.self.num_attention_heads",
        "intermediate.intermediate_act_fn",
    ),
    (
        "attention.q_lin",
        "attention.k_lin",
        "attention.v_lin",
        "attention.out_lin",
        "sa_layer_norm",
        "ffn.lin1",
        "ffn.lin2",
        "output_layer_norm",
        "attention.n_heads",
        "ffn.activation",
    ),
)


def find_encoder_layers(network: Network) -> dict[str, EncoderLayer]:
    """Return the encoder layers of a network by name; it is in eval mode, in float32, on the CPU.

    There are none in a network that reads from left to right, or has another kernel of attention
    than torch's.
    """
    config = network.config
    kernel = config._attn_implementation  # noqa: SLF001 - it has no other name
    if getattr(config, "is_decoder", False) or kernel != "sdpa":
        return {}
    layers: dict[str, EncoderLayer] = {}
    for name, module in network.named_modules():
        described = _describe(module)
        tried = None if described is None else _try(module, described)
        if tried is not None:
            layers[name] = tried
    return layers


def _describe(module: nn.Module) -> EncoderLayer | None:
    """Return the parts of a module that has those of an encoder layer; None for others."""
    for places in _PLACES:
        try:
            *parts, function = (operator.attrgetter(place)(module) for place in places)
        except AttributeError:
            continue
        layer = EncoderLayer(*parts)
        if _has_plain_parts(layer) and is_gelu(function):
            return layer
    return None


def _has_plain_parts(layer: EncoderLayer) -> bool:
    """Tell whether parts are of torch's own kinds, with all weights."""
    linear = (layer.query, layer.key, layer.value, layer.mix, layer.up, layer.down)
    norms = (layer.attention_norm, layer.output_norm)
    return all(type(part) is nn.Linear and part.bias is not None for part in linear) and all(
        type(part) is nn.LayerNorm and part.bias is not None for part in norms
    )


def is_gelu(function: object) -> bool:
    """Tell whether a function is the exact GELU, by its values: families have many classes."""
    probe = torch.linspace(-4.0, 4.0, 65)
    return callable(function) and torch.equal(function(probe), functional.gelu(probe))


def _try(module: nn.Module, layer: EncoderLayer) -> EncoderLayer | None:
    """Return a description with what its module returns; None if that computes something else."""
    n_windows, length = _N_TRIED
    draws = torch.Generator().manual_seed(0)
    hidden = torch.randn(n_windows, length, layer.query.in_features, generator=draws)
    mask = torch.zeros(n_windows, 1, length, length)
    mask[1, :, :, -_N_PADDED:] = torch.finfo(mask.dtype).min
    with torch.inference_mode():
        try:
            output = module(hidden, mask)
            expected = layer.run(hidden, mask)
        except (RuntimeError, TypeError, ValueError):
            return None
    returns_tuple = isinstance(output, tuple)
    found = output[0] if returns_tuple else output
    if not torch.allclose(found, expected, atol=_TOLERANCE, rtol=_TOLERANCE):
        return None
    return replace(layer, returns_tuple=returns_tuple)
