import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
)

from spacy_hf_ner.core.labels import read_labels
from spacy_hf_ner.errors import CheckpointError, TagError
from spacy_hf_ner.model.checkpoint import (
    Checkpoint,
    peek_tag_set,
    read_checkpoint,
    write_checkpoint,
)
from tests.checkpoints import CONLL_LABELS, make_checkpoint


@pytest.fixture
def folder(bert_folder: Path, tmp_path: Path) -> Path:
    """A copy of the tiny BERT that a test may spoil."""
    return Path(shutil.copytree(bert_folder, tmp_path / "bert"))


def _edit_config(folder: Path, **changes: Any) -> None:
    path = folder / "config.json"
    path.write_text(
        json.dumps(json.loads(path.read_text(encoding="utf8")) | changes), encoding="utf8"
    )


def _make_pickle(folder: Path) -> None:
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def test_a_checkpoint_is_read_with_its_tags_in_float32_and_eval_mode(bert: Checkpoint) -> None:
    assert bert.tag_set is not None
    assert bert.tag_set.labels == CONLL_LABELS
    assert not bert.network.training
    assert {p.dtype for p in bert.network.parameters()} == {torch.float32}
    assert bert.limits.max_subwords == 510


def test_half_precision_weights_are_read_as_float32(folder: Path) -> None:
    weights = {name: w.half() for name, w in load_file(folder / "model.safetensors").items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    _edit_config(folder, torch_dtype="float16", dtype="float16")
    assert {p.dtype for p in read_checkpoint(folder).network.parameters()} == {torch.float32}


def test_a_pickle_is_refused_and_read_only_when_it_is_asked_for(
    folder: Path, bert: Checkpoint
) -> None:
    _make_pickle(folder)
    with pytest.raises(CheckpointError, match=r"pickle \(pytorch_model\.bin\).*`hf-ner encoder"):
        read_checkpoint(folder)
    network = read_checkpoint(folder, allow_pickle=True).network
    for ours, theirs in zip(network.parameters(), bert.network.parameters(), strict=True):
        assert torch.equal(ours, theirs)


class _Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("exploded"),))


def test_a_pickle_that_runs_code_is_refused_even_when_pickles_are_allowed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (folder / "model.safetensors").unlink()
    torch.save({"weight": _Bomb()}, folder / "pytorch_model.bin")
    with pytest.raises(CheckpointError):
        read_checkpoint(folder, allow_pickle=True)
    assert not (tmp_path / "exploded").exists()


def test_a_config_that_names_its_own_weights_file_is_refused(folder: Path) -> None:
    _edit_config(folder, transformers_weights="adapter_model.bin")
    with pytest.raises(CheckpointError, match="transformers_weights"):
        read_checkpoint(folder)


def test_a_config_that_names_a_kernel_of_the_hub_does_not_choose_it(folder: Path) -> None:
    _edit_config(
        folder, attn_implementation="somebody/kernel", _attn_implementation="somebody/kernel"
    )
    assert read_checkpoint(folder).network.config._attn_implementation == "sdpa"
    assert read_checkpoint(folder, attention="eager").network.config._attn_implementation == "eager"


@pytest.mark.parametrize(
    ("content", "message"),
    [("{", "is not JSON"), ("[]", "expected a table"), (None, "expected a checkpoint folder")],
)
def test_a_folder_without_a_good_config_is_refused(
    folder: Path, content: str | None, message: str
) -> None:
    (folder / "config.json").unlink()
    if content is not None:
        (folder / "config.json").write_text(content, encoding="utf8")
    with pytest.raises(CheckpointError, match=message):
        read_checkpoint(folder)


def test_a_folder_without_weights_is_refused(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"expected weights in model\.safetensors"):
        read_checkpoint(folder)


def test_a_family_without_token_classification_is_refused(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({"model_type": "vit"}), encoding="utf8")
    with pytest.raises(CheckpointError, match="'vit' has no token-classification network"):
        read_checkpoint(folder)


def test_remote_code_is_refused(folder: Path) -> None:
    (folder / "config.json").write_text(
        json.dumps({"model_type": "evil", "auto_map": {"AutoConfig": "evil.Config"}}),
        encoding="utf8",
    )
    (folder / "evil.py").write_text("raise SystemExit", encoding="utf8")
    with pytest.raises(CheckpointError, match="it brings code of its own"):
        read_checkpoint(folder)


def test_unnamed_labels_are_refused_until_they_are_named(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path, labels=("LABEL_0", "LABEL_1", "LABEL_2"))
    with pytest.raises(CheckpointError, match="LABEL_0"):
        read_checkpoint(folder)
    named = read_checkpoint(folder, labels=["O", "B-PER", "I-PER"])
    assert named.tag_set == read_labels(["O", "B-PER", "I-PER"])
    assert named.network.config.id2label[1] == "B-PER"
    with pytest.raises(CheckpointError, match="has 3 labels, but labels names 2"):
        read_checkpoint(folder, labels=["O", "B-PER"])


def test_a_head_for_whole_texts_is_not_taken_for_one_for_tokens(folder: Path) -> None:
    config = AutoConfig.from_pretrained(folder)
    make: Any = AutoModelForSequenceClassification.from_config
    make(config).save_pretrained(folder)
    assert read_checkpoint(folder).tag_set is None
    assert peek_tag_set(folder, labels=None, scheme="auto") is None


def test_an_encoder_without_a_head_has_no_tags(folder: Path) -> None:
    network: Any = AutoModelForTokenClassification.from_pretrained(folder)
    network.base_model.save_pretrained(folder)
    assert read_checkpoint(folder).tag_set is None


def test_missing_encoder_weights_are_refused(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    gone = next(name for name in weights if "layer.1." in name)
    del weights[gone]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match="1 weights of the encoder are missing"):
        read_checkpoint(folder)


def test_the_tags_can_be_known_without_the_weights(bert_folder: Path) -> None:
    assert peek_tag_set(bert_folder, labels=None, scheme="auto") == read_labels(CONLL_LABELS)
    named = peek_tag_set(bert_folder, labels=["O", *CONLL_LABELS[1:]], scheme="IOB2")
    assert named is not None
    assert named.scheme.name == "IOB2"


def test_a_written_folder_keeps_weights_tokenizer_scheme_and_window(
    bert: Checkpoint, tmp_path: Path
) -> None:
    bert.tag_set, bert.window, bert.subword_labels = (
        read_labels(CONLL_LABELS, scheme="IOB2"),
        64,
        "all_inside",
    )
    write_checkpoint(bert, tmp_path / "out")
    assert not [p for p in (tmp_path / "out").iterdir() if p.suffix in {".bin", ".pkl", ".pt"}]
    again = read_checkpoint(tmp_path / "out")
    assert (again.tag_set, again.window, again.subword_labels) == (bert.tag_set, 64, "all_inside")
    assert again.tokenizer_files.items() >= bert.tokenizer_files.items()
    for ours, theirs in zip(again.network.parameters(), bert.network.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_a_folder_of_a_later_format_is_refused(bert: Checkpoint, tmp_path: Path) -> None:
    write_checkpoint(bert, tmp_path)
    notes = tmp_path / "spacy_hf_ner.json"
    notes.write_text(
        notes.read_text(encoding="utf8").replace('"format_version": 1', '"format_version": 99'),
        "utf8",
    )
    with pytest.raises(CheckpointError, match="format_version 99"):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "JSONDecodeError"),
        ("[]", "TypeError"),
        ('{"format_version": 1}', "missing 1 required positional argument: 'scheme'"),
        ('{"format_version": 1, "scheme": "IOB9"}', "scheme = 'IOB9'"),
        ('{"format_version": 1, "scheme": null, "window": "64"}', "window = '64'"),
        (
            '{"format_version": 1, "scheme": null, "colour": "red"}',
            "unexpected keyword argument 'colour'",
        ),
        ('{"scheme": null}', "KeyError: 'format_version'"),
    ],
)
def test_damaged_notes_are_refused(folder: Path, content: str, message: str) -> None:
    (folder / "spacy_hf_ner.json").write_text(content, encoding="utf8")
    with pytest.raises(
        CheckpointError,
        match=rf"spacy_hf_ner\.json is not what spacy-hf-ner has written.*{message}",
    ):
        read_checkpoint(folder)


@pytest.mark.parametrize(
    "named", [{1: "O", 2: "I-PER"}, {"a": "O", "b": "I-PER"}, {0: "O", 2: "I-PER"}, ["O", "PER"]]
)
def test_labels_that_are_not_numbered_like_the_columns_are_refused(
    folder: Path, named: Any
) -> None:
    _edit_config(folder, id2label=named)
    for read in (read_checkpoint, lambda folder: peek_tag_set(folder, labels=None, scheme="auto")):
        with pytest.raises(
            CheckpointError,
            match=r"expected id2label in config\.json to name the columns of the head",
        ):
            read(folder)


@pytest.mark.parametrize("n_labels", [2, 3])
def test_labels_that_the_config_leaves_out_can_be_named(folder: Path, n_labels: int) -> None:
    config = json.loads((folder / "config.json").read_text(encoding="utf8"))
    del config["id2label"], config["label2id"]
    config |= {} if n_labels == 2 else {"num_labels": n_labels}  # 2 is the default of transformers
    (folder / "config.json").write_text(json.dumps(config), encoding="utf8")
    weights = load_file(folder / "model.safetensors")
    weights |= {
        f"classifier.{name}": weights[f"classifier.{name}"][:n_labels].clone()
        for name in ("weight", "bias")
    }
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match=f"names its {n_labels} labels LABEL_0"):
        read_checkpoint(folder)
    named = ["O", "I-PER", "I-LOC"][:n_labels]
    assert read_checkpoint(folder, labels=named).tag_set == peek_tag_set(
        folder, labels=named, scheme="auto"
    )


def test_a_graph_without_weights_names_the_backend_that_reads_it(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "model.onnx")
    with pytest.raises(
        CheckpointError, match=r'found the ONNX graph model\.onnx.*Set backend = "onnx"'
    ):
        read_checkpoint(folder)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="found nothing in"):
        read_checkpoint(tmp_path / "gone")


def test_a_scheme_that_the_labels_do_not_fit_is_refused(bert_folder: Path) -> None:
    with pytest.raises(TagError):
        read_checkpoint(bert_folder, scheme="BMES")


@pytest.mark.parametrize(
    ("family", "settings", "expected"),
    [
        ("bert", {"max_position_embeddings": 64}, 62),
        ("roberta", {"max_position_embeddings": 66}, 62),
        ("bert", {"model_max_length": 32}, 30),
        ("bert", {"model_max_length": int(1e30), "max_position_embeddings": 64}, 62),
        ("modernbert", {"model_max_length": int(1e30), "max_position_embeddings": 64}, 62),
    ],
)
def test_the_limit_is_what_positions_and_tokenizer_allow_less_special_tokens(
    tmp_path: Path, family: str, settings: dict[str, Any], expected: int
) -> None:
    assert (
        read_checkpoint(make_checkpoint(tmp_path, family=family, **settings)).limits.max_subwords
        == expected
    )
