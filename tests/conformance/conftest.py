"""Tiny checkpoints, made once, and no network for anybody."""

import shutil
import socket
from pathlib import Path
from typing import NoReturn

import pytest
from transformers import AutoModel

from tests.checkpoints import make_checkpoint
from tests.conformance.kinds import ADD, Kind
from tests.conformance.pipelines import UPOS


@pytest.fixture(scope="session")
def ner_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a tiny token classifier with sharp, random decisions on four types."""
    return make_checkpoint(tmp_path_factory.mktemp("checkpoints") / "ner")


@pytest.fixture(scope="session")
def encoder_checkpoint(tmp_path_factory: pytest.TempPathFactory, ner_checkpoint: Path) -> Path:
    """Return the folder of a tiny plain encoder, which must be trained before it predicts."""
    folder: Path = tmp_path_factory.mktemp("checkpoints") / "encoder"
    AutoModel.from_pretrained(ner_checkpoint).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(ner_checkpoint / name, folder / name)
    return folder


@pytest.fixture(scope="session")
def tagger_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a tiny tagger with sharp, random decisions on parts of speech."""
    return make_checkpoint(tmp_path_factory.mktemp("checkpoints") / "tagger", labels=UPOS)


@pytest.fixture(scope="session", params=sorted(ADD))
def kind(
    request: pytest.FixtureRequest,
    ner_checkpoint: Path,
    tagger_checkpoint: Path,
    encoder_checkpoint: Path,
) -> Kind:
    """Return each of the components: a test that asks for it runs once for each."""
    checkpoints = {"hf_ner": ner_checkpoint, "hf_tagger": tagger_checkpoint}
    return Kind(request.param, checkpoints[request.param], encoder_checkpoint)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every attempt to look up or connect to a host an error."""

    def refuse(*_args: object, **_kwargs: object) -> NoReturn:
        raise AssertionError("the network was asked for something")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
