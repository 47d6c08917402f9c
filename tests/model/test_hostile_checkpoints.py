"""Checkpoints that somebody damaged, or made on purpose: refused in a sentence, before harm."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from safetensors.torch import load_file, save_file
from spacy.language import Language
from spacy.tokens import Doc

from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.checkpoint import peek_tag_set, read_checkpoint
from tests.checkpoints import make_checkpoint


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("made") / "bert")


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """Return a checkpoint that a test may damage."""
    return Path(shutil.copytree(made, tmp_path / "bert"))


def edit_json(path: Path, **values: Any) -> None:
    """Set values in a JSON file."""
    content = json.loads(path.read_text(encoding="utf8"))
    path.write_text(json.dumps(content | values), encoding="utf8")


def split_weights(folder: Path, weight_map: dict[str, str] | None = None) -> None:
    """Put the weights into two files with an index."""
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = sorted(weights)
    parts = {"model-00001-of-00002.safetensors": names[::2]}
    parts["model-00002-of-00002.safetensors"] = names[1::2]
    index: dict[str, str] = {}
    for file, own_names in parts.items():
        tensors = {name: weights[name] for name in own_names}
        save_file(tensors, folder / file, metadata={"format": "pt"})
        index |= dict.fromkeys(own_names, file)
    path = folder / "model.safetensors.index.json"
    path.write_text(json.dumps({"metadata": {}, "weight_map": weight_map or index}), "utf8")


@pytest.mark.parametrize("key", ["configuration_files", "transformers_weights"])
def test_a_config_may_not_name_other_files_to_read(key: str, folder: Path) -> None:
    edit_json(folder / "config.json", **{key: ["config.4.0.0.json"]})
    with pytest.raises(CheckpointError, match=rf"config\.json names other files to read \({key}\)"):
        read_checkpoint(folder)


def test_a_pointer_of_git_lfs_in_place_of_a_file_says_how_to_fetch_it(folder: Path) -> None:
    names = sorted(path.name for path in folder.iterdir())
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= set(names)
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 440\n"
    for name in names:
        content = (folder / name).read_bytes()
        (folder / name).write_text(pointer, encoding="utf8")
        with pytest.raises(
            CheckpointError, match=rf"{re.escape(name)} is a pointer .*git lfs pull"
        ):
            read_checkpoint(folder)
        (folder / name).write_bytes(content)
    # Weights for other programs need not have been fetched.
    (folder / "tf_model.h5").write_text(pointer, encoding="utf8")
    (folder / "pytorch_model.bin").write_text(pointer, encoding="utf8")
    assert read_checkpoint(folder).tag_set is not None


def test_an_adapter_is_refused_with_the_way_to_merge_it(folder: Path) -> None:
    (folder / "adapter_config.json").write_text("{}", encoding="utf8")
    with pytest.raises(CheckpointError, match=r"holds an adapter .*merge_and_unload\(\)"):
        read_checkpoint(folder)
    (folder / "config.json").unlink()
    with pytest.raises(CheckpointError, match=r"holds an adapter .*merge_and_unload\(\)"):
        peek_tag_set(folder, labels=None, scheme="auto")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("key", ["classifier.bias", "bert.encoder.layer.1.output.dense.weight"])
def test_weights_that_are_no_numbers_are_refused_by_their_name(
    key: str, number: float, folder: Path
) -> None:
    weights = load_file(folder / "model.safetensors")
    weights[key].view(-1)[-1] = number
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match=rf"the weights '{re.escape(key)}' hold NaN or inf"):
        read_checkpoint(folder)


def test_a_row_of_a_table_that_is_no_number_is_refused_at_the_text_that_has_it(
    folder: Path,
) -> None:
    key = "bert.embeddings.word_embeddings.weight"
    weights = load_file(folder / "model.safetensors")
    checkpoint = read_checkpoint(folder)
    doc = spacy.blank("en").make_doc(TEXTS[0])
    (encoding,) = checkpoint.tokenizer.encode([doc])
    weights[key][int(encoding.ids[0])] = float("nan")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    nlp = spacy.blank("en")
    nlp.add_pipe("hf_ner", config={"model": str(folder)})
    with pytest.raises(CheckpointError, match=r"NaN logits|gives NaN or infinity"):
        nlp(TEXTS[0])


def test_weights_so_large_that_every_text_overflows_are_refused(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights["bert.encoder.layer.0.output.dense.weight"].fill_(3e38)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match="gives NaN or infinity for a text"):
        read_checkpoint(folder)


def test_weights_in_several_files_are_read(folder: Path) -> None:
    split_weights(folder)
    assert read_checkpoint(folder).tag_set is not None


def test_a_file_without_what_the_index_says_is_refused(folder: Path) -> None:
    split_weights(folder)
    first, second = sorted(folder.glob("model-*.safetensors"))
    shutil.copyfile(second, first)
    with pytest.raises(CheckpointError, match=r"are in none of its files|are missing"):
        read_checkpoint(folder)


@pytest.mark.parametrize(
    "file", ["weights.bin", "../other/model.safetensors", "/model.safetensors", ["a"], None]
)
def test_an_index_names_safetensors_in_its_own_folder_only(file: Any, folder: Path) -> None:
    split_weights(folder, weight_map={"classifier.bias": file})
    with pytest.raises(
        CheckpointError, match=r"Only \.safetensors files in the folder itself are read"
    ):
        read_checkpoint(folder)


@pytest.mark.parametrize("key", ["num_labels", "_num_labels"])
def test_more_labels_than_anybody_has_are_refused_before_they_are_named(
    key: str, folder: Path
) -> None:
    config = json.loads((folder / "config.json").read_text(encoding="utf8"))
    del config["id2label"], config["label2id"]
    (folder / "config.json").write_text(json.dumps(config | {key: 10**10}), encoding="utf8")
    for read in (read_checkpoint, lambda path: peek_tag_set(path, labels=None, scheme="auto")):
        with pytest.raises(CheckpointError, match=r"10,000,000,000 labels.*check_sizes = false"):
            read(folder)


@pytest.mark.parametrize(
    "values",
    [{"num_hidden_layers": 10**6}, {"vocab_size": 10**9}, {"max_position_embeddings": 10**10}],
)
def test_a_network_far_larger_than_its_weights_is_refused(
    values: dict[str, int], folder: Path
) -> None:
    edit_json(folder / "config.json", **values)
    # Where a system hands out no memory that it does not have, it is the first to refuse.
    refusal = r"far larger than its weights.*check_sizes = false|can't allocate memory"
    with pytest.raises(CheckpointError, match=refusal):
        read_checkpoint(folder)


def test_a_file_larger_than_any_honest_one_is_refused_before_it_is_read(folder: Path) -> None:
    with (folder / "vocab_big.txt").open("wb") as file:
        file.truncate(8 * 10**9)  # a hole, which takes no room on the disk
    with pytest.raises(
        CheckpointError, match=r"vocab_big\.txt has 8,000,000,000 bytes.*check_sizes = false"
    ):
        read_checkpoint(folder)


def test_the_sizes_need_not_be_checked(folder: Path) -> None:
    with (folder / "vocab_extra.txt").open("wb") as file:
        file.truncate(100_000_001)
    with pytest.raises(CheckpointError, match="check_sizes"):
        read_checkpoint(folder)
    assert read_checkpoint(folder, check_sizes=False).tag_set is not None


def test_a_link_to_a_private_file_does_not_come_along(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "private.txt").write_text("secret", encoding="utf8")
    (folder / "vocab_extra.txt").symlink_to(tmp_path / "private.txt")
    assert "vocab_extra.txt" not in read_checkpoint(folder).tokenizer_files
    (folder / "config.json").rename(tmp_path / "config.json")
    (folder / "config.json").symlink_to(tmp_path / "config.json")
    with pytest.raises(CheckpointError, match=r"config\.json is a link out of"):
        read_checkpoint(folder)


NOT_UTF8 = b"\xff\xfe{}"
DEEP = b"[" * 100_000
LONG_NUMBER = b'{"a": ' + b"1" * 5_000 + b"}"


@pytest.mark.parametrize("content", [NOT_UTF8, DEEP, LONG_NUMBER, b"", b"{", b"1", b"{}"])
@pytest.mark.parametrize(
    "file", ["config.json", "tokenizer.json", "tokenizer_config.json", "spacy_hf_ner.json"]
)
def test_a_damaged_file_is_named(file: str, content: bytes, folder: Path) -> None:
    (folder / file).write_bytes(content)
    try:
        read_checkpoint(folder)
    except CheckpointError as error:
        assert file in str(error) or "transformers" in str(error)  # noqa: PT017 - {} may be read
    else:
        assert content == b"{}" or (file == "tokenizer_config.json" and content == LONG_NUMBER)


def test_an_error_shows_the_beginning_of_a_long_version(folder: Path) -> None:
    (folder / "spacy_hf_ner.json").write_text(json.dumps({"format_version": "a" * 3_000}), "utf8")
    with pytest.raises(CheckpointError, match="has format_version aaa") as caught:
        read_checkpoint(folder)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("architectures", [[1], 1, "BertForTokenClassification"])
def test_architectures_that_are_no_names_are_refused(architectures: Any, folder: Path) -> None:
    edit_json(folder / "config.json", architectures=architectures)
    with pytest.raises(CheckpointError, match=r"expected architectures in config\.json to be"):
        read_checkpoint(folder)


def make_panicking(folder: Path) -> Path:
    """Make a tokenizer whose regular expression gives up on a long row of one letter."""
    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf8"))
    pattern = {"Regex": "(x+x+)+y"}
    tokenizer["pre_tokenizer"] = {
        "type": "Split", "pattern": pattern, "behavior": "Isolated", "invert": False
    }  # fmt: skip
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf8")
    return folder


TEXTS = ["Angela Merkel met Tim Cook.", "x" * 3_000, "San José"]


@pytest.fixture
def panicking(folder: Path) -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("hf_ner", config={"model": {"name": str(make_panicking(folder))}})
    return nlp


@pytest.mark.parametrize("n_process", [1, 2])
def test_a_tokenizer_that_panics_fails_on_one_document(n_process: int, panicking: Language) -> None:
    failed: list[str] = []

    def note(_name: str, _pipe: Callable[[Doc], Doc], docs: list[Doc], error: Exception) -> None:
        failed.extend(doc.text for doc in docs)
        assert isinstance(error, CheckpointError)
        assert "the tokenizer has failed on 1 texts, the longest of 3,000 characters" in str(error)

    panicking.set_error_handler(note)  # type: ignore[arg-type] # spaCy's own handlers return
    docs = list(panicking.pipe(TEXTS, n_process=n_process, batch_size=3))
    assert [doc.text for doc in docs] == [TEXTS[0], TEXTS[2]]
    if n_process == 1:  # other processes have lists of their own
        assert failed == [TEXTS[1]]


def test_a_tokenizer_that_panics_raises_an_error_of_ours(panicking: Language) -> None:
    with pytest.raises(CheckpointError, match="the tokenizer has failed on 1 texts"):
        panicking(TEXTS[1])
    assert panicking(TEXTS[0]).text == TEXTS[0]
