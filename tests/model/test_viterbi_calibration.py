"""``viterbi_calibration.json``: read into transition scores, refused if damaged, kept on save."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from spacy_hf_ner.core.chain import TransitionScores
from spacy_hf_ner.core.labels import make_tag_set
from spacy_hf_ner.core.schemes import SCHEMES
from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.checkpoint import read_checkpoint, write_checkpoint
from spacy_hf_ner.model.hf_classifier import HFTokenClassifier, make_hf_model
from spacy_hf_ner.model.settings import Settings
from spacy_hf_ner.model.viterbi_calibration import (
    VITERBI_CALIBRATION_FILE,
    read_viterbi_calibration,
)
from tests.checkpoints import make_checkpoint

BIASES = {
    "transition_bias_background_stay": -2.5,
    "transition_bias_background_to_start": 2.5,
    "transition_bias_inside_to_continue": 1,
    "transition_bias_inside_to_end": 0.0,
    "transition_bias_end_to_background": -1.0,
    "transition_bias_end_to_start": 0.5,
}
SCORES = TransitionScores(
    stay_outside=-2.5,
    outside_to_start=2.5,
    go_on=1.0,
    go_on_to_end=0.0,
    end_to_outside=-1.0,
    end_to_start=0.5,
)


def write_file(folder: Path, biases: Any, **other: Any) -> bytes:
    """Write a file with these biases, and return its bytes."""
    points = {"default": {"biases": biases}, "high_recall": {"biases": {}}}
    text = json.dumps({"operating_points": points, **other}, indent=4)
    (folder / VITERBI_CALIBRATION_FILE).write_text(text, encoding="utf8")
    return text.encode("utf8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_checkpoint(tmp_path / "bert")


def test_a_folder_without_the_file_has_none(tmp_path: Path) -> None:
    assert read_viterbi_calibration(tmp_path, "x") is None


def test_the_default_operating_point_is_read_and_other_content_kept(tmp_path: Path) -> None:
    content = write_file(tmp_path, BIASES, note="tuned on our own data")
    read = read_viterbi_calibration(tmp_path, "x")
    assert read is not None
    assert (read.scores, read.content) == (SCORES, content)


@pytest.mark.parametrize(
    ("biases", "message"),
    [
        ({**BIASES, "transition_bias_end_to_start": "0.5"}, "to be a number .* got '0.5'"),
        ({**BIASES, "transition_bias_end_to_start": True}, "to be a number .* got True"),
        ({**BIASES, "transition_bias_end_to_start": float("nan")}, "to be a number .* got nan"),
        ({**BIASES, "transition_bias_end_to_start": -1e300}, "to be a number .* got -1e"),
        ({**BIASES, "transition_bias_new": 1.0}, "transition_bias_new: decoding would not be"),
        ({"transition_bias_end_to_start": 1.0}, "expected the biases transition_bias_background"),
        ([1.0], r"got \[1.0\]: decoding would not be"),
    ],
)
def test_other_biases_are_refused_with_the_name_of_the_file(
    tmp_path: Path, biases: Any, message: str
) -> None:
    write_file(tmp_path, biases)
    with pytest.raises(CheckpointError, match=message) as caught:
        read_viterbi_calibration(tmp_path, "my model")
    assert re.match(r"my model: expected .*viterbi_calibration\.json", str(caught.value))
    assert "remove it to decode without" in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff", b'{"operating_points": {}}', b"[" * 100_000]
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / VITERBI_CALIBRATION_FILE).write_bytes(content)
    with pytest.raises(CheckpointError, match=r"x: viterbi_calibration\.json is damaged"):
        read_viterbi_calibration(tmp_path, "x")


def test_a_file_of_a_hundred_megabytes_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / VITERBI_CALIBRATION_FILE).open("wb") as file:
        file.truncate(200_000_000)
    with pytest.raises(CheckpointError, match="more than 100,000,000"):
        read_viterbi_calibration(tmp_path, "x")


def test_a_checkpoint_is_saved_with_the_file_as_it_was(folder: Path, tmp_path: Path) -> None:
    content = write_file(folder, BIASES)
    write_checkpoint(read_checkpoint(folder), tmp_path / "saved")
    assert (tmp_path / "saved" / VITERBI_CALIBRATION_FILE).read_bytes() == content


def test_a_model_saved_over_it_leaves_no_scores_of_another_one(
    folder: Path, tmp_path: Path
) -> None:
    other = make_hf_model(Settings(name=str(make_checkpoint(tmp_path / "other"))))
    write_file(folder, BIASES)
    model = make_hf_model(Settings(name=str(folder)))
    for saved in (model, other):
        shim = HFTokenClassifier(saved).shim
        shim.load("auto")
        shim.to_disk(tmp_path / "saved")
    assert not (tmp_path / "saved" / VITERBI_CALIBRATION_FILE).exists()


def test_scores_stay_with_the_head_and_go_with_its_last_type(folder: Path) -> None:
    write_file(folder, BIASES)
    classifier = HFTokenClassifier(make_hf_model(Settings(name=str(folder))))
    assert classifier.transition_scores == TransitionScores()
    classifier.load("auto")
    assert classifier.transition_scores == SCORES
    classifier.set_tags(make_tag_set(["PER", "NEW"], SCHEMES["IOBES"]), scheme="auto")
    assert classifier.transition_scores == SCORES
    classifier.set_tags(make_tag_set(["NEW"], SCHEMES["IOBES"]), scheme="auto")
    classifier.set_tags(make_tag_set(["OTHER"], SCHEMES["IOBES"]), scheme="auto")
    assert classifier.transition_scores == TransitionScores()
