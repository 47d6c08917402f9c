"""What a user says of a server."""

from typing import Any

import pytest

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.serving.serve_settings import Limits, ServeSettings, read_model_names


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"port": 65_536}, "port must be between 0 and 65535"),
        ({"port": -1}, "port must be between"),
        ({"workers": 0}, "workers must be above 0"),
        ({"batch_subwords": 0}, "batch_subwords must be above 0"),
        ({"batch_wait": -1.0}, "batch_wait must not be below 0"),
        ({"grace": -1}, "grace must not be below 0"),
    ],
)
def test_a_value_out_of_its_range_is_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as error:
        ServeSettings(models={"a": "a"}, **settings)
    assert error.value.settings == tuple(settings)


@pytest.mark.parametrize("name", ["max_body", "max_texts", "max_characters", "max_queue"])
def test_limits_are_above_zero(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} must be above 0, got 0"):
        Limits(**{name: 0})


def test_the_token_is_not_shown() -> None:
    settings = ServeSettings(models={"a": "a"}, token="sesame")  # noqa: S106
    assert "sesame" not in repr(settings)


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        (["en_news"], {"en_news": "en_news"}),
        (["a/model-best/"], {"model-best": "a/model-best/"}),
        (["x=a/model-best", "y=b/model-best"], {"x": "a/model-best", "y": "b/model-best"}),
        (["./seed=1/model"], {"model": "./seed=1/model"}),
    ],
)
def test_models_have_names(models: list[str], expected: dict[str, str]) -> None:
    assert read_model_names(models) == expected


def test_two_models_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigError, match="NAME=b/model-best"):
        read_model_names(["a/model-best", "b/model-best"])
