"""An input is known again, and so is a model."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from spacy_hf_ner.corpus.plain_texts import find_inputs
from spacy_hf_ner.scale.fingerprints import hash_input, hash_model, stamp_input


def test_the_stamp_changes_with_the_time_and_the_hash_with_the_content(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a"}\n', encoding="utf8")
    (source,) = find_inputs(str(path))
    stamp, digest = stamp_input(source), hash_input(source)
    assert (stamp, digest) == (stamp_input(source), hash_input(source))
    os.utime(path, (1, 1))
    assert stamp_input(source) != stamp
    assert hash_input(source) == digest
    path.write_text('{"text": "b"}\n', encoding="utf8")
    assert hash_input(source) != digest


def test_files_that_are_a_text_each_count_with_their_names(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(name, encoding="utf8")
    (source,) = find_inputs(str(tmp_path))
    digest = hash_input(source)
    (tmp_path / "b.txt").rename(tmp_path / "c.txt")
    assert hash_input(replace(source, files=("a.txt", "c.txt"))) != digest


def test_a_data_set_is_known_by_its_own_fingerprint(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    datasets.Dataset.from_list([{"text": "a"}]).save_to_disk(tmp_path / "saved")
    (source,) = find_inputs(str(tmp_path / "saved"))
    assert stamp_input(source) == hash_input(source) != ""


def test_a_model_is_what_its_files_hold(tmp_path: Path, model: Path) -> None:
    assert hash_model(str(model)) == hash_model(f"{model}/")
    assert hash_model("blank:en") == "blank:en"
    (tmp_path / "weights").write_bytes(b"1")
    assert hash_model(str(tmp_path)) != hash_model(str(model))
