"""Labels: what they are, how they are added, and that old rows of the head stay as they were."""

from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.cli.debug_data import _get_labels_from_model
from spacy.training import Example

from spacy_hf_ner.errors import TagError
from tests.checkpoints import make_checkpoint
from tests.conformance.pipelines import (
    TEXT,
    TEXTS,
    copy_weights,
    find,
    get_checkpoint,
    get_ner,
    initialize_pipeline,
    make_examples,
    make_pipeline,
    summarise,
    train,
)


def test_labels_are_entity_types_without_prefixes_in_the_order_of_the_checkpoint(
    ner_checkpoint: Path,
) -> None:
    nlp = make_pipeline(ner_checkpoint)
    assert get_ner(nlp).labels == ("PER", "ORG", "LOC", "MISC")
    assert nlp.pipe_labels["hf_ner"] == ["PER", "ORG", "LOC", "MISC"]


def test_label_data_is_what_initialize_takes(encoder_checkpoint: Path) -> None:
    nlp = initialize_pipeline(encoder_checkpoint)
    data = get_ner(nlp).label_data
    other = make_pipeline(encoder_checkpoint)
    other.config["initialize"]["components"]["hf_ner"] = {"labels": data}
    other.initialize()
    assert data == ["LOC", "PERSON"]
    assert get_ner(other).label_data == data


def test_add_label_says_whether_the_label_was_new_and_stores_its_string(
    encoder_checkpoint: Path,
) -> None:
    nlp = make_pipeline(encoder_checkpoint)
    ner = get_ner(nlp)
    assert "XYZZY" not in nlp.vocab.strings
    assert ner.add_label("XYZZY") == 1
    assert ner.add_label("XYZZY") == 0
    assert ner.labels == ("XYZZY",)
    assert "XYZZY" in nlp.vocab.strings


@pytest.mark.parametrize("label", [1, None, ("A", "B")])
def test_add_label_takes_strings_only(label: object, encoder_checkpoint: Path) -> None:
    with pytest.raises(ValueError, match="E187"):
        get_ner(make_pipeline(encoder_checkpoint)).add_label(label)  # type: ignore[arg-type]


def test_add_label_refuses_a_type_without_a_name(
    encoder_checkpoint: Path, ner_checkpoint: Path
) -> None:
    for checkpoint in (encoder_checkpoint, ner_checkpoint):
        with pytest.raises(TagError, match="not empty"):
            get_ner(make_pipeline(checkpoint)).add_label("")


def test_labels_added_before_initialization_join_those_of_the_data(
    encoder_checkpoint: Path,
) -> None:
    nlp = make_pipeline(encoder_checkpoint)
    get_ner(nlp).add_label("ANIMAL")
    nlp.initialize(lambda: make_examples(nlp))
    assert set(get_ner(nlp).labels) == {"ANIMAL", "LOC", "PERSON"}


def test_a_label_added_to_a_used_model_changes_nothing_for_the_other_rows(
    ner_checkpoint: Path,
) -> None:
    nlp = make_pipeline(ner_checkpoint)
    nlp(TEXT)
    before = copy_weights(nlp)
    assert get_ner(nlp).add_label("DRUG") == 1
    after = copy_weights(nlp)
    assert get_ner(nlp).labels == ("PER", "ORG", "LOC", "MISC", "DRUG")
    assert after["classifier.weight"].shape[0] == before["classifier.weight"].shape[0] + 2
    n_tags = len(before["classifier.weight"])
    assert np.array_equal(after["classifier.weight"][:n_tags], before["classifier.weight"])
    assert np.array_equal(after["classifier.bias"][:n_tags], before["classifier.bias"])


def test_entities_stay_what_they_were_when_a_label_is_added_that_the_model_thinks_unlikely(
    ner_checkpoint: Path,
) -> None:
    nlp = make_pipeline(ner_checkpoint)
    before = [find(doc) for doc in nlp.pipe(TEXTS)]
    get_ner(nlp).add_label("DRUG")
    get_checkpoint(nlp).network.classifier.bias.data[-2:] = -50.0
    assert [find(doc) for doc in nlp.pipe(TEXTS)] == before
    assert any(before)


@pytest.mark.parametrize(
    "names", [("PAD", "O", "B-PER", "I-PER", "[CLS]"), ("o", "per-b", "per-i"), ("O", "PER", "LOC")]
)
def test_names_of_a_checkpoint_stay_until_its_head_changes_and_mean_the_same_then(
    names: tuple[str, ...], tmp_path: Path
) -> None:
    nlp = make_pipeline(make_checkpoint(tmp_path / "checkpoint", labels=names))
    nlp.to_disk(tmp_path / "same")
    assert (
        tuple(get_checkpoint(spacy.load(tmp_path / "same")).network.config.id2label.values())
        == names
    )
    known = get_ner(nlp).labels
    get_ner(nlp).add_label("NEW")
    nlp.to_disk(tmp_path / "other")
    other = spacy.load(tmp_path / "other")
    assert get_ner(other).labels == (*known, "NEW")
    config = get_checkpoint(other).network.config
    assert config.id2label == {i: name for name, i in config.label2id.items()}
    assert [summarise(doc) for doc in other.pipe(TEXTS)] == [
        summarise(doc) for doc in nlp.pipe(TEXTS)
    ]


def test_a_label_added_to_a_trained_pipe_can_be_trained_at_once(encoder_checkpoint: Path) -> None:
    nlp = make_pipeline(encoder_checkpoint)
    examples = make_examples(nlp)
    nlp.initialize(lambda: examples)
    train(nlp, examples)
    get_ner(nlp).add_label("FRUIT")
    more = make_examples(nlp, [("Ripe mango tastes well.", [(5, 10, "FRUIT")])])
    train(nlp, examples + more)
    assert find(nlp("Ripe mango tastes well.")) == [("mango", "FRUIT")]
    assert find(nlp("Who is Shaka Khan?")) == [("Shaka Khan", "PERSON")]


def test_a_pipe_with_a_label_added_late_survives_a_round_trip(
    encoder_checkpoint: Path, tmp_path: Path
) -> None:
    nlp = initialize_pipeline(encoder_checkpoint)
    get_ner(nlp).add_label("LATE")
    ner = get_ner(nlp)
    ner.to_disk(tmp_path / "ner")
    other = get_ner(make_pipeline(encoder_checkpoint)).from_disk(tmp_path / "ner")
    assert other.labels == ner.labels == ("LOC", "PERSON", "LATE")


def test_labels_mean_the_same_after_a_round_trip_whatever_order_they_were_added_in(
    encoder_checkpoint: Path,
) -> None:
    nlp = make_pipeline(encoder_checkpoint)
    for label in ("ZEBRA", "PERSON", "ANT", "LOC"):
        get_ner(nlp).add_label(label)
    examples = make_examples(nlp)
    nlp.initialize(lambda: examples)
    train(nlp, examples)
    other = make_pipeline(encoder_checkpoint).from_bytes(nlp.to_bytes())
    assert get_ner(other).labels == ("ZEBRA", "PERSON", "ANT", "LOC")
    assert [summarise(doc) for doc in other.pipe(TEXTS)] == [
        summarise(doc) for doc in nlp.pipe(TEXTS)
    ]
    assert find(other("Who is Shaka Khan?")) == [("Shaka Khan", "PERSON")]


def test_a_thousand_labels_can_be_added_and_trained(encoder_checkpoint: Path) -> None:
    nlp = make_pipeline(encoder_checkpoint)
    for i in range(1000):
        get_ner(nlp).add_label(f"TYPE{i}")
    nlp.initialize()
    example = Example.from_dict(
        nlp.make_doc("One label of many"), {"entities": [(4, 9, "TYPE999")]}
    )
    train(nlp, [example], n_steps=3)
    assert len(get_ner(nlp).labels) == 1000
    assert all(token.ent_iob for token in nlp("One label of many"))


def test_no_labels_appear_that_nobody_named(encoder_checkpoint: Path) -> None:
    nlp = make_pipeline(encoder_checkpoint)
    get_ner(nlp).add_label("CITIZENSHIP")
    nlp.initialize()
    other = make_pipeline(encoder_checkpoint).from_bytes(nlp.to_bytes())
    assert get_ner(other).labels == ("CITIZENSHIP",)
    assert get_ner(other).label_data == ["CITIZENSHIP"]


@pytest.mark.parametrize("label", ["JOB-NAME", "creative-work", "B-side", "日本", "a b", "A\nB"])
def test_a_label_may_hold_hyphens_white_space_and_any_script(
    label: str, encoder_checkpoint: Path
) -> None:
    nlp = make_pipeline(encoder_checkpoint)
    examples = make_examples(nlp, [("Who is Shaka Khan?", [(7, 17, label)])])
    nlp.initialize(lambda: examples)
    train(nlp, examples)
    other = make_pipeline(encoder_checkpoint).from_bytes(nlp.to_bytes())
    assert get_ner(other).labels == (label,)
    assert find(other("Who is Shaka Khan?")) == [("Shaka Khan", label)]


def test_spacys_tools_find_the_labels_of_the_component_by_its_factory(ner_checkpoint: Path) -> None:
    nlp = make_pipeline(ner_checkpoint)
    assert _get_labels_from_model(nlp, "hf_ner") == {"PER", "ORG", "LOC", "MISC"}


def test_labels_of_a_loaded_pipeline_are_known_before_it_is_used(
    encoder_checkpoint: Path, tmp_path: Path
) -> None:
    nlp = initialize_pipeline(encoder_checkpoint)
    nlp.to_disk(tmp_path)
    assert get_ner(spacy.load(tmp_path)).labels == ("LOC", "PERSON")


@pytest.mark.parametrize("label", ["ANIMAL", "MISC"])
@pytest.mark.parametrize("is_used_before", [True, False])
def test_labels_added_to_a_trained_checkpoint_join_those_of_the_data(
    *, label: str, is_used_before: bool, ner_checkpoint: Path
) -> None:
    nlp = make_pipeline(ner_checkpoint)
    if is_used_before:
        nlp(TEXT)
    get_ner(nlp).add_label(label)
    nlp.initialize(lambda: make_examples(nlp))
    assert set(get_ner(nlp).labels) == {label, "LOC", "PERSON"}
    nlp.initialize(lambda: make_examples(nlp))
    assert set(get_ner(nlp).labels) == {"LOC", "PERSON"}


def test_a_label_added_to_a_trained_checkpoint_joins_its_own_where_there_is_no_data(
    ner_checkpoint: Path,
) -> None:
    nlp = make_pipeline(ner_checkpoint)
    get_ner(nlp).add_label("ANIMAL")
    nlp.initialize()
    assert get_ner(nlp).labels == ("PER", "ORG", "LOC", "MISC", "ANIMAL")
