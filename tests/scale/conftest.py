"""A pipeline that does what a text says, and texts to annotate."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import spacy

from spacy_hf_ner.scale import AnnotateSettings
from tests.checkpoints import make_checkpoint
from tests.scale import obedient

assert obedient.obey, "the component is registered"


NAMES = ("Angela Merkel", "Kofi Annan", "Tim Cook", "the Court of Justice", "San José")


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a pipeline with a real, tiny network that obeys texts."""
    nlp = spacy.blank("en")
    nlp.add_pipe("test_scale_obey")
    name = str(make_checkpoint(tmp_path_factory.mktemp("checkpoint"), seed=3, head_scale=4.0))
    nlp.add_pipe("hf_ner", config={"model": {"name": name, "precision": "fp32"}})
    folder = tmp_path_factory.mktemp("models") / "obedient"
    nlp.to_disk(folder)
    return folder


@pytest.fixture
def settings(model: Path) -> AnnotateSettings:
    """Return settings with small batches, so that a shard has several."""
    return AnnotateSettings(model=str(model), batch_size=8)


def make_texts(n_texts: int) -> list[str]:
    """Return short texts that all differ."""
    return [f"{NAMES[i % len(NAMES)]} was in Kumasi on day {i}." for i in range(n_texts)]


def write_jsonl(path: Path, texts: Sequence[str]) -> Path:
    """Write texts with ids d0, d1, …"""
    with path.open("w", encoding="utf8") as file:
        for number, text in enumerate(texts):
            file.write(json.dumps({"id": f"d{number}", "text": text}) + "\n")
    return path
