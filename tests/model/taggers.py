"""The model that owns a Hugging Face network, loaded and exact."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from spacy.tokens import Doc

from spacy_hf_ner.model.hf_tagger import HFTagger, make_hf_model
from spacy_hf_ner.model.settings import Settings

MakeDocs = Callable[[Sequence[str]], list[Doc]]


def make_tagger(folder: Path, **settings: Any) -> HFTagger:
    """Return the model of a checkpoint folder, which computes in float32."""
    tagger = HFTagger(make_hf_model(Settings(str(folder), precision="fp32", mixed_precision="none", **settings)))
    tagger.load("auto")
    return tagger
