"""Tiny checkpoints, made once, and no network for anybody."""

import shutil
import socket
from pathlib import Path
from typing import NoReturn

import pytest
from transformers import AutoModel

from tests.checkpoints import make_checkpoint


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


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every attempt to look up or connect to a host an error."""

    def refuse(*_args: object, **_kwargs: object) -> NoReturn:
        raise AssertionError("the network was asked for something")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
