"""What a config may say about a model, and what follows from it for a checkpoint."""

import re
from dataclasses import replace
from typing import Any

import pytest

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.model.checkpoint import Checkpoint
from spacy_hf_ner.model.settings import DEFAULT_WINDOW, LONGEST_DEFAULT_WINDOW, Settings


@pytest.mark.parametrize(
    ("setting", "value", "expected"),
    [
        ("aggregation", "sum", 'aggregation must be null, "first", "last", "mean" or "max"'),
        (
            "subword_labels",
            "none",
            'subword_labels must be null, "first", "last", "all" or "all_inside"',
        ),
        ("label_unit", "word", 'label_unit must be "auto", "token" or "subword"'),
        ("context", "word", 'context must be "document" or "sentence"'),
        ("mixed_precision", "fp32", 'mixed_precision must be "auto", "none", "bf16" or "fp16"'),
        ("attention", "flash", 'attention must be "auto", "sdpa" or "eager"'),
        ("attention", ["sdpa"], 'attention must be "auto", "sdpa" or "eager"'),
        ("aggregation", {}, 'aggregation must be null, "first", "last", "mean" or "max"'),
        ("mark_case", "yes", "mark_case must be true or false"),
        ("allow_pickle", 1, "allow_pickle must be true or false"),
        ("dropout", "0.1", r"dropout must be a number in \[0, 1\), or null"),
        ("window", "128", "window must be an integer of 2 or more, or null"),
        ("window", 1, "window must be an integer of 2 or more, or null"),
        ("overlap", -1, "overlap must be an integer of 0 or more, or null"),
        ("dropout", 1.0, r"dropout must be a number in \[0, 1\), or null"),
        ("head_learn_rate", 0.0, "head_learn_rate must be a number greater than 0"),
        ("layer_decay", 1.1, r"layer_decay must be a number in \(0, 1\]"),
        ("unfreeze_every", -1, "unfreeze_every must be an integer of 0 or more"),
        ("frozen_layers", -2, "frozen_layers must be an integer of -1 or more"),
    ],
)
def test_a_value_out_of_range_is_refused_by_the_name_of_its_setting(
    setting: str, value: Any, expected: str
) -> None:
    with pytest.raises(ConfigError, match=f"{expected}, got {re.escape(repr(value))}") as refused:
        Settings("x", **{setting: value})
    assert refused.value.settings == (setting,)


@pytest.mark.parametrize("backend", ["torch", "onnx"])
def test_each_engine_has_its_own_precisions(backend: str) -> None:
    assert Settings("x", backend=backend, precision="fp32").precision == "fp32"
    with pytest.raises(ConfigError, match=f"with backend = \"{backend}\", got 'int4'"):
        Settings("x", backend=backend, precision="int4")


def test_the_config_decides_on_the_window_before_the_checkpoint(bert: Checkpoint) -> None:
    assert Settings("x").choose_reading(bert).window == DEFAULT_WINDOW
    bert.window = 64
    reading = Settings("x").choose_reading(bert)
    assert (reading.window, reading.overlap) == (64, 16)
    reading = Settings("x", window=32, overlap=0).choose_reading(bert)
    assert (reading.window, reading.overlap) == (32, 0)


def test_labels_run_over_what_the_config_or_else_the_checkpoint_says(bert: Checkpoint) -> None:
    assert Settings("x").choose_label_unit(bert) == "token"
    bert.label_unit = "subword"
    assert Settings("x").choose_label_unit(bert) == "subword"
    assert Settings("x", label_unit="token").choose_label_unit(bert) == "token"


@pytest.mark.parametrize(
    ("reach", "max_subwords", "expected"),
    [
        (None, 4096, DEFAULT_WINDOW),
        (None, 64, 64),
        (32, 4096, DEFAULT_WINDOW),
        (768, 4096, 768),
        (768, 510, 510),
        (100_000, 131_072, LONGEST_DEFAULT_WINDOW),
    ],
)
def test_the_default_window_is_as_long_as_layers_reach_within_limits(
    reach: int | None, max_subwords: int, expected: int, bert: Checkpoint
) -> None:
    bert.limits = replace(bert.limits, reach=reach, max_subwords=max_subwords)
    assert Settings("x").choose_reading(bert).window == expected
