"""The model that owns a Hugging Face token classifier."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from spacy.tokens import Doc
from thinc.api import Model

from spacy_hf_ner.core.labels import TagSet
from spacy_hf_ner.errors import HFNerError
from spacy_hf_ner.model.engines.base import ReadEngine
from spacy_hf_ner.model.settings import Settings
from spacy_hf_ner.model.shim import HFShim
from spacy_hf_ner.model.token_classifier import TokenClassifier, TokenModel

__all__ = ["MODEL_NAME", "HFTokenClassifier", "make_hf_model"]

MODEL_NAME = "hf_token_classifier"


def make_hf_model(settings: Settings, *, read_engine: ReadEngine | None = None) -> TokenModel:
    """Return the model that owns a Hugging Face token classifier; nothing is loaded yet.

    Args:
        settings: What the config says about it.
        read_engine: What reads the weights from the checkpoint folder; the engine that ``backend``
            names by default. Tests pass one that returns a
            :class:`spacy_hf_ner.model.engines.scripted.ScriptedEngine`.
    """
    shim = HFShim(settings, read_engine=read_engine)
    return Model(MODEL_NAME, _forward, attrs={"dropout_rate": 0.0}, shims=[shim])


def _forward(
    model: TokenModel,
    docs: list[Doc],
    is_train: bool,  # noqa: FBT001 - Thinc's signature
) -> tuple[list[Any], Callable[..., Any]]:
    shim = cast("HFShim", model.shims[0])
    return shim(docs, is_train, dropout=model.attrs["dropout_rate"])


class HFTokenClassifier(TokenClassifier):
    """A model that owns a Hugging Face token classifier."""

    @property
    def shim(self) -> HFShim:
        """What holds the network."""
        return cast("HFShim", self.model.shims[0])

    def load(self, scheme: str) -> TagSet | None:
        """Fetch and read the checkpoint."""
        return self.shim.load(scheme).tag_set

    def peek(self, scheme: str) -> TagSet | None:
        """Read the tags from the checkpoint's config.json, if it is on this machine."""
        try:
            return self.shim.peek(scheme)
        except HFNerError:
            # A saved pipeline needs its source no more; where one does, load says what is wrong.
            return None

    def set_tags(self, tag_set: TagSet, *, scheme: str) -> None:
        """Replace the head of the network."""
        self.shim.set_tags(tag_set, scheme=scheme)

    def initialize(self, docs: list[Doc]) -> None:  # noqa: ARG002 - nothing is inferred from the data
        """Note what the model is trained with."""
        self.shim.store_training_settings()

    def write(self, folder: Path) -> None:
        """Write a Hugging Face checkpoint."""
        self.shim.write(folder)

    def read(self, folder: Path, scheme: str) -> None:
        """Read a Hugging Face checkpoint."""
        self.shim.read_folder(folder, scheme)
