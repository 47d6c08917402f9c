"""The model that owns a Hugging Face network, loaded and exact."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from spacy.tokens import Doc

from spacy_hf_ner.model.hf_classifier import HFTokenClassifier, make_hf_model
from spacy_hf_ner.model.settings import Settings

MakeDocs = Callable[[Sequence[str]], list[Doc]]


def make_classifier(folder: Path, **settings: Any) -> HFTokenClassifier:
    """Return the model of a checkpoint folder, which computes in float32."""
    classifier = HFTokenClassifier(
        make_hf_model(Settings(str(folder), precision="fp32", mixed_precision="none", **settings))
    )
    classifier.load("auto")
    return classifier
