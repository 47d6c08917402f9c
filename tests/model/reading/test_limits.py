"""What a network can read."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from spacy_hf_ner.model.reading.limits import find_limits


class _Encoder(torch.nn.Module):
    """A network with a config and a table of positions, and nothing else."""

    def __init__(self, n_positions: int, padding_idx: int | None, **config: Any) -> None:
        super().__init__()
        self.config = SimpleNamespace(**config)
        self.position_embeddings = torch.nn.Embedding(n_positions, 2, padding_idx=padding_idx)

    def get_input_embeddings(self) -> torch.nn.Embedding:
        return torch.nn.Embedding(30, 2)


@pytest.mark.parametrize(
    ("n_positions", "padding_idx", "tokenizer_limit", "expected"),
    [
        (512, None, None, 510),
        (514, 1, None, 510),  # RoBERTa's positions start after its padding
        (512, None, 128, 126),
        (512, None, 1e30, 510),  # what tokenizers without a limit say
    ],
)
def test_the_least_limit_holds_and_special_tokens_take_part_of_it(
    n_positions: int, padding_idx: int | None, tokenizer_limit: float | None, expected: int
) -> None:
    network: Any = _Encoder(n_positions, padding_idx)
    settings = json.dumps({"model_max_length": tokenizer_limit}).encode("utf8")
    limits = find_limits(network, {"tokenizer_config.json": settings}, n_special=2)
    assert limits.max_subwords == expected
    assert limits.n_embeddings == 30


@pytest.mark.parametrize(
    ("n_positions", "config", "expected"),
    [
        (514, {"max_position_embeddings": 512}, 510),  # two that Nyströmformer never uses
        (512, {"max_seq_len": 64}, 62),  # as MPT calls it
        (512, {"max_positions": 64}, 62),  # as Mega does
    ],
)
def test_what_the_config_states_holds_where_the_table_is_larger(
    n_positions: int, config: dict[str, int], expected: int
) -> None:
    network: Any = _Encoder(n_positions, None, **config)
    assert find_limits(network, {}, n_special=2).max_subwords == expected


def test_places_on_a_page_are_no_positions() -> None:
    network: Any = _Encoder(512, None)
    network.x_position_embeddings = torch.nn.Embedding(30, 2)
    assert find_limits(network, {}, n_special=2).max_subwords == 510


def test_the_config_of_the_part_that_embeds_subwords_holds_too() -> None:
    network: Any = _Encoder(512, None)
    network.text_model = _Encoder(512, None, max_position_embeddings=40)
    network.text_model.embed_tokens = network.get_input_embeddings()
    network.get_input_embeddings = lambda: network.text_model.embed_tokens
    assert find_limits(network, {}, n_special=2).max_subwords == 38


@pytest.mark.parametrize(
    ("config", "expected"), [({}, 0), ({"pad_token_id": -1}, 0), ({"pad_token_id": 3}, 3)]
)
def test_a_network_without_an_id_to_pad_with_is_padded_with_0(
    config: dict[str, int], expected: int
) -> None:
    network: Any = _Encoder(512, None, **config)
    assert find_limits(network, {}, n_special=2).pad_id == expected


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, None),
        ({"sliding_window": None}, None),
        ({"sliding_window": 128}, 8 * 128),  # to each side, as privacy-filter and Mistral count
        ({"sliding_window": 128, "layer_types": ["sliding_attention"] * 8}, 8 * 128),
        ({"sliding_window": 128, "layer_types": ["sliding_attention", "full_attention"] * 4}, None),
        ({"sliding_window": 128, "max_window_layers": 4}, None),  # as Qwen2 did
        ({"local_attention": 128, "global_attn_every_n_layers": 3}, None),  # ModernBERT
        ({"attention_window": 512}, 8 * 256),  # Longformer counts both sides
        ({"attention_window": [512, 64] * 4}, 4 * 256 + 4 * 32),
    ],
)
def test_layers_that_slide_reach_as_far_as_all_of_them_together(
    config: dict[str, Any], expected: int | None
) -> None:
    network: Any = _Encoder(512, None, num_hidden_layers=8, **config)
    assert find_limits(network, {}, n_special=2).reach == expected
