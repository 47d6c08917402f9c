"""The two components as the tests see them that both must pass."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from tests.conformance.pipelines import (
    add_hf_ner,
    add_hf_tagger,
    find,
    make_examples,
    make_tagged_examples,
)

__all__ = ["ADD", "Kind", "for_hf_ner"]

ADD: dict[str, Callable[..., Any]] = {"hf_ner": add_hf_ner, "hf_tagger": add_hf_tagger}
_EXAMPLES: dict[str, Callable[[Language], list[Example]]] = {
    "hf_ner": make_examples,
    "hf_tagger": make_tagged_examples,
}


for_hf_ner = pytest.mark.parametrize("kind", ["hf_ner"], indirect=True)
"""For tests of entities whose pipelines come from a fixture that both components share."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A component, with checkpoints for it.

    Attributes:
        factory: The name of its factory.
        checkpoint: A tiny checkpoint with sharp, random decisions.
        encoder: A tiny plain encoder.
    """

    factory: str
    checkpoint: Path
    encoder: Path

    def make_pipeline(self, checkpoint: Path | str | None = None, **config: Any) -> Language:
        """Return a blank English pipeline with the component; by default with its checkpoint."""
        nlp = spacy.blank("en")
        self.add(nlp, checkpoint or self.checkpoint, **config)
        return nlp

    def add(self, nlp: Language, checkpoint: Path | str, **config: Any) -> None:
        """Add the component to a pipeline."""
        ADD[self.factory](nlp, checkpoint, **config)

    def initialize_pipeline(self, **config: Any) -> Language:
        """Return a pipeline whose component was initialized on the training texts."""
        nlp = self.make_pipeline(self.encoder, **config)
        nlp.initialize(lambda: self.make_examples(nlp))
        return nlp

    def make_examples(self, nlp: Language) -> list[Example]:
        """Return Examples of the training texts."""
        return _EXAMPLES[self.factory](nlp)

    def find(self, doc: Doc) -> list[tuple[str, str]]:
        """Return what was found in a Doc: entities, or tokens with their part of speech."""
        if self.factory == "hf_ner":
            return find(doc)
        return [(token.text, token.pos_) for token in doc]

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the training texts."""
        if self.factory == "hf_ner":
            return ("LOC", "PERSON")
        return ("AUX", "CCONJ", "PRON", "PROPN", "PUNCT", "VERB")
