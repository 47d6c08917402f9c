"""An adapter in the folder of its weights is merged; one that needs more than that is refused."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import spacy
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForTokenClassification

from spacy_hf_ner.errors import CheckpointError, MissingExtraError
from spacy_hf_ner.model.adapters import ADAPTER_CONFIG, read_adapter
from spacy_hf_ner.model.checkpoint import peek_tag_set, read_checkpoint
from tests.checkpoints import CONLL_LABELS, make_checkpoint

WEIGHTS = "adapter_model.safetensors"
IDS = torch.tensor([[2, 9, 12, 20, 33, 3]])
TEXT = "Angela Merkel met Tim Cook in San José."

# What peft writes where nothing special is asked for.
PLAIN = {
    "peft_type": "LORA",
    "task_type": "TOKEN_CLS",
    "base_model_name_or_path": "somebody/elsewhere",
    "r": 8,
    "lora_alpha": 8,
    "target_modules": ["query", "value"],
    "modules_to_save": ["classifier", "score"],
    "inference_mode": True,
    "megatron_config": None,
    "megatron_core": "megatron.core",
    "loftq_config": {},
}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("base") / "bert")


@pytest.fixture
def folder(base: Path, tmp_path: Path) -> Path:
    """Return a checkpoint beside which an adapter may be put."""
    return Path(shutil.copytree(base, tmp_path / "bert"))


def describe(folder: Path, **settings: Any) -> Path:
    """Put an adapter's config into a folder, and weights that nobody needs to read."""
    (folder / ADAPTER_CONFIG).write_text(json.dumps(PLAIN | settings), encoding="utf8")
    save_file({"a": torch.zeros(1)}, folder / WEIGHTS)
    return folder


def train(folder: Path, **settings: Any) -> torch.Tensor:
    """Put an adapter with random weights into a folder, and return the logits that peft has."""
    peft = pytest.importorskip("peft", reason="adapters are merged by peft, an extra")
    network = AutoModelForTokenClassification.from_pretrained(folder)
    asked = {"r": 4, "lora_alpha": 16, "target_modules": ["query", "value"], **settings}
    adapted = peft.get_peft_model(network, peft.LoraConfig(task_type="TOKEN_CLS", **asked)).eval()
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in adapted.parameters():
            if parameter.requires_grad:
                parameter.normal_(std=0.3)
        logits: torch.Tensor = adapted(input_ids=IDS).logits
    adapted.save_pretrained(folder)
    written = json.loads((folder / ADAPTER_CONFIG).read_text("utf8"))
    written["base_model_name_or_path"] = "somebody/elsewhere"
    (folder / ADAPTER_CONFIG).write_text(json.dumps(written), encoding="utf8")
    return logits


def read_logits(folder: Path) -> torch.Tensor:
    with torch.no_grad():
        logits: torch.Tensor = read_checkpoint(folder).network(input_ids=IDS).logits
    return logits


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"use_rslora": True},
        {"use_dora": True},
        {"bias": "all"},
        {"target_modules": r".*attention.*\.(query|key)"},
        {"rank_pattern": {"query": 2}, "alpha_pattern": {"value": 3}},
        {"layers_to_transform": [0]},
    ],
)
def test_an_adapter_beside_its_weights_is_merged(folder: Path, settings: dict[str, Any]) -> None:
    without = read_logits(folder)
    expected = train(folder, **settings)
    found = read_logits(folder)
    assert torch.allclose(found, expected, atol=1e-4)
    assert not torch.allclose(found, without, atol=1e-2)


def test_it_is_said_and_what_is_saved_is_whole_without_the_adapter(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    train(folder)
    nlp = spacy.blank("en")
    nlp.add_pipe("hf_ner", config={"model": {"name": str(folder), "precision": "fp32"}})
    expected = nlp(TEXT)
    assert "the adapter in its folder (LoRA of rank 4) was merged into its weights" in caplog.text
    nlp.to_disk(tmp_path / "saved")
    saved = tmp_path / "saved" / "hf_ner" / "model"
    assert not [path.name for path in saved.iterdir() if "adapter" in path.name]
    keys = load_file(saved / "model.safetensors").keys()
    assert not [key for key in keys if "lora" in key or "base_layer" in key]
    found = spacy.load(tmp_path / "saved")(TEXT)
    assert found.to_json() == expected.to_json()


def test_an_adapter_may_bring_the_head(folder: Path) -> None:
    expected = train(folder)
    weights = load_file(folder / "model.safetensors")
    body = {key: tensor for key, tensor in weights.items() if not key.startswith("classifier")}
    save_file(body, folder / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((folder / "config.json").read_text("utf8"))
    config["architectures"] = ["BertForMaskedLM"]
    (folder / "config.json").write_text(json.dumps(config), encoding="utf8")
    tag_set = peek_tag_set(folder, labels=None, scheme="auto")
    assert tag_set is not None
    assert tag_set.labels == CONLL_LABELS
    assert read_checkpoint(folder).tag_set == tag_set
    assert torch.allclose(read_logits(folder), expected, atol=1e-4)


def test_an_adapter_of_another_network_is_refused(folder: Path) -> None:
    train(folder)
    tensors = load_file(folder / WEIGHTS)
    renamed = {key.replace("layer.0", "layer.7"): tensor for key, tensor in tensors.items()}
    save_file(renamed, folder / WEIGHTS)
    with pytest.raises(CheckpointError, match=r"does not fit the network .* it lacks 'base_model"):
        read_checkpoint(folder)


def test_a_rank_that_would_fill_the_memory_is_refused(folder: Path) -> None:
    train(folder)
    written = json.loads((folder / ADAPTER_CONFIG).read_text("utf8"))
    (folder / ADAPTER_CONFIG).write_text(json.dumps(written | {"r": 10**8}), encoding="utf8")
    with pytest.raises(CheckpointError, match=r"far larger than its weights|allocate memory"):
        read_checkpoint(folder)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"{}", b"[" * 10_000])
def test_a_damaged_adapter_is_refused(folder: Path, content: bytes) -> None:
    describe(folder)
    (folder / ADAPTER_CONFIG).write_bytes(content)
    with pytest.raises(CheckpointError, match=r"adapter_config\.json"):
        read_checkpoint(folder)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"peft_type": "IA3"}, "where peft_type is 'LORA', and here it is 'IA3'"),
        ({"task_type": None}, "where task_type is 'TOKEN_CLS', and here it is None"),
        ({"megatron_config": {"a": 1}}, "with the setting megatron_config are not merged"),
        ({"loftq_config": {"a": 1}}, "with the setting loftq_config are not merged"),
        ({"trainable_token_indices": [1]}, "with the setting trainable_token_indices"),
    ],
)
def test_an_adapter_that_asks_for_more_than_arithmetic_is_refused(
    folder: Path, settings: dict[str, Any], expected: str
) -> None:
    describe(folder, **settings)
    with pytest.raises(CheckpointError, match=rf"holds an adapter .*{expected}"):
        read_checkpoint(folder)


@pytest.mark.parametrize("file", ["config.json", "model.safetensors", WEIGHTS])
def test_an_adapter_without_all_that_it_needs_is_refused(folder: Path, file: str) -> None:
    describe(folder)
    assert read_adapter(folder, "bert") is not None
    (folder / file).unlink()
    (folder / "adapter_model.bin").write_bytes(b"a pickle")
    (folder / "pytorch_model.bin").write_bytes(b"a pickle")
    with pytest.raises(CheckpointError, match=r"holds an adapter .*merge_and_unload\(\)"):
        read_checkpoint(folder, allow_pickle=True)


def test_what_merges_adapters_is_named_where_it_is_not_installed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    describe(folder)
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(MissingExtraError, match=r"needs 'peft'.*adapters"):
        read_checkpoint(folder)


def test_a_folder_without_an_adapter_has_none(folder: Path) -> None:
    assert read_adapter(folder, "bert") is None
