"""A small random network of any family, with its tokenizer, in a folder as a hub has it."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModel, AutoModelForTokenClassification, AutoTokenizer
from transformers.models.auto.tokenization_auto import TOKENIZER_MAPPING_NAMES

from tests.checkpoints import CONLL_LABELS
from tests.families.recipes import N_POSITIONS, get_recipe
from tests.families.vocabularies import VOCABULARIES

__all__ = ["find_tokenizer_class", "make_family", "make_small_config"]

_GENERIC_TOKENIZER = "PreTrainedTokenizerFast"
_N_LAYERS = 2

# What settings of a config are made, wherever it or a config inside it has them.
_SMALL: dict[str, Any] = {
    **dict.fromkeys(("hidden_size", "d_model", "n_embd", "dim", "emb_dim", "embed_dim"), 32),
    **dict.fromkeys(("embedding_size", "true_hidden_size", "input_embedding_size"), 32),
    **dict.fromkeys(("num_hidden_layers", "n_layer", "n_layers", "num_layers"), _N_LAYERS),
    **dict.fromkeys(("num_decoder_layers", "encoder_layers", "decoder_layers"), _N_LAYERS),
    **dict.fromkeys(("num_attention_heads", "n_head", "n_heads", "num_heads"), 4),
    **dict.fromkeys(("encoder_attention_heads", "decoder_attention_heads"), 4),
    **dict.fromkeys(("num_key_value_heads", "num_kv_heads", "num_key_value_groups"), 2),
    **dict.fromkeys(("intermediate_size", "ffn_dim", "d_ff", "hidden_dim", "n_inner"), 64),
    **dict.fromkeys(("d_inner", "ffn_hidden_size", "shared_expert_intermediate_size"), 64),
    **dict.fromkeys(
        ("max_position_embeddings", "n_positions", "max_seq_len", "n_ctx"), N_POSITIONS
    ),
    **dict.fromkeys(("head_dim", "d_kv", "attention_head_size"), 8),
    **dict.fromkeys(("num_experts", "num_local_experts", "n_routed_experts"), 4),
    **dict.fromkeys(("moe_intermediate_size", "expert_ffn_hidden_size"), 32),
    "sliding_window": 16,
    # Random weights of this size make rows that differ in what is read, not in rounding.
    **dict.fromkeys(("initializer_range", "init_std"), 0.2),
}


def find_tokenizer_class(family: str) -> str:
    """Return the class of the tokenizer that a family is published with, as configs name it."""
    recipe = get_recipe(family)
    if recipe.tokenizer is not None:
        return recipe.tokenizer
    names = TOKENIZER_MAPPING_NAMES.get(family) or _GENERIC_TOKENIZER
    if isinstance(names, str):  # since transformers 5
        return names
    slow, fast = names
    return slow or fast or _GENERIC_TOKENIZER


def make_family(
    family: str,
    folder: Path,
    *,
    encoder_only: bool = False,
    own_labels: bool = False,
    seed: int = 0,
) -> Path:
    """Write a small network of a family with its tokenizer and return its folder.

    Args:
        family: A model type of transformers.
        folder: Where to write it.
        encoder_only: Write what a new head is put on, in place of a token classifier.
        own_labels: Give it the labels that the class of its config has.
        seed: Seed of the weights.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _write_tokenizer(family, folder)
    load_tokenizer: Any = AutoTokenizer.from_pretrained  # untyped in transformers 4
    tokenizer = load_tokenizer(folder)
    labels = AutoConfig.for_model(family).id2label if own_labels else dict(enumerate(CONLL_LABELS))
    config = make_small_config(family, tokenizer, labels)
    if encoder_only:
        config.architectures = []  # of Funnel there are two encoders, and None is none of them
    make: Any = AutoModel if encoder_only else AutoModelForTokenClassification
    torch.manual_seed(seed)
    try:
        network = make.from_config(config).eval()
    except ImportError:  # of a library that nobody can install
        config.save_pretrained(folder)
        save_file({"nothing": torch.zeros(1)}, folder / "model.safetensors", {"format": "pt"})
    else:
        network.save_pretrained(folder)
    return folder


def _write_tokenizer(family: str, folder: Path) -> None:
    recipe = get_recipe(family)
    tokenizer_class = find_tokenizer_class(family)
    write = VOCABULARIES[tokenizer_class.removesuffix("Fast")]
    settings = {**write(folder), **recipe.settings, "tokenizer_class": tokenizer_class}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf8")
    if not recipe.keeps_vocabulary:
        load_tokenizer: Any = AutoTokenizer.from_pretrained
        load_tokenizer(folder).save_pretrained(folder)
        # Version 5 makes RemBERT's special tokens only of what it has saved.
        load_tokenizer(folder).save_pretrained(folder)


def make_small_config(family: str, tokenizer: Any, labels: dict[int, str]) -> Any:
    """Return the config of a small network of a family, with labels by their ids."""
    default = AutoConfig.for_model(family)
    settings = default.to_dict()
    special = {}
    for name in ("pad", "bos", "eos", "cls", "sep"):
        special[f"{name}_token_id"] = getattr(tokenizer, f"{name}_token_id", None)
    _shrink(settings, {**_SMALL, **special, "vocab_size": len(tokenizer)})
    settings |= {name: token_id for name, token_id in special.items() if name in settings}
    if "vocab_size" in settings:
        settings["vocab_size"] = len(tokenizer)
    settings |= get_recipe(family).config
    settings |= {"id2label": labels, "label2id": {label: i for i, label in labels.items()}}
    return type(default).from_dict(settings)


def _shrink(settings: dict[str, Any], small: dict[str, Any]) -> None:
    """Give the settings of a config, and of configs inside it, small values, in place."""
    n_layers = settings.get("num_hidden_layers") or settings.get("num_layers")
    for name, value in settings.items():
        if isinstance(value, dict):
            _shrink(value, small)
        elif isinstance(value, list) and len(value) == n_layers:
            settings[name] = _choose_layers(value)
        elif name in small and value is not None:
            settings[name] = small[name]


def _choose_layers(values: list[Any]) -> list[Any]:
    """Return what a list says of two layers, of different kinds if there are any."""
    kinds = []
    for value in values:
        if value not in kinds:
            kinds.append(value)
    return [*kinds, *values][:_N_LAYERS]
