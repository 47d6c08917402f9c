"""Weights in pickles, or in several files, become one file of safetensors, with equal tensors."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.checked_weights import find_weights
from spacy_hf_ner.model.pickles import _convert, convert_weights

WEIGHTS = {
    "embeddings.weight": torch.arange(12.0).reshape(4, 3),
    "classifier.weight": torch.ones(3, 2, dtype=torch.float16).T,  # not contiguous
    "position_ids": torch.arange(5),
}


def _check(found: dict[str, torch.Tensor]) -> None:
    assert found.keys() == WEIGHTS.keys()
    for name, tensor in WEIGHTS.items():
        assert found[name].dtype == tensor.dtype
        assert torch.equal(found[name], tensor)


@pytest.mark.parametrize("is_archive", [True, False], ids=["archive", "before torch 1.6"])
def test_a_pickle_keeps_its_tensors_and_nothing_else(is_archive: bool, tmp_path: Path) -> None:
    file = tmp_path / "pytorch_model.bin"
    content = {**WEIGHTS, "epoch": 3}
    torch.save(content, file, _use_new_zipfile_serialization=is_archive)
    _convert([file], tmp_path / "model.safetensors")
    _check(load_file(tmp_path / "model.safetensors"))


def test_tensors_that_share_memory_are_both_written(tmp_path: Path) -> None:
    table = torch.arange(6.0)
    torch.save({"input": table, "output": table, "half": table[:3]}, tmp_path / "tied.bin")
    _convert([tmp_path / "tied.bin"], tmp_path / "model.safetensors")
    found = load_file(tmp_path / "model.safetensors")
    assert torch.equal(found["output"], table)
    assert torch.equal(found["half"], table[:3])


@pytest.mark.parametrize("suffix", [".bin", ".safetensors"])
def test_shards_become_one_file(suffix: str, tmp_path: Path) -> None:
    stem = "pytorch_model" if suffix == ".bin" else "model"
    weight_map: dict[str, str] = {}
    for i, (name, tensor) in enumerate(WEIGHTS.items()):
        shard = tmp_path / f"{stem}-{i}-of-3{suffix}"
        save: Any = torch.save if suffix == ".bin" else save_file
        save({name: tensor.contiguous()}, shard)
        weight_map[name] = shard.name
    index = {"weight_map": weight_map}
    (tmp_path / f"{stem}{suffix}.index.json").write_text(json.dumps(index), encoding="utf8")
    weights = find_weights(tmp_path, "mine", allow_pickle=True)
    assert len(weights.files) == 3
    _convert(weights.files, tmp_path / "whole.safetensors")
    _check(load_file(tmp_path / "whole.safetensors"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [([torch.ones(1)], "got list"), ({"model": WEIGHTS, "epoch": 3}, "got model, epoch")],
)
def test_what_holds_no_tensors_by_name_is_refused(
    content: Any, reason: str, tmp_path: Path
) -> None:
    torch.save(content, tmp_path / "pytorch_model.bin")
    with pytest.raises((TypeError, ValueError), match=f"expected tensors by name, {reason}"):
        _convert([tmp_path / "pytorch_model.bin"], tmp_path / "model.safetensors")


def test_what_is_wrong_comes_back_from_the_process_that_reads(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"no pickle at all")
    with pytest.raises(CheckpointError, match=r"^mine: pytorch_model\.bin cannot be converted to"):
        convert_weights([tmp_path / "pytorch_model.bin"], tmp_path / "model.safetensors", "mine")
    assert not (tmp_path / "model.safetensors").exists()
