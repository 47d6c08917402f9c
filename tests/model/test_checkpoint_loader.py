"""A checkpoint is checked before it is kept: what is refused once is refused again."""

import logging
import shutil
from pathlib import Path

import numpy as np
import pytest

from spacy_hf_ner.errors import CheckpointError, ConfigError
from spacy_hf_ner.model.checkpoint import read_checkpoint
from spacy_hf_ner.model.checkpoint_loader import CheckpointLoader
from spacy_hf_ner.model.config_json import find_label_unit
from spacy_hf_ner.model.hf_classifier import HFTokenClassifier, make_hf_model
from spacy_hf_ner.model.settings import Settings
from tests.checkpoints import CONLL_LABELS, make_checkpoint
from tests.model.classifiers import MakeDocs, make_classifier

TEXT = "Angela Merkel met Tim Cook in San José."


@pytest.mark.parametrize("settings", [{"window": 511}, {"window": 16, "overlap": 9}])
def test_a_window_that_does_not_fit_is_refused_each_time(
    bert_folder: Path, settings: dict[str, int]
) -> None:
    classifier = HFTokenClassifier(make_hf_model(Settings(str(bert_folder), **settings)))  # type: ignore[arg-type]
    messages = []
    for _ in range(2):
        with pytest.raises(ConfigError) as refused:
            classifier.load("auto")
        messages.append(str(refused.value))
        assert classifier.shim.checkpoint is None
    assert messages[0] == messages[1]


def test_too_many_frozen_layers_are_refused_each_time(bert_folder: Path) -> None:
    classifier = HFTokenClassifier(make_hf_model(Settings(str(bert_folder), frozen_layers=99)))
    for _ in range(2):
        with pytest.raises(ConfigError, match="frozen_layers"):
            classifier.load("auto")


def test_a_folder_that_does_not_fit_leaves_the_model_as_it_was(
    bert_folder: Path, tmp_path: Path, make_docs: MakeDocs
) -> None:
    classifier = make_classifier(bert_folder, window=100)
    docs = make_docs([TEXT])
    expected = classifier.predict(docs)[0].rows
    short = make_checkpoint(tmp_path, max_position_embeddings=32, model_max_length=32, seed=1)
    for _ in range(2):
        with pytest.raises(ConfigError, match="window"):
            classifier.read(short, "auto")
    with pytest.raises(ConfigError, match="window"):
        classifier.shim.adopt(read_checkpoint(short))
    assert np.array_equal(classifier.predict(docs)[0].rows, expected)


def test_a_folder_that_cannot_be_read_leaves_the_model_as_it_was(
    bert_folder: Path, tmp_path: Path, make_docs: MakeDocs
) -> None:
    classifier = make_classifier(bert_folder)
    docs = make_docs([TEXT])
    expected = classifier.predict(docs)[0].rows
    damaged = Path(shutil.copytree(bert_folder, tmp_path / "damaged"))
    (damaged / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match=r"model\.safetensors is damaged"):
        classifier.read(damaged, "auto")
    assert np.array_equal(classifier.predict(docs)[0].rows, expected)


def test_the_labels_of_the_config_are_those_of_the_source_alone(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path, labels=("LABEL_0", "LABEL_1", "LABEL_2"))
    loader = CheckpointLoader(Settings(str(folder), labels=("O", "B-PER", "I-PER")))
    assert loader.fetch() == folder
    source = loader.read_source(folder, "auto")
    assert source.tag_set is not None
    assert source.tag_set.entity_types == ("PER",)
    assert loader.peek("auto") == source.tag_set
    with pytest.raises(CheckpointError, match="LABEL_0"):
        loader.read_saved(folder, "auto")


IOBES_LABELS = ("O", "B-PER", "I-PER", "E-PER", "S-PER")


@pytest.mark.parametrize(
    ("labels", "label_unit", "expected"),
    [
        (IOBES_LABELS, "auto", True),
        (IOBES_LABELS, "token", False),
        (CONLL_LABELS, "auto", False),
    ],
)
def test_what_is_assumed_of_labels_is_logged_where_it_decides(
    labels: tuple[str, ...],
    label_unit: str,
    expected: bool,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "spacy_hf_ner")
    folder = make_checkpoint(tmp_path, labels=labels)
    make_classifier(folder, label_unit=label_unit)
    assert ('label_unit = "subword"' in caplog.text) == expected


def test_labels_of_a_family_that_labels_subwords_are_read_so() -> None:
    assert find_label_unit({"model_type": "openai_privacy_filter"}) == "subword"
    assert find_label_unit({"model_type": "bert"}) is None
    assert find_label_unit({}) is None
