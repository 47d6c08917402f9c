"""The component ``hf_tagger`` in pipelines, on tiny checkpoints with real tokenizers."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Token
from spacy.training import Example
from thinc.api import Adam, fix_random_seed

from spacy_hf_ner.errors import CheckpointError, ConfigError, TagError
from spacy_hf_ner.pipe.hf_tagger import HFTagger
from spacy_hf_ner.pipe.token_attributes import get_attribute
from tests.checkpoints import make_checkpoint

TEXT = "Angela Merkel  met Tim\n\nCook \u200b in San José."
LABELS = ("NOUN", "VERB", "PROPN", "PUNCT", "ADP")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tiny tagger of parts of speech."""
    return make_checkpoint(tmp_path_factory.mktemp("tagger"), labels=LABELS)


def make_pipeline(checkpoint: Path | str, **config: Any) -> tuple[Language, HFTagger]:
    nlp = spacy.blank("en")
    model = {"name": str(checkpoint), "precision": "fp32", **config.pop("model", {})}
    tagger = nlp.add_pipe("hf_tagger", config={"model": model, **config})
    return nlp, cast("HFTagger", tagger)


def test_each_token_has_a_label_and_its_probability(checkpoint: Path) -> None:
    nlp, tagger = make_pipeline(checkpoint)
    doc = nlp(TEXT)
    (predicted,) = tagger.classifier.predict([doc])
    rows = dict(zip(predicted.units.token_i.tolist(), predicted.rows, strict=True))
    for token in doc:
        if token.is_space:
            assert (token.pos_, token._.pos_score) == ("SPACE", None)
        elif token.text == "\u200b":
            assert (token.pos_, token._.pos_score) == ("", None)  # no subword speaks for it
        else:
            column = int(rows[token.i].argmax())
            assert token.pos_ == LABELS[column]
            assert token._.pos_score == pytest.approx(np.exp(rows[token.i][column]), abs=1e-5)


@pytest.mark.parametrize(
    ("target", "labels", "space_label"),
    [("tag", ("NN", "VB", "-LRB-"), "_SP"), ("morph", ("_", "Number=Sing", "Tense=Past"), "_")],
)
def test_labels_go_to_the_target(
    target: str, labels: tuple[str, ...], space_label: str, tmp_path: Path
) -> None:
    nlp, _ = make_pipeline(make_checkpoint(tmp_path, labels=labels), target=target)
    doc = nlp(TEXT)
    attribute = get_attribute(target)
    for token in doc:
        if token.is_space:
            assert attribute.read(token) == space_label
        elif token.text != "\u200b":
            assert attribute.read(token) in labels
            assert 0 < token._.get(f"{target}_score") <= 1
    assert not doc.has_annotation("POS")


@pytest.fixture
def extension() -> Iterator[str]:
    """Return a name that no extension has, before and after."""
    name = "mark_under_test"
    get_attribute.cache_clear()
    yield name
    for taken in (name, f"{name}_score"):
        if Token.has_extension(taken):
            Token.remove_extension(taken)
    get_attribute.cache_clear()


def test_an_extension_may_hold_labels_of_any_spelling(extension: str, tmp_path: Path) -> None:
    labels = ("0", ".", ",", "?", "-", "O", "B-X", "I-X")
    nlp, tagger = make_pipeline(make_checkpoint(tmp_path, labels=labels), target=extension)
    assert tagger.labels == labels
    doc = nlp("Angela met Tim")
    assert {token._.get(extension) for token in doc} <= set(labels)
    assert all(token._.get(f"{extension}_score") > 0 for token in doc)
    scores = nlp.evaluate([Example(nlp.make_doc(doc.text), doc)])
    assert scores[f"{extension}_acc"] == 1.0


def test_an_extension_of_somebody_else_is_refused(extension: str, checkpoint: Path) -> None:
    Token.set_extension(extension, default=0)
    with pytest.raises(ConfigError, match=r"target must be an extension that holds a label"):
        make_pipeline(checkpoint, target=extension)


@pytest.mark.parametrize("target", ["", "two words", "a-b", 3])
def test_a_target_that_is_no_name_is_refused(target: Any, checkpoint: Path) -> None:
    with pytest.raises(ValueError, match="target"):
        make_pipeline(checkpoint, target=target)


@pytest.mark.parametrize("overwrite", [False, True])
def test_labels_that_were_set_earlier_are_kept_unless_overwrite_says_otherwise(
    overwrite: bool, checkpoint: Path
) -> None:
    nlp, tagger = make_pipeline(checkpoint, overwrite=overwrite)
    expected = nlp("Angela  met")
    doc = nlp.make_doc("Angela  met")
    doc[0].pos_ = "X"
    doc[1].pos_ = "SYM"
    doc = tagger(doc)
    assert doc[2].pos_ == expected[2].pos_
    if overwrite:
        assert [token.pos_ for token in doc] == [token.pos_ for token in expected]
        assert doc[0]._.pos_score == pytest.approx(expected[0]._.pos_score, abs=1e-5)
    else:
        assert [token.pos_ for token in doc[:2]] == ["X", "SYM"]
        assert doc[0]._.pos_score is None
    assert doc[2]._.pos_score is not None


def test_a_second_run_keeps_labels_and_scores_of_the_first(checkpoint: Path) -> None:
    nlp, tagger = make_pipeline(checkpoint)
    doc = nlp("Angela met Tim")
    before = [(token.pos_, token._.pos_score) for token in doc]
    assert [(token.pos_, token._.pos_score) for token in tagger(doc)] == before


def test_labels_that_are_no_parts_of_speech_are_refused_with_what_to_do(tmp_path: Path) -> None:
    nlp, _ = make_pipeline(make_checkpoint(tmp_path, labels=("NN", "VB", "NOUN")))
    with pytest.raises(TagError, match=r"""target = "pos", expected .*got 'NN', 'VB'\."""):
        nlp(TEXT)


def test_columns_of_padding_are_no_labels(tmp_path: Path) -> None:
    labels = ("[PAD]", "NOUN", "VERB", "<pad>")
    nlp, tagger = make_pipeline(make_checkpoint(tmp_path, labels=labels))
    assert tagger.labels == ("NOUN", "VERB")
    doc = nlp("Angela met Tim in San José")
    (predicted,) = tagger.classifier.predict([doc])
    best = predicted.rows[:, 1:3].argmax(axis=1)
    assert [token.pos_ for token in doc] == [("NOUN", "VERB")[i] for i in best.tolist()]
    assert all(token._.pos_score >= 0.5 for token in doc)


def test_placeholders_are_named_by_the_setting_of_the_model(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path, labels=("LABEL_0", "LABEL_1"))
    with pytest.raises(CheckpointError, match="LABEL_0"):
        make_pipeline(folder)[0](TEXT)
    _, tagger = make_pipeline(folder, model={"labels": ["NOUN", "VERB"]})
    assert tagger.labels == ("NOUN", "VERB")


def test_hf_ner_names_the_component_for_the_checkpoint_of_a_tagger(
    checkpoint: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("hf_ner", config={"model": {"name": str(checkpoint)}})
    with caplog.at_level(logging.WARNING, logger="spacy_hf_ner"):
        nlp(TEXT)
    assert 'Its component is "hf_tagger"' in caplog.text


def test_each_component_trains_on_the_checkpoint_that_the_other_has_saved(
    checkpoint: Path, tmp_path: Path
) -> None:
    nlp, _ = make_pipeline(checkpoint)
    nlp.to_disk(tmp_path / "tagger")
    other = spacy.blank("en")
    folder = tmp_path / "tagger" / "hf_tagger" / "model"
    ner: Any = other.add_pipe("hf_ner", config={"model": {"name": str(folder)}})
    gold = Example.from_dict(other.make_doc("I like London"), {"entities": [(7, 13, "LOC")]})
    ner.initialize(lambda: [gold])
    assert ner.labels == ("LOC",)
    assert ner.prepare().labels == ("O", "B-LOC", "I-LOC")
    other.to_disk(tmp_path / "ner")
    nlp, tagger = make_pipeline(tmp_path / "ner" / "hf_ner" / "model")
    tagged = Example.from_dict(nlp.make_doc("I like"), {"pos": ["PRON", "VERB"]})
    tagger.initialize(lambda: [tagged])
    assert tagger.labels == ("PRON", "VERB")


def make_examples(nlp: Language, key: str, labels: list[str]) -> list[Example]:
    return [Example.from_dict(nlp.make_doc("I like London and Berlin ."), {key: labels})]


@pytest.mark.parametrize(
    ("target", "key", "labels"),
    [
        ("pos", "pos", ["PRON", "VERB", "PROPN", "CCONJ", "PROPN", "PUNCT"]),
        ("tag", "tags", ["PRP", "VBP", "NNP", "CC", "NNP", "."]),
        ("morph", "morphs", ["Person=1", "Tense=Pres", "_", "_", "_", "_"]),
    ],
)
def test_it_learns_from_gold_and_knows_it_after_a_round_trip(
    target: str, key: str, labels: list[str], checkpoint: Path, tmp_path: Path
) -> None:
    fix_random_seed(0)
    nlp, tagger = make_pipeline(checkpoint, target=target)
    examples = make_examples(nlp, key, labels)
    nlp.initialize(lambda: examples)
    assert tagger.labels == tuple(sorted(set(labels)))
    sgd = Adam(5e-3)
    for _ in range(40):
        losses = nlp.update(examples, sgd=sgd, losses={})
    assert losses["hf_tagger"] < 0.05
    nlp.to_disk(tmp_path)
    again = spacy.load(tmp_path)
    attribute = get_attribute(target)
    assert attribute.read_all(again("I like London and Berlin .")) == labels
    assert again.evaluate(examples)[f"{target}_acc"] == 1.0


def test_missing_labels_teach_nothing(checkpoint: Path) -> None:
    nlp, tagger = make_pipeline(checkpoint)
    nlp("warm")
    bare = Example(nlp.make_doc("I like"), nlp.make_doc("I like"))
    assert tagger.update([bare], sgd=Adam(1.0)) == {"hf_tagger": 0.0}
    tagger.initialize(lambda: [bare])
    assert tagger.labels == LABELS


def test_class_weights_are_counted_or_given_by_label(checkpoint: Path) -> None:
    labels = ["NOUN", "VERB", "PROPN", "ADP", "PROPN", "PUNCT"]
    nlp, tagger = make_pipeline(checkpoint, class_weights="balanced")
    examples = make_examples(nlp, "pos", labels)
    nlp.initialize(lambda: examples)
    weights = dict(zip(tagger.labels, tagger.cfg["class_weights"], strict=True))
    assert weights["NOUN"] == pytest.approx(2 * weights["PROPN"])
    nlp, tagger = make_pipeline(checkpoint, class_weights={"VERB": 3.0})
    nlp.initialize(lambda: examples)
    weights = dict(zip(tagger.labels, tagger.cfg["class_weights"], strict=True))
    assert (weights["VERB"], weights["NOUN"]) == (3.0, 1.0)


def test_calibration_changes_scores_and_no_label_and_is_stored_until_training_undoes_it(
    checkpoint: Path, tmp_path: Path
) -> None:
    nlp, tagger = make_pipeline(checkpoint)
    before = nlp("Angela met Tim in San José")
    gold = nlp.make_doc(before.text)
    for token in gold:
        token.pos_ = LABELS[token.i % len(LABELS)]
    examples = [Example(nlp.make_doc(gold.text), gold) for _ in range(12)]
    report = tagger.calibrate(examples)
    assert report.temperature > 1.0  # sharp, and mostly wrong
    assert report.n_tokens == 12 * 6
    after = nlp(before.text)
    assert [token.pos_ for token in after] == [token.pos_ for token in before]
    assert all(new._.pos_score < old._.pos_score for new, old in zip(after, before, strict=True))
    nlp.to_disk(tmp_path)
    again = spacy.load(tmp_path)(before.text)
    assert [token._.pos_score for token in again] == pytest.approx(
        [token._.pos_score for token in after], abs=1e-5
    )
    tagger.calibrated = False
    assert nlp(before.text)[0]._.pos_score == pytest.approx(before[0]._.pos_score, abs=1e-5)
    tagger.update(examples, sgd=Adam(1e-3))
    assert tagger.cfg["calibration"] is None


def test_labels_that_run_over_subwords_give_a_token_that_of_its_first(checkpoint: Path) -> None:
    nlp, _ = make_pipeline(checkpoint, model={"label_unit": "subword"})
    whole, _ = make_pipeline(checkpoint, model={"label_unit": "token"})
    text = "Angela met Tim in San José"
    assert [token.pos_ for token in nlp(text)] == [token.pos_ for token in whole(text)]


def test_default_weights_are_those_of_what_may_be_scored(checkpoint: Path) -> None:
    nlp, _ = make_pipeline(checkpoint)
    weights = nlp.config["training"]["score_weights"]
    assert {"pos_acc", "tag_acc", "morph_acc"} <= weights.keys()
    assert nlp.get_pipe_meta("hf_tagger").assigns == ["token.pos"]


def test_without_a_scorer_there_are_no_scores(checkpoint: Path) -> None:
    nlp, tagger = make_pipeline(checkpoint, scorer=None)
    assert tagger.score([Example(nlp.make_doc("a"), nlp.make_doc("a"))]) == {}


def test_two_taggers_and_hf_ner_stand_in_one_pipeline(checkpoint: Path, tmp_path: Path) -> None:
    nlp, _ = make_pipeline(checkpoint)
    tags = make_checkpoint(tmp_path / "tags", labels=("NN", "VB"))
    entities = make_checkpoint(tmp_path / "ner")
    config = {"model": {"name": str(tags)}, "target": "tag"}
    nlp.add_pipe("hf_tagger", name="tags", config=config)
    nlp.add_pipe("hf_ner", config={"model": {"name": str(entities)}})
    doc = nlp("Angela met Tim in San José")
    assert all(token._.pos_score and token._.tag_score for token in doc)
    nlp.to_disk(tmp_path / "saved")
    again = spacy.load(tmp_path / "saved")(doc.text)
    assert [(t.pos_, t.tag_, t.ent_type_) for t in again] == [
        (t.pos_, t.tag_, t.ent_type_) for t in doc
    ]


def test_damaged_calibration_is_refused_when_it_is_read(checkpoint: Path) -> None:
    _, tagger = make_pipeline(checkpoint)
    tagger.cfg["calibration"] = {"temperature": "hot"}
    data = tagger.to_bytes()
    _, other = make_pipeline(checkpoint)
    with pytest.raises(ConfigError, match="calibration is damaged"):
        other.from_bytes(data)
    assert isinstance(other(Doc(other.vocab, words=["a"])), Doc)


def make_shared_pipeline() -> Language:
    """Return a pipeline in which hf_tagger, hf_ner and spaCy's parser listen to one encoder."""
    nlp = spacy.blank("en")
    cnn = {
        "@architectures": "spacy.HashEmbedCNN.v2",
        "width": 32,
        "depth": 1,
        "embed_size": 100,
        "window_size": 1,
        "maxout_pieces": 2,
        "subword_features": True,
        "pretrained_vectors": None,
    }
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 32, "upstream": "tok2vec"}
    head = {"@architectures": "spacy_hf_ner.TokenClassifier.v1", "tok2vec": listener}
    nlp.add_pipe("tok2vec", config={"model": cnn})
    nlp.add_pipe("hf_tagger", config={"model": head})
    nlp.add_pipe("hf_ner", config={"model": head})
    parser = {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "parser",
        "extra_state_tokens": False,
        "hidden_width": 16,
        "maxout_pieces": 2,
        "use_upper": True,
        "tok2vec": listener,
    }
    nlp.add_pipe("parser", config={"model": parser, "min_action_freq": 1})
    return nlp


def test_it_shares_an_encoder_with_hf_ner_and_the_parser(tmp_path: Path) -> None:
    fix_random_seed(0)
    nlp = make_shared_pipeline()
    pos = ["PRON", "VERB", "PROPN", "CCONJ", "PROPN", "PUNCT"]
    gold = {
        "pos": pos,
        "entities": [(7, 13, "LOC"), (18, 24, "LOC")],
        "heads": [1, 1, 1, 2, 2, 1],
        "deps": ["nsubj", "ROOT", "obj", "cc", "conj", "punct"],
    }
    examples = [Example.from_dict(nlp.make_doc("I like London and Berlin ."), gold)]
    sgd = nlp.initialize(lambda: examples)
    sgd.learn_rate = 0.01
    for _ in range(60):
        losses = nlp.update(examples, sgd=sgd, losses={})
    assert losses["hf_tagger"] < 0.5
    nlp.to_disk(tmp_path)
    doc = spacy.load(tmp_path)("I like London and Berlin .")
    assert [token.pos_ for token in doc] == pos
    assert [ent.text for ent in doc.ents] == ["London", "Berlin"]
    assert doc[0].dep_ == "nsubj"


def test_an_exported_tagger_finds_the_same_labels(checkpoint: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    nlp, tagger = make_pipeline(checkpoint)
    expected = [(token.pos_, token._.pos_score) for token in nlp(TEXT)]
    tagger.export_onnx(tmp_path / "onnx")
    other, _ = make_pipeline(tmp_path / "onnx", model={"backend": "onnx", "precision": "auto"})
    found = [(token.pos_, token._.pos_score) for token in other(TEXT)]
    assert [label for label, _ in found] == [label for label, _ in expected]
    for (_, score), (_, known) in zip(found, expected, strict=True):
        assert score == (None if known is None else pytest.approx(known, abs=1e-4))
