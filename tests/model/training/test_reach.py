"""Dropout reaches all that drops, and a type that a network cannot train in is given up."""

import logging
from pathlib import Path

import pytest

from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.engines import precision
from tests.families.checks import TEXTS, Subject, check_dropout, load_ours, make_docs, train_a_step
from tests.families.networks import make_family


@pytest.mark.parametrize("family", ["bloom", "falcon", "gpt_bigcode", "mpt", "starcoder2", "xlnet"])
def test_all_that_drops_drops_what_training_asks_for(family: str, tmp_path: Path) -> None:
    check_dropout(Subject(family, tmp_path))


def test_training_falls_back_to_float32_once_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a CPU without bf16 of its own torch computes the same, slowly.
    monkeypatch.setattr(precision, "has_fast_bf16", lambda _device: True)
    ours = load_ours(make_family("deberta", tmp_path), mixed_precision="auto")
    with caplog.at_level(logging.WARNING, logger="spacy_hf_ner"):
        for _ in range(2):
            train_a_step(ours, make_docs(TEXTS))
    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == 1
    assert 'mixed_precision = "auto" means "none" for it' in messages[0]


def test_a_type_that_is_named_and_cannot_be_trained_in_is_refused(tmp_path: Path) -> None:
    ours = load_ours(make_family("deberta", tmp_path), mixed_precision="bf16")
    with pytest.raises(CheckpointError, match='Set mixed_precision = "auto" or "none"'):
        train_a_step(ours, make_docs(TEXTS))


def test_a_type_that_is_named_and_cannot_be_predicted_in_is_refused(tmp_path: Path) -> None:
    ours = load_ours(make_family("fnet", tmp_path), precision="bf16")
    with pytest.raises(CheckpointError, match='Set precision = "auto" or "fp32"'):
        ours.predict(make_docs(TEXTS))
