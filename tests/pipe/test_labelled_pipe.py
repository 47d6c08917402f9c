"""Labels of a component over a token classifier."""

from typing import Any

import pytest
from spacy.language import Language

from spacy_hf_ner.errors import CheckpointError
from tests.pipe.token_types import TokenTypes, predict_rows


def test_labels_are_those_added_until_the_model_has_tags(nlp: Language) -> None:
    component = TokenTypes(nlp)
    assert component.label_data == []
    assert [component.add_label(label) for label in ("PER", "LOC", "PER")] == [1, 1, 0]
    assert component.labels == ("PER", "LOC")
    assert component.label_data == ["PER", "LOC"]
    assert "LOC" in nlp.vocab.strings


def test_a_label_is_added_to_a_model_that_has_tags_and_undoes_calibration(
    nlp: Language, component: TokenTypes
) -> None:
    known = predict_rows(component, nlp)
    component.cfg["calibration"] = {"temperature": 2.0}
    assert [component.add_label(label) for label in ("ORG", "ORG", "PER")] == [1, 0, 0]
    assert set(component.labels) == {"PER", "LOC", "ORG"}
    assert component.cfg["calibration"] is None
    assert predict_rows(component, nlp).shape == (len(known), 7)


def test_labels_that_were_added_early_wait_for_the_model(
    nlp: Language, component: TokenTypes
) -> None:
    early = TokenTypes(nlp)
    early.add_label("ORG")
    with_tags = early.with_model(component.model)
    assert set(with_tags.prepare().entity_types) == {"PER", "LOC", "ORG"}
    assert early.labels == ("ORG",)


def test_what_a_component_with_another_model_learns_is_not_written_to_the_first(
    component: TokenTypes,
) -> None:
    component.cfg["calibration"] = "of the first"
    other = component.with_model(component.model)
    other.cfg["calibration"] = None
    assert component.cfg["calibration"] == "of the first"


@pytest.mark.parametrize("label", [1, None, b"PER"])
def test_a_label_that_is_no_string_is_refused_as_spacy_does(nlp: Language, label: Any) -> None:
    with pytest.raises(ValueError, match="E187"):
        TokenTypes(nlp).add_label(label)


def test_a_label_is_checked_by_the_component(nlp: Language) -> None:
    with pytest.raises(ValueError, match="type"):
        TokenTypes(nlp).add_label("")


def test_a_model_without_a_head_cannot_predict(nlp: Language) -> None:
    with pytest.raises(CheckpointError, match="types: the model is a plain encoder") as caught:
        TokenTypes(nlp).prepare()
    assert caught.value.settings == ("name",)
