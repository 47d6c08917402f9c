"""Names to folders, with a cache made on the spot; nothing here reaches for a network."""

import json
import shutil
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import huggingface_hub.constants
import huggingface_hub.utils
import pytest
import spacy
from huggingface_hub.errors import LocalEntryNotFoundError

from spacy_hf_ner.errors import CheckpointError, ConfigError
from spacy_hf_ner.model.hub import check_name, fetch_folder, find_folder
from spacy_hf_ner.pipe.architectures import DEFAULT_NAME, DEFAULT_REVISION


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of a machine without a network."""
    folder = tmp_path / "hub"
    folder.mkdir()
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.setattr(huggingface_hub.constants, name, str(folder))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.chdir(tmp_path)
    return folder


def _fill(
    cache: Path, name: str, revision: str, source: Path, *, branch: str | None = None
) -> Path:
    repository = cache / f"models--{name.replace('/', '--')}"
    snapshot = repository / "snapshots" / revision
    shutil.copytree(source, snapshot)
    if branch:
        (repository / "refs").mkdir()
        (repository / "refs" / branch).write_text(revision, encoding="utf8")
    return snapshot


def test_a_cached_revision_is_found_without_a_network(cache: Path, bert_folder: Path) -> None:
    snapshot = _fill(cache, "someone/ner", "a" * 40, bert_folder, branch="main")
    assert fetch_folder("someone/ner", revision="a" * 40) == snapshot
    assert fetch_folder("someone/ner", revision=None) == snapshot
    assert find_folder("someone/ner", revision="b" * 40) is None


def test_a_cached_snapshot_without_weights_does_not_count(cache: Path, bert_folder: Path) -> None:
    snapshot = _fill(cache, "someone/ner", "a" * 40, bert_folder)
    (snapshot / "model.safetensors").rename(snapshot / "pytorch_model.bin")
    assert find_folder("someone/ner", revision="a" * 40) is None
    assert find_folder("someone/ner", revision="a" * 40, allow_pickle=True) == snapshot


def test_the_component_without_a_config_finds_its_default_checkpoint_in_the_cache(
    cache: Path, bert_folder: Path
) -> None:
    assert len(DEFAULT_REVISION) == 40
    _fill(cache, DEFAULT_NAME, DEFAULT_REVISION, bert_folder)
    nlp = spacy.blank("en")
    ner: Any = nlp.add_pipe("hf_ner")
    assert ner.labels == ("PER", "ORG", "LOC", "MISC")
    assert nlp("Angela Merkel met Tim Cook in San José.").ents


def test_without_cache_and_network_the_error_names_the_ways_out(cache: Path) -> None:
    with pytest.raises(CheckpointError) as caught:
        fetch_folder("someone/ner", revision="v1")
    message = str(caught.value)
    for wanted in ("someone/ner", "'v1'", str(cache), "--local-dir", "HF_HOME", "HF_HUB_OFFLINE"):
        assert wanted in message


def test_cached_pickles_are_named_where_the_hub_cannot_say_more(
    cache: Path, bert_folder: Path
) -> None:
    snapshot = _fill(cache, "someone/ner", "a" * 40, bert_folder)
    (snapshot / "model.safetensors").rename(snapshot / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match="`hf-ner encoder FOLDER --name someone/ner`"):
        fetch_folder("someone/ner", revision="a" * 40)


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (["config.json", "pytorch_model.bin"], "`hf-ner encoder FOLDER --name someone/ner`"),
        (["config.json", "onnx/model.safetensors", "tf_model.h5"], "tf_model.h5 is for TensorFlow"),
    ],
)
def test_nothing_is_fetched_of_weights_that_are_not_read(
    online: HTTPServer, monkeypatch: pytest.MonkeyPatch, files: list[str], reason: str
) -> None:
    siblings = [{"rfilename": file} for file in files]
    answer = json.dumps({"id": "someone/ner", "sha": "a" * 40, "siblings": siblings})
    monkeypatch.setattr(_Refusing, "do_GET", lambda handler: handler.answer(answer))
    assert online.server_port
    with pytest.raises(CheckpointError, match=reason):
        fetch_folder("someone/ner", revision=None)


class _Refusing(BaseHTTPRequestHandler):
    """A hub that has no repository at all."""

    def do_GET(self) -> None:
        self.send_response(404)
        self.send_header("X-Error-Code", "RepoNotFound")
        self.end_headers()

    def answer(self, content: str) -> None:
        """Send JSON, where a test wants it in place of a refusal."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content.encode("utf8"))

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def online(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    """A hub on this machine, asked instead of the real one."""
    server = HTTPServer(("127.0.0.1", 0), _Refusing)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(
        huggingface_hub.constants, "ENDPOINT", f"http://127.0.0.1:{server.server_port}"
    )
    thread = Thread(target=server.serve_forever)
    thread.start()
    _forget_sessions()
    yield server
    _forget_sessions()
    assert not any(cache.rglob("*.safetensors"))
    server.shutdown()
    server.server_close()
    thread.join()


def _forget_sessions() -> None:
    """Make the hub's library see that the machine is online or offline now.

    Before version 1 it remembers.
    """
    getattr(huggingface_hub.utils, "reset_sessions", lambda: None)()


def test_what_the_hub_refuses_is_said(online: HTTPServer) -> None:
    assert online.server_port
    with pytest.raises(CheckpointError, match="hub refused 'someone/ner' at revision 'v1'"):
        fetch_folder("someone/ner", revision="v1")


def test_a_hub_that_cannot_be_reached_is_named_with_the_ways_out(
    online: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(
        "huggingface_hub.snapshot_download", lambda *_, **settings: _refuse(asked, settings)
    )
    online.socket.close()  # connections are refused from now on
    with pytest.raises(CheckpointError, match="Ways out"):
        fetch_folder("someone/ner", revision=None)
    assert asked == [{"revision": None, "local_files_only": True}]  # a download would try for long


def test_a_name_that_the_hub_does_not_have_shows_when_the_component_is_added(
    online: HTTPServer,
) -> None:
    assert online.server_port
    with pytest.raises(CheckpointError, match=r"no checkpoint 'someone/ner' on the Hugging Face"):
        spacy.blank("en").add_pipe("hf_ner", config={"model": "someone/ner"})


def test_nothing_is_said_of_a_name_when_the_hub_cannot_be_asked(
    online: HTTPServer, cache: Path
) -> None:
    online.socket.close()
    check_name("someone/ner", revision=None)
    assert not list(cache.iterdir())


def _refuse(asked: list[object], settings: object) -> None:
    asked.append(settings)
    raise LocalEntryNotFoundError("not cached")


@pytest.mark.parametrize("name", ["two words", "-dash", "x" * 97])
def test_what_can_be_no_name_is_said_to_be_none(cache: Path, name: str) -> None:
    assert cache.is_dir()
    with pytest.raises(CheckpointError, match="neither a folder nor the name of a repository"):
        fetch_folder(name, revision=None)


def test_the_component_says_so_too(cache: Path) -> None:
    assert cache.is_dir()
    nlp = spacy.blank("en")
    nlp.add_pipe("hf_ner")
    with pytest.raises(CheckpointError, match="Ways out"):
        nlp("Angela Merkel")


@pytest.mark.parametrize(
    "name",
    [
        "/no/such/folder",
        "./missing",
        "~/missing",
        "models/mine",
        "a/b/c",
        "file.txt",
        "~nobodyx/foo",
    ],
)
def test_a_missing_path_never_becomes_a_hub_name(
    cache: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (cache.parent / "models").mkdir()
    (cache.parent / "file.txt").touch()

    def refuse(*_: object, **__: object) -> None:
        pytest.fail("the hub was asked")

    monkeypatch.setattr("huggingface_hub.snapshot_download", refuse)
    with pytest.raises(CheckpointError, match="no checkpoint folder"):
        fetch_folder(name, revision=None)


@pytest.mark.parametrize("name", ["", "  "])
def test_an_empty_name_does_not_become_the_folder_one_is_in(
    bert_folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(bert_folder)
    with pytest.raises(ConfigError, match="name must be a folder or a hub name"):
        fetch_folder(name, revision=None)


def test_a_folder_is_used_as_it_is(cache: Path, bert_folder: Path) -> None:
    assert cache.is_dir()
    assert fetch_folder(str(bert_folder), revision=None) == bert_folder
