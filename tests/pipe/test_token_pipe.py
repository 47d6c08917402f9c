"""What each component over a token classifier does, in a small component that tags tokens."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import registry
from thinc.api import Adam

from spacy_hf_ner.core.labels import TagSet, add_entity_type, check_entity_types, make_tag_set
from spacy_hf_ner.core.schemes import SCHEMES
from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.pipe.architectures import make_token_classifier_v1
from spacy_hf_ner.pipe.component_settings import ClassifierSettings
from spacy_hf_ner.pipe.targets import TokenTargets, read_targets
from spacy_hf_ner.pipe.token_pipe import TokenClassifierPipe

TEXTS = ["Angela met Tim", "Kofi flew to Kumasi", "nobody stayed"]


class TokenTypes(TokenClassifierPipe):
    """Finds the entity type of each token, and sets it in ``doc.user_data``."""

    def __init__(self, nlp: Language, **settings: Any) -> None:
        make_tok2vec = registry.architectures.get("spacy.HashEmbedCNN.v2")
        tok2vec = make_tok2vec(
            width=8,
            depth=1,
            embed_size=50,
            window_size=1,
            maxout_pieces=2,
            subword_features=False,
            pretrained_vectors=None,
        )
        super().__init__(nlp.vocab, make_token_classifier_v1(tok2vec), "types")
        ClassifierSettings.__init__(self, **settings)

    def predict(self, docs: Iterable[Doc]) -> list[list[str]]:
        docs = list(docs)
        if any("broken" in doc.text for doc in docs):
            raise RuntimeError("a broken text")
        tags = self.prepare().tags
        return [
            [tags[column].entity_type for column in doc_rows.rows.argmax(axis=1)]
            for doc_rows in self.classifier.predict(docs)
        ]

    def set_annotations(self, docs: Iterable[Doc], predictions: Sequence[list[str]]) -> None:
        for doc, types in zip(docs, predictions, strict=True):
            doc.user_data["types"] = types

    def read_targets(self, example: Example, tag_set: TagSet) -> TokenTargets:
        return read_targets(example, tag_set)

    def check_label(self, label: str) -> None:
        check_entity_types([label])

    def get_labels(self, tag_set: TagSet) -> tuple[str, ...]:
        return tag_set.entity_types

    def extend_tags(self, tag_set: TagSet, label: str) -> TagSet:
        return add_entity_type(tag_set, label)


@pytest.fixture
def nlp() -> Language:
    return spacy.blank("en")


@pytest.fixture
def component(nlp: Language) -> TokenTypes:
    """Return a component that knows PER and LOC, with random weights."""
    component = TokenTypes(nlp)
    component.classifier.set_tags(make_tag_set(["PER", "LOC"], SCHEMES["IOB2"]), scheme="IOB2")
    component.classifier.initialize([nlp.make_doc(text) for text in TEXTS])
    return component


def make_example(nlp: Language, *, annotated: bool = True) -> Example:
    gold = nlp.make_doc(TEXTS[0])
    if annotated:
        gold.ents = [Span(gold, 0, 1, "PER"), Span(gold, 2, 3, "PER")]
    return Example(nlp.make_doc(TEXTS[0]), gold)


def predict_rows(component: TokenTypes, nlp: Language) -> Any:
    predicted = component.classifier.predict([nlp.make_doc(text) for text in TEXTS])
    return np.concatenate([doc_rows.rows for doc_rows in predicted])


def test_a_component_must_say_what_its_labels_are_and_what_it_sets(
    nlp: Language, component: TokenTypes
) -> None:
    pipe: Any = TokenClassifierPipe
    with pytest.raises(TypeError, match="abstract"):
        pipe(nlp.vocab, component.model, "x")


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


def test_docs_are_annotated_in_order(nlp: Language, component: TokenTypes) -> None:
    docs = list(component.pipe((nlp.make_doc(text) for text in TEXTS), batch_size=2))
    assert [doc.text for doc in docs] == TEXTS
    assert all(len(doc.user_data["types"]) == len(doc) for doc in docs)
    alone = component(nlp.make_doc(TEXTS[1]))
    assert alone.user_data["types"] == docs[1].user_data["types"]


def test_only_a_doc_that_fails_by_itself_goes_to_the_error_handler(
    nlp: Language, component: TokenTypes
) -> None:
    failed: list[tuple[str, str, str]] = []

    def note(name: str, _pipe: object, docs: list[Doc], error: Exception) -> None:
        failed.extend((name, doc.text, str(error)) for doc in docs)

    component.set_error_handler(note)
    docs = component.pipe(nlp.make_doc(text) for text in (TEXTS[0], "a broken one", TEXTS[2]))
    assert [doc.text for doc in docs] == [TEXTS[0], TEXTS[2]]
    assert failed == [("types", "a broken one", "a broken text")]
    assert component(nlp.make_doc("broken")).user_data == {}


def test_an_update_adds_its_loss_steps_the_weights_and_undoes_calibration(
    nlp: Language, component: TokenTypes
) -> None:
    before = predict_rows(component, nlp)
    component.cfg["calibration"] = {"temperature": 2.0}
    losses = {"types": 1.0, "other": 3.0}
    returned = component.update([make_example(nlp)], sgd=Adam(0.1), losses=losses)
    assert returned is losses
    assert losses["types"] > 1.0
    assert losses["other"] == 3.0
    assert not np.array_equal(predict_rows(component, nlp), before)
    assert component.cfg["calibration"] is None


def test_gradients_are_gathered_until_they_are_applied(
    nlp: Language, component: TokenTypes
) -> None:
    before = predict_rows(component, nlp)
    component.update([make_example(nlp)])
    assert np.array_equal(predict_rows(component, nlp), before)
    component.finish_update(Adam(0.1))
    assert not np.array_equal(predict_rows(component, nlp), before)


@pytest.mark.parametrize("kind", ["no gold", "no tokens", "no examples"])
def test_where_there_is_nothing_to_learn_nothing_changes(
    nlp: Language, component: TokenTypes, kind: str
) -> None:
    empty = Example(nlp.make_doc(""), nlp.make_doc(""))
    examples = {
        "no gold": [make_example(nlp, annotated=False)],
        "no tokens": [empty],
        "no examples": [],
    }
    before = predict_rows(component, nlp)
    assert component.update(examples[kind], sgd=Adam(0.1)) == {"types": 0.0}
    assert np.array_equal(predict_rows(component, nlp), before)


def test_without_a_teacher_there_is_nothing_to_rehearse(
    nlp: Language, component: TokenTypes
) -> None:
    assert component.rehearse([make_example(nlp)], sgd=Adam(0.1)) == {"types": 0.0}


def test_a_component_is_stored_in_a_folder_without_values_of_the_run(
    nlp: Language, component: TokenTypes, tmp_path: Path
) -> None:
    component.cfg.update(threshold=0.5, calibration={"temperature": 2.0})
    component.to_disk(tmp_path)
    other = TokenTypes(nlp).from_disk(tmp_path)
    assert np.array_equal(predict_rows(other, nlp), predict_rows(component, nlp))
    assert other.cfg == {
        "added_labels": [],
        "class_weights": None,
        "calibration": {"temperature": 2.0},
    }


def test_a_component_is_stored_in_bytes_without_values_of_the_run(
    nlp: Language, component: TokenTypes
) -> None:
    component.cfg["threshold"] = 0.5
    other = TokenTypes(nlp).from_bytes(component.to_bytes())
    assert np.array_equal(predict_rows(other, nlp), predict_rows(component, nlp))
    assert "threshold" not in other.cfg
    assert other.labels == component.labels


def test_what_is_excluded_is_not_stored(component: TokenTypes, tmp_path: Path) -> None:
    component.to_disk(tmp_path, exclude=["vocab", "model"])
    assert [path.name for path in tmp_path.iterdir()] == ["cfg"]
