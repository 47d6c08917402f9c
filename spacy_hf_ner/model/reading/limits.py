"""What a network can read: how much at once, which subwords, and what it is padded with."""

import json
from dataclasses import dataclass
from typing import Any

from torch import nn

from spacy_hf_ner.model.network import Network

__all__ = ["Limits", "find_limits"]

_MAX_USABLE_LENGTH = 1_000_000  # tokenizers without a limit say 1e30

# What configs call the most subwords, special tokens included.
_LENGTH_SETTINGS = ("max_position_embeddings", "max_seq_len", "max_positions")

# The kind of layers in which a subword sees only its neighbours, as configs with a kind for each
# layer call it; and what configs without have if some of their layers see all subwords.
_SLIDING = "sliding_attention"
_SIGNS_OF_FULL_LAYERS = ("global_attn_every_n_layers", "max_window_layers")

# What networks call their tables of positions.
_POSITION_TABLES = frozenset({"position_embeddings"})


@dataclass(frozen=True, slots=True)
class Limits:
    """What a network can read.

    Attributes:
        max_subwords: The most subwords at once, without special tokens.
        n_embeddings: The number of subwords that it knows, or None if it hashes them, as CANINE
            does.
        pad_id: The id to pad with.
        shortest: The fewest subwords at once, special tokens and padding included.
        takes_padding: Whether rows stay as they are beside padding.
        reach: How many subwords away from a subword may change its row, at most; None where some
            layer sees all subwords at once.
    """

    max_subwords: int
    n_embeddings: int | None
    pad_id: int
    shortest: int = 1
    takes_padding: bool = True
    reach: int | None = None


def find_limits(network: Network, tokenizer_files: dict[str, bytes], *, n_special: int) -> Limits:
    """Return what a network can read.

    Args:
        network: The network.
        tokenizer_files: The files of its tokenizer, by name.
        n_special: Special tokens around each window.
    """
    pad_id = getattr(network.config, "pad_token_id", None)
    if pad_id is None or pad_id < 0:
        pad_id = 0
    return Limits(
        max_subwords=_find_length(network, tokenizer_files) - n_special,
        n_embeddings=_count_embeddings(network),
        pad_id=int(pad_id),
        reach=_find_reach(network),
    )


def _count_embeddings(network: Network) -> int | None:
    """Return the number of subwords a network knows, or None if it has no table of them."""
    embeddings = _get_embeddings(network)
    if embeddings is None:
        return None
    # Not ``num_embeddings``, which classes of their own lack.
    return len(embeddings.weight)


def _get_embeddings(network: Network) -> nn.Embedding | None:
    """Return a network's table of subwords, or None if it hashes them."""
    try:
        return network.get_input_embeddings()
    except NotImplementedError:
        return None


def _find_length(network: Network, tokenizer_files: dict[str, bytes]) -> int:
    """Return the most subwords the network reads at once, special tokens included."""
    settings = json.loads(tokenizer_files.get("tokenizer_config.json", b"{}"))
    stated = [settings.get("model_max_length")]
    for config in _list_text_configs(network):
        for name in _LENGTH_SETTINGS:
            stated.append(getattr(config, name, None))
    limits = [_MAX_USABLE_LENGTH, *_find_position_limits(network)]
    for limit in stated:
        # null, 0 and -1 stand for no limit, too; some write infinity, which is no integer.
        if limit and limit > 0:
            limits.append(int(min(limit, _MAX_USABLE_LENGTH)))
    return min(limits)


def _list_text_configs(network: Network) -> list[Any]:
    """Return the config of a network and of those parts of it that embed subwords.

    A network that also reads images or sound, or that was cut from a larger one, may state its
    length only there.
    """
    configs = [network.config]
    embeddings = _get_embeddings(network)
    for part in network.modules():
        config = getattr(part, "config", None)
        if config is not None and any(module is embeddings for module in part.modules()):
            configs.append(config)
    return configs


def _find_reach(network: Network) -> int | None:
    """Return how far away from a subword others may change its row; None if there is no limit.

    Each layer reaches one sliding window further::

        layer 2              [----x----]
        layer 1         [----[---------]----]
        subwords   [----[----[---------]----]----]
    """
    for config in _list_text_configs(network):
        if _slides_everywhere(config):
            return _count_reach(config)
    return None


def _slides_everywhere(config: Any) -> bool:  # noqa: ANN401 - each family has a class of its own
    """Tell whether subwords see only their neighbours, in all layers of a network."""
    kinds = getattr(config, "layer_types", None)
    if kinds:
        return all(kind == _SLIDING for kind in kinds)
    return not any(getattr(config, sign, None) is not None for sign in _SIGNS_OF_FULL_LAYERS)


def _count_reach(config: Any) -> int | None:  # noqa: ANN401 - each family has a class of its own
    """Return the reach of all layers together; None where the config names no sliding window."""
    n_layers: int = getattr(config, "num_hidden_layers", 0)
    to_one_side = getattr(config, "sliding_window", None)
    if to_one_side:
        return n_layers * int(to_one_side)
    # Longformer counts both sides, in each layer or in all of them.
    both_sides = getattr(config, "attention_window", None)
    if isinstance(both_sides, int):
        both_sides = [both_sides] * n_layers
    return sum(both_sides) // 2 if both_sides else None


def _find_position_limits(network: Network) -> list[int]:
    """Return how many positions each of a network's tables of them has for subwords.

    Tables of other names are no positions in a text: layout models have ``x_position_embeddings``
    for places on a page.
    """
    limits: list[int] = []
    for name, module in network.named_modules():
        weight = getattr(module, "weight", None)
        if name.rpartition(".")[2] not in _POSITION_TABLES or weight is None:
            continue
        n_positions = len(weight)  # not ``num_embeddings``, which I-BERT's own class lacks
        padding_idx: int | None = getattr(module, "padding_idx", None)
        if padding_idx is not None:
            # RoBERTa and its kin number positions from padding_idx + 1.
            n_positions -= padding_idx + 1
        limits.append(n_positions)
    return limits
