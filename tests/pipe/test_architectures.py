import re
from typing import Any

import pytest
import spacy
from spacy.pipeline.ner import ner_score
from spacy.tokens import Span
from spacy.training import Example
from thinc.api import Linear

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.model.head_classifier import HeadTokenClassifier
from spacy_hf_ner.model.hf_classifier import HFTokenClassifier
from spacy_hf_ner.pipe.architectures import (
    DEFAULT_NAME,
    DEFAULT_REVISION,
    get_token_classifier,
    make_hf_token_classifier_v1,
    make_token_classifier_v1,
)
from spacy_hf_ner.pipe.scoring import choose_scorer, score_span_group


def test_a_model_is_made_without_loading_anything() -> None:
    classifier = get_token_classifier(make_hf_token_classifier_v1("no/such-model"))
    assert isinstance(classifier, HFTokenClassifier)
    assert classifier.shim.checkpoint is None


def test_labels_that_are_one_text_are_refused() -> None:
    labels: Any = "O,B-PER,I-PER"
    with pytest.raises(ConfigError, match=r"labels must be a list .* got 'O,B-PER,I-PER'"):
        make_hf_token_classifier_v1("no/such-model", labels=labels)


@pytest.mark.parametrize(
    ("settings", "revision"),
    [
        ({}, DEFAULT_REVISION),
        ({"revision": "v1"}, "v1"),
        ({"name": "a/b"}, None),
        ({"name": DEFAULT_NAME}, DEFAULT_REVISION),
    ],
)
def test_only_the_default_checkpoint_is_pinned(
    settings: dict[str, str], revision: str | None
) -> None:
    classifier: Any = get_token_classifier(make_hf_token_classifier_v1(**settings))  # type: ignore[arg-type]
    assert classifier.shim.settings.revision == revision


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("head_learn_rate", 0.0),
        ("frozen_layers", -2),
        ("dropout", 1.0),
        ("dropout", -0.1),
        ("window", 0),
        ("window", "64"),
        ("overlap", -1),
        ("overlap", 1.5),
    ],
)
def test_a_number_of_the_wrong_kind_or_out_of_range_is_refused(setting: str, value: object) -> None:
    with pytest.raises(
        ConfigError, match=f"{setting} must be an? .*, got {re.escape(repr(value))}"
    ):
        make_hf_token_classifier_v1("a/b", **{setting: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("setting", "choices"),
    [
        ("aggregation", 'null, "first", "last", "mean" or "max"'),
        ("subword_labels", 'null, "first", "last", "all" or "all_inside"'),
        ("label_unit", '"auto", "token", "subword" or "part"'),
        ("context", '"document" or "sentence"'),
        ("backend", '"torch" or "onnx"'),
        ("mixed_precision", '"auto", "none", "bf16" or "fp16"'),
        ("attention", '"auto", "sdpa" or "eager"'),
    ],
)
def test_a_wrong_choice_in_a_config_is_refused_with_all_choices_of_its_table(
    setting: str, choices: str
) -> None:
    config = {"model": {setting: "other"}}
    with pytest.raises(ConfigError, match=f"{setting} must be {choices}, got 'other'"):
        spacy.blank("en").add_pipe("hf_ner", config=config)


def test_a_head_is_put_on_any_layer() -> None:
    assert isinstance(get_token_classifier(make_token_classifier_v1(Linear())), HeadTokenClassifier)


def test_a_head_on_any_layer_labels_tokens_and_nothing_smaller() -> None:
    for label_unit in ("auto", "token"):
        assert make_token_classifier_v1(Linear(), label_unit=label_unit)
    with pytest.raises(ConfigError, match=r"one vector per token.*HFTokenClassifier") as refused:
        make_token_classifier_v1(Linear(), label_unit="subword")
    assert refused.value.settings == ("label_unit",)


def test_another_model_is_refused() -> None:
    with pytest.raises(ConfigError, match="cannot use the model 'linear'"):
        get_token_classifier(Linear())


def test_a_span_group_is_scored_like_spancats_with_gold_from_the_group_or_the_entities() -> None:
    nlp = spacy.blank("en")
    predicted, reference = nlp.make_doc("Angela met Tim"), nlp.make_doc("Angela met Tim")
    predicted.spans["hf_ner"] = [
        Span(predicted, 0, 1, label="PER"),
        Span(predicted, 1, 2, label="PER"),
    ]
    reference.ents = [Span(reference, 0, 1, label="PER"), Span(reference, 2, 3, label="PER")]
    scorer = choose_scorer(ner_score, annotate="spans", spans_key="hf_ner")
    assert scorer is not None
    scores = scorer([Example(predicted, reference)])
    assert (scores["spans_hf_ner_p"], scores["spans_hf_ner_r"]) == (0.5, 0.5)
    reference.spans["hf_ner"] = [Span(reference, 0, 1, label="PER")]
    assert score_span_group([Example(predicted, reference)], key="hf_ner")["spans_hf_ner_r"] == 1.0


def test_a_scorer_that_was_chosen_is_kept() -> None:
    assert choose_scorer(ner_score, annotate="ents", spans_key="x") is ner_score
    assert choose_scorer(score_span_group, annotate="spans", spans_key="x") is score_span_group
    assert choose_scorer(None, annotate="spans", spans_key="x") is None
