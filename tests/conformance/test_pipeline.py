"""The component in a pipeline with others.

Errors, sourcing, disabling, freezing, annotating, streams and memory zones.
"""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training.loop import train_while_improving
from thinc.api import Adam

from spacy_hf_ner.errors import ConfigError
from tests.conformance.kinds import Kind
from tests.conformance.pipelines import (
    TEXT,
    TEXTS,
    add_hf_ner,
    copy_weights,
    find,
    get_checkpoint,
    get_component,
    initialize_pipeline,
    make_examples,
    make_pipeline,
    summarise,
    train,
)

NOWHERE = "nobody/knows-this-model"


def break_on(nlp: Language, word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the component fail on every batch in which a Doc has a word."""
    ner = get_component(nlp)
    predict = ner.predict

    def predict_or_fail(docs: list[Doc]) -> object:
        if any(word in doc.text for doc in docs):
            raise RuntimeError(f"cannot read {word}")
        return predict(docs)

    monkeypatch.setattr(ner, "predict", predict_or_fail)


def test_an_error_handler_loses_the_one_doc_that_fails(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    nlp = kind.make_pipeline()
    expected = [summarise(doc) for doc in nlp.pipe(["One.", "Two.", "Four."])]
    failed = []

    def handle(name: str, _pipe: object, docs: list[Doc], error: Exception) -> None:
        failed.append((name, [doc.text for doc in docs], str(error)))

    break_on(nlp, "Three", monkeypatch)
    nlp.set_error_handler(handle)  # type: ignore[arg-type]
    docs = list(nlp.pipe(["One.", "Two.", "Three.", "Four."]))
    assert [doc.text for doc in docs] == ["One.", "Two.", "Four."]
    assert [summarise(doc) for doc in docs] == expected
    assert failed == [(kind.factory, ["Three."], "cannot read Three")]


def test_without_an_error_handler_the_error_is_raised(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    nlp = kind.make_pipeline()
    break_on(nlp, "Three", monkeypatch)
    with pytest.raises(RuntimeError, match="cannot read Three"):
        nlp("Three.")
    with pytest.raises(RuntimeError, match="cannot read Three"):
        list(nlp.pipe(["One.", "Three."]))


def test_a_handler_that_swallows_errors_leaves_the_doc_unannotated_instead_of_none(
    ner_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nlp = make_pipeline(ner_checkpoint)
    break_on(nlp, "Three", monkeypatch)
    nlp.set_error_handler(spacy.util.ignore_error)
    doc = nlp("Three.")  # E005 would say that the component returned no Doc
    assert doc.text == "Three."
    assert not doc.has_annotation("ENT_IOB")


def test_a_handler_of_the_component_alone_is_used(
    kind: Kind, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    nlp = kind.make_pipeline()
    break_on(nlp, "Three", monkeypatch)

    def warn(_name: str, _pipe: object, docs: list[Doc], _error: Exception) -> None:
        logging.getLogger("handler").warning("lost %s", docs[0].text)

    get_component(nlp).set_error_handler(warn)
    assert [doc.text for doc in nlp.pipe(["One.", "Three."])] == ["One."]
    assert "lost Three." in caplog.text


def test_a_threshold_that_makes_no_sense_is_an_error_as_soon_as_it_can_be_known(
    ner_checkpoint: Path, encoder_checkpoint: Path
) -> None:
    with pytest.raises(ConfigError, match=r"\[0, 1\].*2\.0"):
        make_pipeline(NOWHERE, threshold=2.0)
    unknown = {
        "threshold": {"PRE": 0.5}
    }  # a KeyError would be reported as spaCy's E109: a missing call of initialize
    with pytest.raises(ConfigError, match=r"PER, ORG, LOC, MISC, got .*PRE"):
        make_pipeline(ner_checkpoint, **unknown)(TEXT)
    with pytest.raises(ConfigError, match=r"LOC, PERSON, got .*PRE"):
        initialize_pipeline(encoder_checkpoint, **unknown)


def test_as_tuples_keeps_each_context_with_its_doc(kind: Kind) -> None:
    nlp = kind.make_pipeline()
    pairs = list(nlp.pipe([(text, i) for i, text in enumerate(TEXTS)], as_tuples=True))
    assert [(doc.text, i) for doc, i in pairs] == [(text, i) for i, text in enumerate(TEXTS)]


def test_a_stream_is_read_batch_by_batch(kind: Kind) -> None:
    nlp = kind.make_pipeline()
    n_read = 0

    def read() -> Any:
        nonlocal n_read
        for text in TEXTS * 10:
            n_read += 1
            yield nlp.make_doc(text)

    next(get_component(nlp).pipe(read(), batch_size=4))
    assert n_read == 4


def test_a_batch_of_long_docs_ends_early(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    nlp = kind.make_pipeline()
    docs = [nlp.make_doc(text) for text in TEXTS]
    expected = [summarise(doc) for doc in nlp.pipe(TEXTS)]
    n_in_batch = []
    ner = get_component(nlp)
    predict = ner.predict

    def count_and_predict(batch: list[Doc]) -> object:
        n_in_batch.append(len(batch))
        return predict(batch)

    monkeypatch.setattr(ner, "predict", count_and_predict)
    monkeypatch.setattr("spacy_hf_ner.pipe.batches.MAX_TOKENS", len(docs[0]) + len(docs[1]))
    assert [summarise(doc) for doc in ner.pipe(docs)] == expected
    assert n_in_batch[0] == 2
    assert sum(n_in_batch) == len(TEXTS)


def test_a_sourced_component_predicts_as_where_it_came_from(
    ner_checkpoint: Path, tmp_path: Path
) -> None:
    source = make_pipeline(ner_checkpoint, spans_key="from_source")
    source.to_disk(tmp_path)
    nlp = spacy.blank("en")
    nlp.add_pipe("hf_ner", source=spacy.load(tmp_path), name="sourced")
    assert nlp.get_pipe_config("sourced")["spans_key"] == "from_source"
    assert find(nlp(TEXT)) == find(source(TEXT))
    for ent in nlp(TEXT).ents:
        assert nlp.vocab.strings[ent.label] == ent.label_


def test_a_config_can_source_the_component_from_a_folder(kind: Kind, tmp_path: Path) -> None:
    source = kind.make_pipeline()
    source.to_disk(tmp_path)
    config = {
        "nlp": {"lang": "en", "pipeline": ["theirs"]},
        "components": {"theirs": {"source": str(tmp_path), "component": kind.factory}},
    }
    nlp = spacy.util.load_model_from_config(config, auto_fill=True)
    assert nlp.config["components"]["theirs"]["factory"] == kind.factory
    assert kind.find(nlp(TEXT)) == kind.find(source(TEXT))


def test_a_component_works_on_docs_of_another_vocab(kind: Kind) -> None:
    nlp, other = kind.make_pipeline(), spacy.blank("en")
    doc = get_component(nlp)(other.make_doc(TEXT))
    assert doc.vocab is other.vocab
    assert kind.find(doc) == kind.find(nlp(TEXT))


def test_disabled_components_do_nothing_for_as_long_as_they_are(ner_checkpoint: Path) -> None:
    nlp = make_pipeline(ner_checkpoint)
    with nlp.select_pipes(disable=["hf_ner"]):
        assert not nlp(TEXT).ents
        assert get_checkpoint(nlp) is None
    assert nlp(TEXT).ents


def test_a_component_can_be_removed_renamed_and_added_again(ner_checkpoint: Path) -> None:
    nlp = make_pipeline(ner_checkpoint)
    expected = find(nlp(TEXT))
    nlp.rename_pipe("hf_ner", "entities")
    assert find(nlp(TEXT)) == expected
    nlp.remove_pipe("entities")
    assert not nlp(TEXT).ents
    add_hf_ner(nlp, ner_checkpoint)
    assert find(nlp(TEXT)) == expected


def train_for_two_steps(kind: Kind, nlp: Language, **settings: Any) -> None:
    examples = kind.make_examples(nlp)
    defaults: dict[str, Any] = {
        "accumulate_gradient": 1,
        "patience": 0,
        "max_steps": 2,
        "eval_frequency": 1,
        "dropout": 0.1,
        "annotating_components": [],
        "before_update": None,
    }
    batches = ((0, examples) for _ in range(2))
    steps = train_while_improving(
        nlp,
        Adam(1e-2),
        batches,
        evaluate=lambda: (1.0, {}),
        exclude=settings.pop("exclude", []),
        **defaults | settings,
    )
    assert len(list(steps)) == 2


def test_a_frozen_component_is_neither_initialized_nor_trained(kind: Kind) -> None:
    nlp = kind.make_pipeline()
    nlp.add_pipe("textcat")
    nlp.get_pipe("textcat").add_label("A")  # type: ignore[attr-defined]
    nlp.get_pipe("textcat").add_label("B")  # type: ignore[attr-defined]
    get_component(nlp)(nlp.make_doc(TEXT))
    before = copy_weights(nlp)
    with nlp.select_pipes(disable=[kind.factory]):
        nlp.initialize()
    train_for_two_steps(kind, nlp, exclude=[kind.factory])
    assert all(np.array_equal(before[name], weights) for name, weights in copy_weights(nlp).items())


def test_the_training_loop_trains_and_gathers_gradients(kind: Kind) -> None:
    nlp = kind.initialize_pipeline()
    before = copy_weights(nlp)
    train_for_two_steps(kind, nlp, accumulate_gradient=2)
    moved = [
        name
        for name, weights in copy_weights(nlp).items()
        if not np.array_equal(before[name], weights)
    ]
    assert "classifier.weight" in moved


def test_an_annotating_component_shows_its_entities_to_those_after_it_in_training(
    encoder_checkpoint: Path,
) -> None:
    nlp = initialize_pipeline(encoder_checkpoint)
    train(nlp, make_examples(nlp))
    seen: list[list[tuple[str, str]]] = []

    class Watcher:
        def __call__(self, doc: Doc) -> Doc:
            return doc

        def update(self, examples: Any, **_settings: object) -> None:
            seen.extend(find(eg.predicted) for eg in examples)

    Language.component("conformance_watcher", func=Watcher())
    nlp.add_pipe("conformance_watcher")
    examples = make_examples(nlp)
    nlp.update(examples, sgd=Adam(0.0), annotates=["hf_ner"], drop=0.5)
    assert seen == [[("Shaka Khan", "PERSON")], [("London", "LOC"), ("Berlin", "LOC")]]
    seen.clear()
    nlp.update(make_examples(nlp), sgd=Adam(0.0))
    assert seen == [[], []]


def test_entities_are_the_same_in_a_memory_zone_and_after_it(kind: Kind) -> None:
    nlp = kind.make_pipeline()
    expected = [summarise(nlp(text)) for text in TEXTS]
    for _ in range(3):
        with nlp.memory_zone():
            assert [summarise(doc) for doc in nlp.pipe(TEXTS)] == expected
    assert [summarise(doc) for doc in nlp.pipe(TEXTS)] == expected


def test_labels_first_seen_in_a_memory_zone_are_still_known_after_it(ner_checkpoint: Path) -> None:
    nlp = make_pipeline(ner_checkpoint)
    with nlp.memory_zone():
        find(nlp(TEXT))
    doc = nlp(TEXT)
    assert all(nlp.vocab.strings[ent.label] == ent.label_ for ent in doc.ents)
