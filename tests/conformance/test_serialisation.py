"""Folders, bytes, pickles and copies: what is saved is whole, and needs nothing but itself."""

import copy
import json
import pickle
import shutil
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from transformers import AutoModelForTokenClassification

from spacy_hf_ner.errors import CheckpointError
from tests.checkpoints import TOKENIZER_KINDS, TokenizerKind, make_checkpoint
from tests.conformance.kinds import Kind, for_hf_ner
from tests.conformance.pipelines import (
    TEXT,
    TEXTS,
    add_hf_ner,
    find,
    get_checkpoint,
    get_component,
    get_ner,
    make_examples,
    make_pipeline,
    summarise,
    train,
)


@pytest.fixture
def trained(kind: Kind) -> Language:
    """Return a pipeline that was trained a little."""
    nlp = kind.initialize_pipeline()
    train(nlp, kind.make_examples(nlp), n_steps=10)
    return nlp


def predict(nlp: Language) -> list[object]:
    return [summarise(doc) for doc in nlp.pipe(TEXTS)]


def test_a_pipeline_read_from_disk_or_bytes_predicts_the_same(
    kind: Kind, trained: Language, tmp_path: Path
) -> None:
    trained.to_disk(tmp_path)
    assert predict(spacy.load(tmp_path)) == predict(trained)
    assert predict(kind.make_pipeline("nowhere/at-all").from_bytes(trained.to_bytes())) == predict(
        trained
    )


@pytest.mark.parametrize("kind", TOKENIZER_KINDS)
def test_the_tokenizer_of_every_kind_is_saved_with_the_model(
    kind: TokenizerKind, tmp_path: Path
) -> None:
    nlp = make_pipeline(make_checkpoint(tmp_path / "source", kind=kind))
    expected = predict(nlp)
    nlp.to_disk(tmp_path / "saved")
    shutil.rmtree(tmp_path / "source")
    assert predict(spacy.load(tmp_path / "saved")) == expected


def test_a_component_read_from_disk_or_bytes_predicts_the_same(
    kind: Kind, trained: Language, tmp_path: Path
) -> None:
    get_component(trained).to_disk(tmp_path / "ner")
    data = get_component(trained).to_bytes()
    from_disk = kind.make_pipeline("nowhere/at-all")
    from_bytes = kind.make_pipeline("nowhere/at-all")
    assert get_component(from_disk).from_disk(tmp_path / "ner") is get_component(from_disk)
    assert get_component(from_bytes).from_bytes(data) is get_component(from_bytes)
    assert predict(from_disk) == predict(from_bytes) == predict(trained)


def test_saving_twice_gives_the_same_bytes(kind: Kind, trained: Language) -> None:
    once = get_component(trained).to_bytes(exclude=["vocab"])
    again = get_component(kind.make_pipeline("nowhere/at-all")).from_bytes(once, exclude=["vocab"])
    assert again.to_bytes(exclude=["vocab"]) == once


def test_a_saved_pipeline_loads_offline_with_its_source_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make_checkpoint(tmp_path / "source")
    nlp = make_pipeline(source)
    expected = predict(nlp)
    nlp.to_disk(tmp_path / "saved")
    shutil.rmtree(source)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    (tmp_path / "saved").rename(tmp_path / "moved")
    loaded = spacy.load(tmp_path / "moved")
    assert predict(loaded) == expected
    loaded.to_disk(tmp_path / "again")
    assert predict(spacy.load(tmp_path / "again")) == expected


def test_a_pipe_saved_before_its_first_use_is_whole(tmp_path: Path) -> None:
    source = make_checkpoint(tmp_path / "source")
    expected = predict(make_pipeline(source))
    make_pipeline(source).to_disk(tmp_path / "saved")
    data = make_pipeline(source).to_bytes()
    shutil.rmtree(source)
    assert predict(spacy.load(tmp_path / "saved")) == expected
    assert predict(make_pipeline("nowhere/at-all").from_bytes(data)) == expected


def test_an_encoder_saved_before_it_is_trained_can_be_trained_when_it_is_read(
    encoder_checkpoint: Path, tmp_path: Path
) -> None:
    nlp = make_pipeline(encoder_checkpoint)
    get_ner(nlp).add_label("EXTRA")
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    loaded.initialize(lambda: make_examples(loaded))
    train(loaded, make_examples(loaded))
    assert find(loaded("Who is Shaka Khan?")) == [("Shaka Khan", "PERSON")]
    assert set(get_ner(loaded).labels) == {"EXTRA", "LOC", "PERSON"}


def test_the_saved_folder_is_a_hugging_face_checkpoint_without_pickles(
    kind: Kind, trained: Language, tmp_path: Path
) -> None:
    trained.to_disk(tmp_path)
    network = AutoModelForTokenClassification.from_pretrained(tmp_path / kind.factory / "model")
    first = {"hf_ner": "O", "hf_tagger": "AUX"}
    assert network.config.id2label[0] == first[kind.factory]
    assert network.classifier.weight.equal(get_checkpoint(trained).network.classifier.weight)
    names = {path.name for path in (tmp_path / kind.factory).rglob("*") if path.is_file()}
    assert "model.safetensors" in names
    assert not {name for name in names if name.endswith((".bin", ".pt", ".pkl", ".pickle"))}


def test_saved_weights_are_float32_whatever_precision_predicts(kind: Kind, tmp_path: Path) -> None:
    nlp = kind.make_pipeline(model={"precision": "bf16"})
    nlp(TEXT)
    nlp.to_disk(tmp_path)
    config = json.loads(
        (tmp_path / kind.factory / "model" / "config.json").read_text(encoding="utf8")
    )
    assert config.get("dtype", config.get("torch_dtype")) == "float32"


def test_a_saved_pipe_carries_a_version_that_other_versions_refuse(
    kind: Kind, trained: Language, tmp_path: Path
) -> None:
    trained.to_disk(tmp_path)
    notes = tmp_path / kind.factory / "model" / "spacy_hf_ner.json"
    stored = json.loads(notes.read_text(encoding="utf8"))
    notes.write_text(json.dumps(stored | {"format_version": 99}), encoding="utf8")
    with pytest.raises(ValueError, match=r"99.*reads 1"):
        spacy.load(tmp_path)


@pytest.mark.parametrize("field", ["cfg", "model", "vocab"])
def test_a_field_that_is_excluded_is_neither_written_nor_read(
    kind: Kind, field: str, trained: Language, tmp_path: Path
) -> None:
    ner = get_component(trained)
    ner.to_disk(tmp_path / "without", exclude=[field])
    assert not (tmp_path / "without" / field).exists()
    assert ner.to_bytes(exclude=[field]) != ner.to_bytes()
    ner.to_disk(tmp_path / "with")
    shutil.rmtree(tmp_path / "with" / field) if field != "cfg" else (
        tmp_path / "with" / field
    ).unlink()
    other = get_component(kind.make_pipeline("nowhere/at-all"))
    other.from_disk(tmp_path / "with", exclude=[field])
    assert other.labels == (() if field == "model" else kind.labels)


def test_reading_bytes_without_the_model_leaves_the_model_that_is_there(trained: Language) -> None:
    data = get_component(trained).to_bytes()
    before = predict(trained)
    get_component(trained).from_bytes(data, exclude=["model"])
    assert predict(trained) == before


def test_strings_of_the_labels_are_in_the_vocab_that_is_saved(encoder_checkpoint: Path) -> None:
    nlp = make_pipeline(encoder_checkpoint)
    nlp.initialize(lambda: make_examples(nlp, [("Who is Shaka Khan?", [(7, 17, "SINGER")])]))
    other = make_pipeline("nowhere/at-all").from_bytes(nlp.to_bytes())
    assert "SINGER" in other.vocab.strings


@pytest.mark.parametrize("way", ["disk", "bytes"])
def test_strings_of_the_labels_are_in_a_vocab_that_was_not_saved_with_the_component(
    kind: Kind, trained: Language, tmp_path: Path, way: str
) -> None:
    component = get_component(trained)
    other = get_component(kind.make_pipeline("nowhere/at-all"))
    if way == "disk":
        component.to_disk(tmp_path / "pipe", exclude=["vocab"])
        other.from_disk(tmp_path / "pipe", exclude=["vocab"])
    else:
        other.from_bytes(component.to_bytes(exclude=["vocab"]), exclude=["vocab"])
    assert other.labels
    for label in other.labels:
        assert label in other.vocab.strings


@for_hf_ner
def test_a_component_can_be_excluded_or_disabled_when_a_pipeline_is_loaded(
    trained: Language, tmp_path: Path
) -> None:
    trained.to_disk(tmp_path)
    assert spacy.load(tmp_path, exclude=["hf_ner"]).pipe_names == []
    disabled = spacy.load(tmp_path, disable=["hf_ner"])
    assert disabled.pipe_names == []
    assert not disabled(TEXT).has_annotation("ENT_IOB")
    disabled.enable_pipe("hf_ner")
    assert predict(disabled) == predict(trained)
    assert spacy.load(tmp_path, enable=["hf_ner"]).pipe_names == ["hf_ner"]


def test_a_disabled_component_is_saved_all_the_same(
    kind: Kind, trained: Language, tmp_path: Path
) -> None:
    expected = predict(trained)
    trained.disable_pipe(kind.factory)
    trained.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert loaded.disabled == [kind.factory]
    loaded.enable_pipe(kind.factory)
    assert predict(loaded) == expected


def test_settings_given_when_a_pipeline_is_loaded_win(ner_checkpoint: Path, tmp_path: Path) -> None:
    make_pipeline(ner_checkpoint).to_disk(tmp_path)
    settings = {
        "components": {
            "hf_ner": {"threshold": 0.5, "spans_key": "mine", "model": {"window": 16, "overlap": 4}}
        }
    }
    nlp = spacy.load(tmp_path, config=settings)
    assert get_ner(nlp).cfg["threshold"] == 0.5
    assert "mine" in nlp(TEXT).spans
    reading = get_ner(nlp).model.shims[0].reading  # type: ignore[attr-defined]
    assert (reading.window, reading.overlap) == (16, 4)


def test_settings_changed_in_memory_are_saved(ner_checkpoint: Path, tmp_path: Path) -> None:
    nlp = make_pipeline(ner_checkpoint, threshold=0.1)
    ner = get_ner(nlp)
    ner.threshold = 0.9
    ner.overwrite = "overlapping"
    ner.spans_key = "mine"
    nlp.to_disk(tmp_path)
    loaded = get_ner(spacy.load(tmp_path))
    assert (loaded.threshold, loaded.overwrite, loaded.spans_key) == (0.9, "overlapping", "mine")
    again = get_ner(make_pipeline(ner_checkpoint, threshold=0.1).from_bytes(nlp.to_bytes()))
    assert (again.threshold, again.spans_key) == (0.9, "mine")


def test_a_threshold_set_in_cfg_is_saved_as_one_set_on_the_component(
    ner_checkpoint: Path, tmp_path: Path
) -> None:
    nlp = make_pipeline(ner_checkpoint)
    get_ner(nlp).cfg["threshold"] = 0.9
    nlp.to_disk(tmp_path)
    loaded = get_ner(spacy.load(tmp_path))
    assert loaded.threshold == loaded.cfg["threshold"] == 0.9


def test_a_config_that_was_edited_after_saving_wins_over_what_was_changed_before(
    ner_checkpoint: Path, tmp_path: Path
) -> None:
    nlp = make_pipeline(ner_checkpoint, threshold=0.1)
    get_ner(nlp).threshold = 0.9
    nlp.to_disk(tmp_path)
    edited = {"components": {"hf_ner": {"threshold": 0.25}}}
    assert get_ner(spacy.load(tmp_path, config=edited)).threshold == 0.25


def test_a_pipeline_in_which_nothing_was_changed_stores_no_settings_beside_its_config(
    ner_checkpoint: Path, tmp_path: Path
) -> None:
    make_pipeline(ner_checkpoint, threshold=0.1).to_disk(tmp_path)
    assert "settings" not in json.loads((tmp_path / "hf_ner" / "cfg").read_text(encoding="utf8"))


def test_window_and_subword_labels_of_training_are_stored_with_the_model(
    kind: Kind, tmp_path: Path
) -> None:
    nlp = kind.initialize_pipeline(model={"window": 40, "subword_labels": "all_inside"})
    nlp.to_disk(tmp_path)
    again = kind.make_pipeline(tmp_path / kind.factory / "model")
    again(TEXT)
    checkpoint = get_checkpoint(again)
    assert (checkpoint.window, checkpoint.subword_labels) == (40, "all_inside")


@pytest.mark.parametrize("entity_types", [["CITY"], ["PER", "CITY"]])
def test_labels_that_name_the_columns_of_the_source_leave_what_was_trained_alone(
    tmp_path: Path, entity_types: list[str]
) -> None:
    source = make_checkpoint(tmp_path / "source", labels=("LABEL_0", "LABEL_1", "LABEL_2"))
    model = {"labels": ["O", "B-PER", "I-PER"]}
    nlp = make_pipeline(source, model=model)
    assert get_ner(nlp).labels == ("PER",)
    nlp.initialize(
        lambda: make_examples(
            nlp, [("I like London.", [(7, 13, name) for name in entity_types[-1:]])]
        )
    )
    for name in entity_types:
        get_ner(nlp).add_label(name)
    labels = get_ner(nlp).labels
    assert set(labels) == set(entity_types)
    nlp.to_disk(tmp_path / "saved")
    assert get_ner(spacy.load(tmp_path / "saved")).labels == labels
    assert get_ner(make_pipeline(source, model=model).from_bytes(nlp.to_bytes())).labels == labels


def test_a_model_saved_over_another_leaves_nothing_of_it_and_all_that_is_not_its_own(
    kind: Kind, trained: Language, tmp_path: Path
) -> None:
    trained.to_disk(tmp_path)
    folder = tmp_path / kind.factory / "model"
    expected = {path.name for path in folder.iterdir()}
    stale = (
        "model.onnx",
        "model-00001-of-00002.safetensors",
        "model.safetensors.index.json",
        "vocab.txt",
        "tok2vec",
    )
    kept = ("README.md", "pytorch_model.bin", "training_args.json", "my-model.safetensors")
    for name in (*stale, *kept):
        (folder / name).write_text("{}", encoding="utf8")
    trained.to_disk(tmp_path)
    assert {path.name for path in folder.iterdir()} == expected | {*kept}
    assert predict(spacy.load(tmp_path)) == predict(trained)


def test_a_folder_that_somebody_else_has_written_keeps_its_files(
    kind: Kind, trained: Language, tmp_path: Path
) -> None:
    folder = tmp_path / kind.factory / "model"
    folder.mkdir(parents=True)
    (folder / "vocab.txt").touch()
    trained.to_disk(tmp_path)
    assert (folder / "vocab.txt").exists()


def test_a_pipeline_whose_model_is_gone_says_so(
    kind: Kind, trained: Language, tmp_path: Path
) -> None:
    trained.to_disk(tmp_path)
    shutil.rmtree(tmp_path / kind.factory / "model")
    with pytest.raises(
        CheckpointError, match=r"expected a checkpoint folder with config\.json, found nothing"
    ):
        spacy.load(tmp_path)


def test_a_pipeline_and_its_component_can_be_pickled(kind: Kind, trained: Language) -> None:
    assert predict(pickle.loads(pickle.dumps(trained))) == predict(trained)  # noqa: S301
    ner = pickle.loads(pickle.dumps(get_component(trained)))  # noqa: S301
    doc = ner(trained.make_doc("Who is Shaka Khan?"))
    assert kind.find(doc) == kind.find(trained("Who is Shaka Khan?"))


def test_an_unused_component_can_be_pickled_and_is_still_unused(kind: Kind) -> None:
    nlp = kind.make_pipeline()
    other = pickle.loads(pickle.dumps(nlp))  # noqa: S301
    assert get_checkpoint(other) is None
    assert predict(other) == predict(nlp)


@for_hf_ner
def test_a_deep_copy_of_the_model_is_independent(trained: Language) -> None:
    model = copy.deepcopy(get_ner(trained).model)
    twin = get_ner(trained).model.copy()
    expected = predict(trained)
    train(trained, make_examples(trained, [("Who is Shaka Khan?", [(0, 3, "LOC")])]))
    assert predict(trained) != expected
    for other in (model, twin):
        get_ner(trained).model = other
        assert predict(trained) == expected


def test_models_can_go_through_thincs_own_bytes(kind: Kind, trained: Language) -> None:
    nlp = kind.make_pipeline("nowhere/at-all")
    get_component(nlp).model.from_bytes(get_component(trained).model.to_bytes())
    assert predict(nlp) == predict(trained)


@for_hf_ner
def test_several_instances_of_the_factory_are_saved_apart(
    ner_checkpoint: Path, trained: Language, tmp_path: Path
) -> None:
    add_hf_ner(trained, ner_checkpoint, name="second", spans_key="second")
    trained.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert loaded.pipe_names == ["hf_ner", "second"]
    assert get_ner(loaded).labels == ("LOC", "PERSON")
    assert get_ner(loaded, "second").labels == ("PER", "ORG", "LOC", "MISC")
    assert predict(loaded) == predict(trained)


def test_a_pipeline_is_rebuilt_from_its_config_and_its_bytes(
    trained: Language, tmp_path: Path
) -> None:
    trained.config.to_disk(tmp_path / "config.cfg")
    config = spacy.util.load_config(tmp_path / "config.cfg")
    nlp = spacy.util.load_model_from_config(config, auto_fill=True)
    nlp.from_bytes(trained.to_bytes())
    assert predict(nlp) == predict(trained)
    assert nlp.config.to_str() == trained.config.to_str()


def test_a_path_may_be_given_as_text(kind: Kind, trained: Language, tmp_path: Path) -> None:
    get_component(trained).to_disk(str(tmp_path / "pipe"))
    component = get_component(kind.make_pipeline("nowhere/at-all"))
    assert component.from_disk(str(tmp_path / "pipe")).labels == kind.labels
