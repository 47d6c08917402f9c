"""One model and one server for all tests that only ask."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import spacy
from spacy.language import Language

from tests.serving.models import make_model
from tests.serving.servers import Server, run_server


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a pipeline."""
    return make_model(tmp_path_factory.mktemp("served") / "news")


@pytest.fixture(scope="session")
def nlp(model: Path) -> Language:
    """Return the same pipeline, in this process."""
    return spacy.load(model)


@pytest.fixture(scope="session")
def server(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Give a server that has two models, small limits, and a key for hashes."""
    folder = tmp_path_factory.mktemp("server")
    limits = ["--max-body", 20_000, "--max-texts", 8, "--max-characters", 5_000]
    names = [model, f"second={model}"]
    with run_server(
        *names, *limits, "--key-file", folder / "key", log=folder / "log.txt"
    ) as running:
        yield running
