"""What a network can read: how much at once, which subwords, and what it is padded with."""

import json
from dataclasses import dataclass

import torch

from spacy_hf_ner.model.network import Network

__all__ = ["Limits", "find_limits"]

_MAX_USABLE_LENGTH = 1_000_000  # tokenizers without a limit say 1e30


@dataclass(frozen=True, slots=True)
class Limits:
    """What a network can read.

    Attributes:
        max_subwords: The most subwords at once, without special tokens.
        n_embeddings: The number of subwords that it knows, or None if it hashes them, as CANINE
            does.
        pad_id: The id to pad with.
    """

    max_subwords: int
    n_embeddings: int | None
    pad_id: int


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
    try:
        return int(network.get_input_embeddings().num_embeddings)
    except NotImplementedError:
        return None


def _find_length(network: Network, tokenizer_files: dict[str, bytes]) -> int:
    """Return the most subwords the network reads at once, special tokens included."""
    settings = json.loads(tokenizer_files.get("tokenizer_config.json", b"{}"))
    # Not as a default of ``get``: null and 0 stand for no limit, too.
    tokenizer_limit = settings.get("model_max_length") or _MAX_USABLE_LENGTH
    limits = [_MAX_USABLE_LENGTH, int(min(tokenizer_limit, _MAX_USABLE_LENGTH))]
    position_limits = _find_position_limits(network)
    if position_limits:
        limits.extend(position_limits)
    else:
        config_limit = getattr(network.config, "max_position_embeddings", None)
        limits.append(config_limit or _MAX_USABLE_LENGTH)
    return min(limit for limit in limits if limit > 0)


def _find_position_limits(network: Network) -> list[int]:
    """Return how many positions each of a network's tables of them has for subwords."""
    limits: list[int] = []
    for name, module in network.named_modules():
        if not name.endswith("position_embeddings") or not isinstance(module, torch.nn.Embedding):
            continue
        n_positions = module.num_embeddings
        if module.padding_idx is not None:
            # RoBERTa and its kin number positions from padding_idx + 1.
            n_positions -= module.padding_idx + 1
        limits.append(n_positions)
    return limits
