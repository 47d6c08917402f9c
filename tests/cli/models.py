"""The pipeline that the tests of ``annotate`` use."""

from pathlib import Path

import spacy

from tests.checkpoints import make_checkpoint

__all__ = ["make_model"]


def make_model(folder: Path) -> Path:
    """Write a pipeline with a tiny random token classifier, and return its folder."""
    nlp = spacy.blank("en")
    name = str(make_checkpoint(folder / "checkpoint", seed=3, head_scale=4.0))
    nlp.add_pipe("hf_ner", config={"model": {"name": name, "precision": "fp32"}})
    nlp.to_disk(folder / "model")
    return folder / "model"
