"""A pipeline that raises, kills itself or waits where a text says so, and texts to annotate."""

import json
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from spacy_hf_ner.scale import AnnotateSettings
from tests.checkpoints import make_checkpoint

NAMES = ("Angela Merkel", "Kofi Annan", "Tim Cook", "the Court of Justice", "San José")


@Language.component("test_scale_obey")
def obey(doc: Doc) -> Doc:
    """Do what a text says."""
    if "RAISE" in doc.text:
        raise ValueError("as it was told")
    if "KILL" in doc.text:
        os.kill(os.getpid(), signal.SIGKILL)
    if "WAIT" in doc.text:
        time.sleep(0.5)
    return doc


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
