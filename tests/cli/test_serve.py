"""``hf-ner serve``: what is said before a server begins. Servers are in tests/serving."""

import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from spacy_hf_ner.cli.app import app
from tests.cli.boxes import unwrap
from tests.rewriting.texts import make_pipeline


def refuse(*arguments: object) -> str:
    """Return the sentence with which a server does not begin."""
    result = CliRunner().invoke(app, ["serve", *map(str, arguments)])
    assert result.exit_code == 1, (result.output, result.exception)
    return unwrap(result.output)


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    sentence = refuse(tmp_path / "nowhere")
    assert "expected the name of an installed pipeline or a folder that holds one" in sentence


@pytest.fixture
def model(tmp_path: Path) -> Path:
    make_pipeline().to_disk(tmp_path / "model")
    return tmp_path / "model"


def test_a_port_that_is_taken_is_named(model: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        sentence = refuse(model, "--port", port)
    assert f"expected --host 127.0.0.1 and --port {port} to be free" in sentence


def test_models_need_names_of_their_own(model: Path) -> None:
    assert f"Give names: NAME={model}" in refuse(model, model)


def test_an_empty_token_does_not_open_the_door(model: Path, tmp_path: Path) -> None:
    (tmp_path / "token").touch()
    assert "to hold a token, got nothing" in refuse(model, "--token-file", tmp_path / "token")
    sentence = refuse(model, "--token-file", tmp_path / "gone")
    assert "--token-file must be a file that holds the token" in sentence


def test_a_port_out_of_range_is_named(model: Path) -> None:
    assert "--port must be between 0 and 65535" in refuse(model, "--port", 70_000)
