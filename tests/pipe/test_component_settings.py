"""Settings of components: their ranges, their defaults, and what a config may say of them."""

import inspect
import re
from typing import Any

import numpy as np
import pytest
import spacy
from thinc.config import ConfigValidationError

from spacy_hf_ner.core.schemes import SCHEMES
from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.pipe.component_settings import (
    ClassifierSettings,
    HFNerSettings,
    Threshold,
    check_setting,
    check_threshold,
    default_settings,
)
from spacy_hf_ner.pipe.factory import make_hf_ner


def test_the_factory_takes_each_setting_of_the_component() -> None:
    arguments = set(inspect.signature(make_hf_ner).parameters)
    assert arguments == {"nlp", "name", "model", "scorer", *default_settings(HFNerSettings)}


def test_the_defaults_of_a_component_include_those_of_its_base() -> None:
    defaults = default_settings(HFNerSettings)
    assert default_settings(ClassifierSettings).items() <= defaults.items()
    assert (defaults["annotate"], defaults["threshold"]) == ("ents", None)


def test_settings_are_compared_as_objects_because_components_are() -> None:
    settings = HFNerSettings()
    assert settings == settings  # noqa: PLR0124 - that is what is tested
    assert settings != HFNerSettings()
    assert len({settings, HFNerSettings()}) == 2


@pytest.mark.parametrize("label_smoothing", [-0.1, 1.0])
def test_label_smoothing_out_of_range_is_refused(label_smoothing: float) -> None:
    message = f"label_smoothing must be in [0, 1), got {label_smoothing}"
    with pytest.raises(ConfigError, match=re.escape(message)) as caught:
        ClassifierSettings(label_smoothing=label_smoothing)
    assert caught.value.settings == ("label_smoothing",)


@pytest.mark.parametrize("threshold", [None, 0.0, 1.0, {}, {"PER": 0.0, "LOC": 1.0}])
def test_a_threshold_in_range_is_taken(threshold: Threshold) -> None:
    assert HFNerSettings(threshold=threshold).threshold == threshold
    check_threshold(threshold, ["PER", "LOC", "ORG"])


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan"), {"PER": 0.5, "LOC": 2.0}])
def test_a_threshold_out_of_range_is_refused(threshold: Threshold) -> None:
    with pytest.raises(ConfigError, match=r"threshold must be in \[0, 1\]") as caught:
        HFNerSettings(threshold=threshold)
    assert caught.value.settings == ("threshold",)


def test_a_threshold_for_a_type_that_the_model_lacks_is_refused_where_types_are_known() -> None:
    check_threshold({"EVENT": 0.5})
    with pytest.raises(ConfigError, match=r"must name entity types of PER, LOC, got .*EVENT"):
        check_threshold({"EVENT": 0.5}, ["PER", "LOC"])


@pytest.mark.parametrize("scheme", ["auto", *SCHEMES])
def test_each_scheme_of_the_table_may_stand_in_a_config(scheme: str) -> None:
    config = {"scheme": scheme, "model": {"name": "no/such-model"}}
    component = spacy.blank("en").add_pipe("hf_ner", config=config)
    assert getattr(component, "scheme") == scheme  # noqa: B009 - spaCy gives no type


@pytest.mark.parametrize("setting", ["scheme", "annotate", "decoder"])
def test_spacy_refuses_a_choice_that_does_not_exist(setting: str) -> None:
    with pytest.raises(ConfigValidationError, match=f"hf_ner -> {setting}"):
        spacy.blank("en").add_pipe("hf_ner", config={setting: "other"})


# a setting, what it was given, what the error says of it
WRONG = [
    ("threshold", "0.5", "got '0.5'. In quotes it is text, which compares with no number: set"),
    ("threshold", [0.5], "must be in [0, 1], or a table of such values per entity type"),
    ("threshold", True, "must be in [0, 1], or a table of such values per entity type"),
    ("threshold", {"PER": "0.5"}, "must be in [0, 1], or a table of such values per entity type"),
    ("label_smoothing", "0.1", "must be in [0, 1), got '0.1'. In quotes it is text"),
    ("label_smoothing", None, "must be in [0, 1), got None"),
    ("class_weights", {"PER": 0}, 'must be None, "balanced", or a table with a positive number'),
    ("class_weights", "even", 'must be None, "balanced", or a table with a positive number'),
    ("scheme", "IOB3", 'must be "auto", "IO"'),
    ("scheme", None, 'must be "auto", "IO"'),
    ("annotate", "entities", 'must be "ents" or "spans", got'),
    ("decoder", 1, 'must be "viterbi" or "greedy", got 1'),
    ("overwrite", "all", 'must be true, false or "overlapping", got'),
    ("overwrite", 1, 'must be true, false or "overlapping", got 1'),
    ("calibrated", "yes", "must be true or false, got 'yes'"),
    ("keep_checkpoint_labels", 0, "must be true or false, got 0"),
    ("spans_key", "", "must be the key of a span group, or None, got ''"),
    ("incorrect_spans_key", 3, "must be the key of a span group, or None, got 3"),
]


@pytest.mark.parametrize(("name", "value", "message"), WRONG)
def test_a_wrong_type_is_refused_when_a_setting_is_given_and_when_it_is_set(
    name: str, value: Any, message: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)) as caught:
        HFNerSettings(**{name: value})
    assert caught.value.settings == (name,)
    settings = HFNerSettings()
    with pytest.raises(ConfigError, match=re.escape(message)):
        setattr(settings, name, value)
    assert settings.read_settings() == default_settings(HFNerSettings)


def test_each_setting_is_checked() -> None:
    for name in HFNerSettings.list_settings():
        with pytest.raises(ConfigError, match=f"^{name} must be "):
            check_setting(name, object())


def test_numbers_of_numpy_are_numbers() -> None:
    numbers: dict[str, Any] = {"threshold": np.float64(0.5), "label_smoothing": np.float32(0.25)}
    assert HFNerSettings(**numbers).read_settings().items() >= numbers.items()


def test_an_attribute_that_nobody_reads_is_refused_with_what_may_be_meant() -> None:
    settings: Any = HFNerSettings()
    with pytest.raises(ConfigError, match=r"no setting 'treshold'.* Did you mean threshold\?"):
        settings.treshold = 0.9
    with pytest.raises(ConfigError, match=r"no setting 'colour'.* The settings are class_"):
        settings.colour = "red"
