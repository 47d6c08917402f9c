"""What is special of a family: the one table that names families.

A family that is not named here is made small as :mod:`tests.families.networks` makes all, and gets
the tokenizer that transformers has for it.
"""

from dataclasses import dataclass, field
from typing import Any

__all__ = ["N_POSITIONS", "SAMPLE", "UNLIMITED", "Recipe", "get_recipe"]

N_POSITIONS = 130
"""Positions of a network that counts them; what it is shrunk to."""

UNLIMITED = 1_000_000
"""The longest input of a network that takes any."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a small network of a family is made, and what is expected of it.

    Attributes:
        config: Settings of its config that differ from what all are shrunk to.
        tokenizer: The class of its tokenizer, where transformers names none.
        settings: What tokenizer_config.json says besides.
        keeps_vocabulary: Whether it is published without tokenizer.json.
        in_words: Whether its own tokenizer takes words, with boxes or paths, instead of a text.
        own_settings: What its own tokenizer is called with.
        longest: The longest input that it reads, special tokens included.
        lowest_layer: The module that is its lowest layer, where the hidden states do not tell.
    """

    config: dict[str, Any] = field(default_factory=dict)
    tokenizer: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    keeps_vocabulary: bool = False
    in_words: bool = False
    own_settings: dict[str, Any] = field(default_factory=dict)
    longest: int = N_POSITIONS
    lowest_layer: str | None = None


_FROM_PADDING = Recipe(longest=N_POSITIONS - 2)  # positions begin behind that of padding
_NO_POSITIONS = Recipe(longest=UNLIMITED)
_LATENT_ATTENTION: dict[str, Any] = {
    "kv_lora_rank": 16,
    "q_lora_rank": 16,
    "qk_rope_head_dim": 8,
    "qk_nope_head_dim": 8,
    "qk_head_dim": 16,
    "v_head_dim": 8,
    "num_key_value_heads": 4,
    "n_group": 2,
    "topk_group": 1,
    "num_experts_per_tok": 2,
}

_RECIPES: dict[str, Recipe] = {
    "axk1": Recipe(config=_LATENT_ATTENTION),
    "axk2": Recipe(config=_LATENT_ATTENTION),
    # Its attention is sparse in texts of more than 28 subwords.
    "big_bird": Recipe(
        config={"block_size": 4, "num_random_blocks": 1, "max_position_embeddings": 128},
        longest=128,
    ),
    "bloom": _NO_POSITIONS,
    "camembert": _FROM_PADDING,
    "canine": Recipe(config={"num_hash_buckets": 256}, lowest_layer="canine.encoder.layer.0"),
    "data2vec-text": _FROM_PADDING,
    "deberta-v2": Recipe(keeps_vocabulary=True),
    "deepseek_v3": Recipe(config=_LATENT_ATTENTION),
    "ernie_m": _FROM_PADDING,
    "esm": Recipe(config={"pad_token_id": 1, "mask_token_id": 28}, longest=N_POSITIONS - 2),
    "esmc": Recipe(config={"num_key_value_heads": 4}),
    "funnel": Recipe(
        config={"block_sizes": [2, 2], "block_repeats": [1, 1], "num_decoder_layers": 1},
        longest=UNLIMITED,
    ),
    "gpt_neo": Recipe(config={"attention_types": [[["global", "local"], 1]]}),
    "ibert": _FROM_PADDING,
    "layoutlmv3": Recipe(
        in_words=True,
        config={"coordinate_size": 4, "shape_size": 8, "max_2d_position_embeddings": 64},
        longest=N_POSITIONS - 2,
    ),
    "lilt": Recipe(
        in_words=True,
        config={"hidden_size": 48},
        longest=N_POSITIONS - 2,
        lowest_layer="lilt.encoder.layer.0",
    ),
    "longformer": Recipe(config={"attention_window": [8, 8]}, longest=N_POSITIONS - 2),
    "luke": Recipe(config={"entity_vocab_size": 4, "entity_emb_size": 16}, longest=N_POSITIONS - 2),
    "markuplm": Recipe(
        tokenizer="MarkupLMTokenizer",
        in_words=True,
        config={"xpath_unit_hidden_size": 4, "max_depth": 4},
        longest=N_POSITIONS - 2,
    ),
    "mega": Recipe(config={"max_positions": N_POSITIONS}),
    "ministral": Recipe(config={"head_dim": 8}),
    "mistral4": Recipe(config={**_LATENT_ATTENTION, "head_dim": 16}),
    "mobilebert": Recipe(config={"intra_bottleneck_size": 32}),
    "mpnet": _FROM_PADDING,
    "mt5": _NO_POSITIONS,
    "nemotron": Recipe(config={"head_dim": 8, "num_key_value_heads": 2}),
    "qwen3_5": Recipe(tokenizer="Qwen2Tokenizer"),
    "qwen3_moe": Recipe(config={"num_experts_per_tok": 2}),
    "qwen3_next": Recipe(config={"num_experts_per_tok": 2}),
    "roberta": _FROM_PADDING,
    "roberta-prelayernorm": _FROM_PADDING,
    "t5": _NO_POSITIONS,
    "t5gemma": Recipe(lowest_layer="model.encoder.layers.0"),
    "t5gemma2": Recipe(
        tokenizer="GemmaTokenizer", lowest_layer="model.encoder.text_model.layers.0"
    ),
    "umt5": _NO_POSITIONS,
    "xlm-roberta": _FROM_PADDING,
    "xlm-roberta-xl": Recipe(tokenizer="XLMRobertaTokenizer", longest=N_POSITIONS - 2),
    "xlnet": Recipe(
        config={"d_head": 8},
        # tokenizer.json has types, which its class no longer gives unasked since version 5.
        own_settings={"return_token_type_ids": True},
        longest=UNLIMITED,
    ),
    "xmod": Recipe(
        config={"languages": ["en_XX", "de_DE"], "default_language": "en_XX"},
        longest=N_POSITIONS - 2,
    ),
}

SAMPLE = (
    "albert",
    "bert",
    "big_bird",
    "bloom",
    "bros",
    "deberta-v2",
    "fnet",
    "funnel",
    "gpt2",
    "llama",
    "luke",
    "roberta",
    "t5",
    "xlm-roberta",
    "xlnet",
)
"""Families of different kinds, for those who cannot wait for all."""


def get_recipe(family: str) -> Recipe:
    """Return the recipe of a family."""
    return _RECIPES.get(family, Recipe())
