"""What folders of the hub hold that has to be read, obeyed, or refused with a sentence."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
import spacy
from transformers.models.auto.modeling_auto import MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES

from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.checkpoint import peek_tag_set, read_checkpoint, write_checkpoint
from tests.families.checks import Subject, check_rows
from tests.families.networks import make_family
from tests.model.classifiers import make_classifier

FILTER = "openai_privacy_filter"


def _change_config(folder: Path, **changes: Any) -> None:
    path = folder / "config.json"
    config = {**json.loads(path.read_text(encoding="utf8")), **changes}
    kept = {name: value for name, value in config.items() if value is not None}
    path.write_text(json.dumps(kept), encoding="utf8")


@pytest.mark.parametrize("family", ["gemma2", "t5gemma"])
def test_caps_of_attention_scores_are_not_left_out(family: str, tmp_path: Path) -> None:
    check_rows(Subject(family, tmp_path))


knows_filter = pytest.mark.skipif(
    FILTER not in MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES,
    reason=f"this version of transformers has no {FILTER}",
)


@knows_filter
def test_labels_that_only_the_class_of_the_config_names_are_read(tmp_path: Path) -> None:
    folder = make_family(FILTER, tmp_path, own_labels=True)
    _change_config(folder, id2label=None, label2id=None)
    tag_set = peek_tag_set(folder, labels=None, scheme="auto")
    assert tag_set is not None
    assert len(tag_set) == 33
    assert len(tag_set.entity_types) == 8
    assert read_checkpoint(folder).tag_set == tag_set


@knows_filter
def test_a_filter_is_read_by_subword_in_windows_as_long_as_its_layers_reach(tmp_path: Path) -> None:
    folder = make_family(FILTER, tmp_path, own_labels=True)
    _change_config(folder, sliding_window=100, max_position_embeddings=4096)
    classifier = make_classifier(folder)
    n_layers = classifier.shim.load("auto").network.config.num_hidden_layers
    assert classifier.shim.reading.window == n_layers * 100
    doc = spacy.blank("en")("write to ada.lovelace@example.org today")
    (predicted,) = classifier.predict([doc])
    (encoding,) = classifier.shim.load("auto").tokenizer.encode([doc])
    assert predicted.units.end_char.tolist() == encoding.end_char.tolist()
    assert len(predicted) > len(doc)


def test_a_network_that_was_made_for_pages_says_that_it_reads_text_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="spacy_hf_ner"):
        read_checkpoint(make_family("layoutlm", tmp_path))
    (record,) = caplog.records
    assert "LayoutLMForTokenClassification also takes bbox" in record.getMessage()


def test_weights_of_a_crf_are_said_not_to_be_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = make_family("bert", tmp_path / "published")
    _change_config(folder, crf_state_dict={"transitions": [[0.5, -1.0], [0.25, 0.0]]})
    with caplog.at_level(logging.WARNING, logger="spacy_hf_ner"):
        checkpoint = read_checkpoint(folder)
    (record,) = caplog.records
    assert "the weights of a CRF (crf_state_dict), which are not used" in record.getMessage()
    caplog.clear()
    write_checkpoint(checkpoint, tmp_path / "saved")
    read_checkpoint(tmp_path / "saved")
    assert not caplog.records


def test_a_type_that_transformers_does_not_have_is_said_in_a_sentence(tmp_path: Path) -> None:
    folder = make_family("bert", tmp_path)
    _change_config(folder, model_type="xlm-token")
    with pytest.raises(
        CheckpointError, match=r"'xlm-token' is none that transformers \d"
    ) as caught:
        read_checkpoint(folder)
    assert "pip install" not in str(caught.value)


def test_nobody_is_advised_to_run_the_code_of_a_checkpoint(tmp_path: Path) -> None:
    folder = make_family("bert", tmp_path)
    code = {"AutoConfig": "mine.Config", "AutoModelForTokenClassification": "mine.Network"}
    _change_config(folder, model_type="mine", auto_map=code)
    with pytest.raises(CheckpointError, match="it brings code of its own") as refused:
        read_checkpoint(folder)
    assert "trust_remote_code" not in str(refused.value)


def test_a_network_that_needs_a_language_says_so(tmp_path: Path) -> None:
    folder = make_family("xmod", tmp_path)
    _change_config(folder, default_language=None)
    with pytest.raises(CheckpointError, match=r"Input language unknown.*config\.json lacks"):
        read_checkpoint(folder)
