"""What a network can read: how much at once, which subwords, and what it is padded with."""

import json
from dataclasses import dataclass

import torch

from spacy_hf_ner.model.network import Network

_MAX_USABLE_LENGTH = 1_000_000  # tokenizers without a limit say 1e30


@dataclass(frozen=True, slots=True)
class Limits:
    """What a network can read.

    Attributes:
        max_subwords: The most subwords at once, without special tokens.
        n_embeddings: The number of subwords that it knows, or None if it hashes them, as CANINE does.
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
    return Limits(
        max_subwords=_find_length(network, tokenizer_files) - n_special,
        n_embeddings=_count_embeddings(network),
        pad_id=int(pad_id) if pad_id is not None and pad_id >= 0 else 0,
    )


def _count_embeddings(network: Network) -> int | None:
    try:
        return int(network.get_input_embeddings().num_embeddings)
    except NotImplementedError:
        return None


def _find_length(network: Network, tokenizer_files: dict[str, bytes]) -> int:
    """Return the most subwords the network reads at once, special tokens included."""
    limits = [_MAX_USABLE_LENGTH]
    settings = json.loads(tokenizer_files.get("tokenizer_config.json", b"{}"))
    limits.append(
        int(min(settings.get("model_max_length") or _MAX_USABLE_LENGTH, _MAX_USABLE_LENGTH))
    )
    positions = [
        module
        for name, module in network.named_modules()
        if name.endswith("position_embeddings") and isinstance(module, torch.nn.Embedding)
    ]
    if positions:
        # RoBERTa and its kin number positions from padding_idx + 1.
        limits += [
            p.num_embeddings - (0 if p.padding_idx is None else p.padding_idx + 1)
            for p in positions
        ]
    else:
        limits.append(
            getattr(network.config, "max_position_embeddings", None) or _MAX_USABLE_LENGTH
        )
    return min(limit for limit in limits if limit > 0)
