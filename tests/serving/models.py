"""Pipelines that are served in tests: a tiny checkpoint, and what it finds by itself."""

from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language

from tests.checkpoints import make_checkpoint

__all__ = ["TEXTS", "expect", "make_model", "read_alone"]

TEXTS = [
    "Angela Merkel met Tim Cook in San José on Friday, and flew back to Berlin.",
    "Kofi Annan, born in Kumasi, Ghana, was awarded the Nobel Peace Prize in 2001.",
    "",
    "東京タワーは日本の東京にある。",
    "The European Union's Court of Justice ruled against Google LLC in Luxembourg.",
]


def make_model(folder: Path, *, seed: int = 0, **config: Any) -> Path:
    """Write a pipeline with a tiny random token classifier, and return its folder."""
    nlp = spacy.blank("en")
    checkpoint = make_checkpoint(folder.parent / f"{folder.name}_checkpoint", seed=seed)
    model = {"name": str(checkpoint), "precision": "fp32"}
    nlp.add_pipe("hf_ner", config={"model": model, **config})
    nlp.to_disk(folder)
    return folder


def read_alone(nlp: Language, text: str) -> list[dict[str, Any]]:
    """Return the entities of a text, each as a server has to answer."""
    return [
        {
            "start": entity.start_char,
            "end": entity.end_char,
            "label": entity.label_,
            "text": entity.text,
            "score": entity._.score,
        }
        for entity in nlp(text).ents
    ]


def expect(entities: list[dict[str, Any]]) -> list[Any]:
    """Return entities to compare with; a score depends a little on what is read beside it."""
    return [{**entity, "score": pytest.approx(entity["score"], abs=1e-4)} for entity in entities]
