"""Weights of tags in the loss."""

from typing import Any

import pytest
import spacy
from spacy.training import Example

from spacy_hf_ner.core.labels import make_tag_set, read_labels
from spacy_hf_ner.core.schemes import SCHEMES
from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.pipe.class_weights import find_class_weights, resolve_class_weights

TAGS = make_tag_set(["LOC", "PER"], SCHEMES["IOB2"])
NLP = spacy.blank("en")


def _example(text: str, entities: Any) -> Example:
    return Example.from_dict(NLP.make_doc(text), {"entities": entities})


def test_balanced_weights_are_inverse_to_frequency_with_a_mean_of_one() -> None:
    examples = [_example("Tim met him there", [(0, 3, "PER")])]
    weights = resolve_class_weights("balanced", TAGS, lambda: examples)
    assert weights is not None
    outside, person = weights[TAGS.labels.index("O")], weights[TAGS.labels.index("B-PER")]
    assert person / outside == pytest.approx(3.0)
    assert (person + outside) / 2 == pytest.approx(1.0)
    assert weights[TAGS.labels.index("I-LOC")] == 1.0


def test_a_table_of_weights_applies_to_all_tags_of_a_type() -> None:
    weights = resolve_class_weights({"PER": 2.0, "O": 0.5}, TAGS, list)
    assert weights == [
        {"O": 0.5, "B-PER": 2.0, "I-PER": 2.0}.get(label, 1.0) for label in TAGS.labels
    ]
    assert resolve_class_weights(None, TAGS, list) is None
    for wrong in ({"ORG": 1.0}, {"PER": 0.0}):
        with pytest.raises(ConfigError, match="class_weights"):
            resolve_class_weights(wrong, TAGS, list)


def test_a_weight_that_a_type_named_o_may_mean_is_refused() -> None:
    tags = read_labels(["O", "B-O", "I-O", "B-PER", "I-PER"])
    assert tags.entity_types == ("O", "PER")
    with pytest.raises(ConfigError, match=r'of what "O" is the weight, .* leave "O" out'):
        resolve_class_weights({"O": 2.0}, tags, list)
    assert resolve_class_weights({"PER": 2.0}, tags, list) == [1.0, 1.0, 1.0, 2.0, 2.0]


def test_class_weights_are_those_of_the_setting_now_for_all_tags_there_are_now() -> None:
    resolved = [0.5, 2.0, 2.0]
    assert find_class_weights(None, TAGS, resolved=resolved) is None
    assert _weigh({"PER": 3.0}, resolved=None) == [1.0, 1.0, 1.0, 3.0, 3.0]
    assert _weigh({"PER": 3.0}, resolved=resolved) == [1.0, 1.0, 1.0, 3.0, 3.0]
    assert _weigh("balanced", resolved=resolved) == [*resolved, 1.0, 1.0]
    with pytest.raises(ConfigError, match=r"initialize.*table"):
        _weigh("balanced", resolved=None)


def _weigh(class_weights: Any, *, resolved: list[float] | None) -> list[float]:
    weights = find_class_weights(class_weights, TAGS, resolved=resolved)
    assert weights is not None
    return [float(weight) for weight in weights]
