"""Pipelines for the tests of the demo."""

from pathlib import Path

import spacy

from tests.checkpoints import make_checkpoint

__all__ = ["save_pipeline"]


def save_pipeline(folder: Path, *, seed: int = 3, threshold: float | None = None) -> Path:
    """Save a pipeline of a tiny network that finds much, with all kinds of scores."""
    nlp = spacy.blank("en")
    name = str(make_checkpoint(folder / "checkpoint", seed=seed, head_scale=4.0))
    model = {"name": name, "precision": "fp32"}
    nlp.add_pipe("hf_ner", config={"model": model, "threshold": threshold})
    nlp.to_disk(folder / "model")
    return folder / "model"
