"""`nlp.initialize`: with data, with labels, with both and with neither."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import srsly
from spacy.language import Language
from spacy.training import Example
from transformers.pipelines import pipeline

from spacy_hf_ner.core.labels import make_tag_set
from spacy_hf_ner.core.schemes import OUTSIDE, SCHEMES, SchemeName, Tag
from spacy_hf_ner.errors import ConfigError, TagError
from tests.checkpoints import make_checkpoint
from tests.conformance.kinds import Kind
from tests.conformance.pipelines import (
    TEXT,
    copy_weights,
    find,
    get_checkpoint,
    get_component,
    get_ner,
    make_example,
    make_examples,
    make_pipeline,
    train,
)


def initialize_with(nlp: Language, labels: Any) -> None:
    nlp.config["initialize"]["components"]["hf_ner"] = {"labels": labels}
    nlp.initialize(lambda: make_examples(nlp))


def test_types_are_those_in_the_data_in_an_order_that_does_not_depend_on_it(
    encoder_checkpoint: Path,
) -> None:
    nlp = make_pipeline(encoder_checkpoint)
    nlp.initialize(lambda: make_examples(nlp))
    assert get_ner(nlp).labels == ("LOC", "PERSON")
    other = make_pipeline(encoder_checkpoint)
    other.initialize(lambda: make_examples(other)[::-1])
    assert get_ner(other).labels == ("LOC", "PERSON")


def test_types_are_read_from_biluo_tags_too(encoder_checkpoint: Path) -> None:
    nlp = make_pipeline(encoder_checkpoint)
    tags = ["O", "O", "B-PERSON", "L-PERSON", "O"]
    examples = [Example.from_dict(nlp.make_doc("Who is Shaka Khan?"), {"entities": tags})]
    nlp.initialize(lambda: examples)
    assert get_ner(nlp).labels == ("PERSON",)


def test_types_that_are_given_are_taken_as_they_are(encoder_checkpoint: Path) -> None:
    nlp = make_pipeline(encoder_checkpoint)
    initialize_with(nlp, ["PERSON", "LOC", "ANIMAL"])
    assert get_ner(nlp).labels == ("PERSON", "LOC", "ANIMAL")


def test_labels_written_by_init_labels_are_read_back_from_their_file(
    encoder_checkpoint: Path, tmp_path: Path
) -> None:
    srsly.write_json(tmp_path / "hf_ner.json", ["LOC", "PERSON", "EVENT"])
    nlp = make_pipeline(encoder_checkpoint)
    initialize_with(
        nlp, {"@readers": "spacy.read_labels.v1", "path": str(tmp_path / "hf_ner.json")}
    )
    assert get_ner(nlp).labels == ("LOC", "PERSON", "EVENT")


def test_a_missing_labels_file_means_the_types_of_the_data(
    encoder_checkpoint: Path, tmp_path: Path
) -> None:
    nlp = make_pipeline(encoder_checkpoint)
    initialize_with(
        nlp, {"@readers": "spacy.read_labels.v1", "path": str(tmp_path / "missing.json")}
    )
    assert get_ner(nlp).labels == ("LOC", "PERSON")


@pytest.mark.parametrize("labels", ["PERSON", 5, [1, 2]])
def test_labels_of_another_type_are_refused_by_the_config(
    labels: object, encoder_checkpoint: Path
) -> None:
    with pytest.raises(ValueError, match=r"labels"):
        initialize_with(make_pipeline(encoder_checkpoint), labels)


def test_without_data_a_trained_checkpoint_keeps_its_own_types_and_head(
    ner_checkpoint: Path,
) -> None:
    nlp = make_pipeline(ner_checkpoint)
    before = find(nlp(TEXT))
    nlp.initialize()
    assert get_ner(nlp).labels == ("PER", "ORG", "LOC", "MISC")
    assert find(nlp(TEXT)) == before


def test_without_types_anywhere_an_encoder_is_refused(kind: Kind) -> None:
    nlp = kind.make_pipeline(kind.encoder)
    with pytest.raises(ValueError, match="E143"):
        nlp.initialize()


def test_without_entities_in_the_data_an_encoder_is_refused(encoder_checkpoint: Path) -> None:
    nlp = make_pipeline(encoder_checkpoint)
    with pytest.raises(ValueError, match="E143"):
        nlp.initialize(lambda: [make_example(nlp, TEXT, [])])


def test_incomplete_data_is_enough(encoder_checkpoint: Path) -> None:
    nlp = make_pipeline(encoder_checkpoint)
    examples = [
        make_example(nlp, "No annotation here.", None),
        *make_examples(nlp),
        make_example(nlp, "", None),
    ]
    nlp.initialize(lambda: examples)
    train(nlp, examples)
    assert find(nlp("Who is Shaka Khan?")) == [("Shaka Khan", "PERSON")]


@pytest.mark.parametrize("wrong", [lambda: None, list, lambda: [(1, 2)], None])
def test_what_does_not_give_examples_is_refused(wrong: Any, kind: Kind) -> None:
    ner = get_component(kind.make_pipeline(kind.encoder))
    with pytest.raises((TypeError, ValueError), match=r"\[E9"):
        ner.initialize(wrong)


def test_rows_of_the_checkpoint_are_kept_for_types_that_the_data_has(
    ner_checkpoint: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nlp = make_pipeline(ner_checkpoint)
    nlp(TEXT)
    before = copy_weights(nlp)["classifier.weight"]
    with caplog.at_level(logging.WARNING, logger="spacy_hf_ner"):
        nlp.initialize(lambda: make_examples(nlp))  # LOC and PERSON
    network = get_checkpoint(nlp).network
    column = network.config.label2id
    assert np.array_equal(network.classifier.weight.detach().numpy()[column["B-LOC"]], before[5])
    assert np.array_equal(network.classifier.weight.detach().numpy()[column["O"]], before[0])
    assert "PER, ORG, MISC" in caplog.text


def test_types_of_the_checkpoint_that_the_data_lacks_are_kept_on_request(
    ner_checkpoint: Path,
) -> None:
    nlp = make_pipeline(ner_checkpoint, keep_checkpoint_labels=True)
    nlp.initialize(lambda: make_examples(nlp))
    assert set(get_ner(nlp).labels) == {"PER", "ORG", "LOC", "MISC", "PERSON"}


def make_pipeline_that_ran(checkpoint: Path) -> Language:
    nlp = make_pipeline(checkpoint)
    nlp(TEXT)
    return nlp


@pytest.mark.parametrize("labels", [None, ["PER", "LOC"]])
@pytest.mark.parametrize(
    ("names", "scheme", "row"),  # that of I-PER
    [
        ("O I-PER I-LOC", "IOB2", 1),
        ("O PER LOC", "IOB2", 1),
        ("O B-PER I-PER L-PER U-PER B-LOC I-LOC L-LOC U-LOC", "IOBES", 2),
    ],
)
def test_a_scheme_that_the_tags_of_a_checkpoint_do_not_fit_gives_it_a_new_head(
    names: str, scheme: SchemeName, row: int, labels: list[str] | None, tmp_path: Path
) -> None:
    nlp = make_pipeline(make_checkpoint(tmp_path, labels=names.split()), scheme=scheme)
    ner = get_ner(nlp)
    with pytest.raises(TagError, match=rf"train the model, which gives it a new head in {scheme}"):
        ner(nlp.make_doc(TEXT))
    ner.initialize(lambda: [make_example(nlp, TEXT, None)], labels=labels)
    tag_set = get_checkpoint(nlp).tag_set
    assert tag_set == make_tag_set(["PER", "LOC"], SCHEMES[scheme])
    known, new = copy_weights(make_pipeline_that_ran(tmp_path)), copy_weights(nlp)
    for tag, k in ((OUTSIDE, 0), (Tag("I", "PER"), row)):
        assert np.array_equal(
            new["classifier.weight"][tag_set.columns[tag]], known["classifier.weight"][k]
        )
    train(nlp, [make_example(nlp, TEXT, [(0, 13, "PER"), (30, 38, "LOC")])])
    assert find(nlp(TEXT)) == [("Angela Merkel", "PER"), ("San José", "LOC")]


def test_a_head_that_lacks_tags_of_its_types_gets_them(tmp_path: Path) -> None:
    nlp = make_pipeline(make_checkpoint(tmp_path, labels=["B-LOC", "I-LOC", "I-PER"]))
    examples = [make_example(nlp, TEXT, [(0, 13, "PER"), (30, 38, "LOC")])]
    nlp.initialize(lambda: examples)
    train(nlp, examples)
    assert find(nlp(TEXT)) == [("Angela Merkel", "PER"), ("San José", "LOC")]


def test_a_checkpoint_with_columns_for_padding_learns_the_one_named_o(tmp_path: Path) -> None:
    names = ["PAD", "O", "B-PER", "I-PER", "[CLS]"]
    nlp = make_pipeline(
        make_checkpoint(tmp_path / "checkpoint", labels=names),
        model={"subword_labels": "all_inside"},
    )
    examples = [make_example(nlp, TEXT, [(0, 13, "PER")])]
    nlp.initialize(lambda: examples)
    assert list(get_checkpoint(nlp).network.config.id2label.values()) == names
    train(nlp, examples)
    get_ner(nlp).to_disk(tmp_path / "pipe")
    read = pipeline(
        "token-classification", str(tmp_path / "pipe" / "model"), aggregation_strategy="simple"
    )
    assert [(group["entity_group"], group["word"]) for group in read(TEXT)] == [
        ("PER", "angela merkel")
    ]


def test_a_new_head_has_the_row_of_the_column_named_o(tmp_path: Path) -> None:
    nlp = make_pipeline_that_ran(
        make_checkpoint(tmp_path, labels=["PAD", "O", "B-PER", "I-PER", "[CLS]"])
    )
    before = copy_weights(nlp)["classifier.weight"]
    nlp.initialize(lambda: make_examples(nlp))
    assert np.array_equal(copy_weights(nlp)["classifier.weight"][0], before[1])


def test_a_sourced_pipe_that_is_not_initialized_keeps_its_weights(
    ner_checkpoint: Path, tmp_path: Path
) -> None:
    source = make_pipeline(ner_checkpoint)
    source.initialize(lambda: make_examples(source))
    train(source, make_examples(source))
    source.to_disk(tmp_path)
    nlp = Language()
    nlp.add_pipe("hf_ner", source=spacy.load(tmp_path))
    nlp.resume_training()
    for name, weights in copy_weights(nlp).items():
        assert np.array_equal(weights, copy_weights(source)[name])


def test_initialize_does_not_read_the_checkpoint_again(kind: Kind) -> None:
    nlp = kind.make_pipeline(kind.encoder)
    nlp.initialize(lambda: kind.make_examples(nlp))
    train(nlp, kind.make_examples(nlp), n_steps=3)
    before = copy_weights(nlp)
    get_component(nlp).initialize(lambda: kind.make_examples(nlp), nlp=nlp)
    assert all(np.array_equal(before[name], weights) for name, weights in copy_weights(nlp).items())


def test_class_weights_of_unknown_types_are_refused(encoder_checkpoint: Path) -> None:
    nlp = make_pipeline(encoder_checkpoint, class_weights={"DRUG": 2.0})
    with pytest.raises(ConfigError, match="DRUG"):
        nlp.initialize(lambda: make_examples(nlp))


def test_class_weights_without_sense_are_refused_when_the_component_is_added(
    encoder_checkpoint: Path,
) -> None:
    with pytest.raises(ConfigError, match="a positive number for some labels"):
        make_pipeline(encoder_checkpoint, class_weights={"LOC": -1.0})


def test_balanced_class_weights_are_resolved_from_the_data_and_stored(
    encoder_checkpoint: Path, tmp_path: Path
) -> None:
    nlp = make_pipeline(encoder_checkpoint, class_weights="balanced")
    nlp.initialize(lambda: make_examples(nlp))
    weights = get_ner(nlp).cfg["class_weights"]
    assert weights[0] == min(weights)  # "O" is the most frequent tag
    nlp.to_disk(tmp_path)
    assert get_ner(spacy.load(tmp_path)).cfg["class_weights"] == pytest.approx(weights)


def test_gold_of_a_type_that_the_model_lacks_is_an_error_that_says_so(
    encoder_checkpoint: Path,
) -> None:
    nlp = make_pipeline(encoder_checkpoint)
    nlp.initialize(lambda: make_examples(nlp))
    with pytest.raises(TagError, match=r"'DRUG'.*LOC, PERSON.*add_label"):
        nlp.update([make_example(nlp, "Take aspirin.", [(5, 12, "DRUG")])])
