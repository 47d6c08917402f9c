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
        longest: The longest input that it reads, special tokens included.
    """

    config: dict[str, Any] = field(default_factory=dict)
    tokenizer: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    keeps_vocabulary: bool = False
    in_words: bool = False
    longest: int = N_POSITIONS


_FROM_PADDING = Recipe(longest=N_POSITIONS - 2)  # positions begin behind that of padding
_NO_POSITIONS = Recipe(longest=UNLIMITED)

_RECIPES: dict[str, Recipe] = {
    # Its attention is sparse in texts of more than 28 subwords.
    "big_bird": Recipe(config={"block_size": 4, "num_random_blocks": 1}),
    "longformer": Recipe(config={"attention_window": [8, 8]}, longest=N_POSITIONS - 2),
    "esmc": Recipe(config={"num_key_value_heads": 4}),
    "deberta-v2": Recipe(keeps_vocabulary=True),
    "gpt_neo": Recipe(config={"attention_types": [[["global", "local"], 1]]}),
    "xmod": Recipe(
        config={"languages": ["en_XX", "de_DE"], "default_language": "en_XX"},
        longest=N_POSITIONS - 2,
    ),
    "markuplm": Recipe(tokenizer="MarkupLMTokenizer"),
    "nemotron": Recipe(config={"head_dim": 8, "num_key_value_heads": 2}),
    "esm": Recipe(config={"pad_token_id": 1, "mask_token_id": 28}),
    "roberta": _FROM_PADDING,
    "t5": _NO_POSITIONS,
    "mt5": _NO_POSITIONS,
    "umt5": _NO_POSITIONS,
    "xlnet": Recipe(config={"d_head": 8}, longest=UNLIMITED),
}

SAMPLE = (
    "albert",
    "bert",
    "big_bird",
    "bloom",
    "bros",
    "canine",
    "deberta-v2",
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
