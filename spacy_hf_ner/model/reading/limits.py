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
    """

    max_subwords: int
    n_embeddings: int | None
    pad_id: int
    shortest: int = 1
    takes_padding: bool = True


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
    limits = [_MAX_USABLE_LENGTH, settings.get("model_max_length")]
    for config in _list_text_configs(network):
        limits.extend(getattr(config, name, None) for name in _LENGTH_SETTINGS)
    # null, 0 and -1 stand for no limit, too.
    stated = min(int(min(limit, _MAX_USABLE_LENGTH)) for limit in limits if limit and limit > 0)
    return min([stated, *_find_position_limits(network)])


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
