"""The model that owns a Hugging Face token classifier."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

from spacy.tokens import Doc
from thinc.api import Model

from spacy_hf_ner.core.alignment import Units
from spacy_hf_ner.core.arrays import Ints
from spacy_hf_ner.core.chain import TransitionScores
from spacy_hf_ner.core.labels import TagSet
from spacy_hf_ner.core.units import UnitRows
from spacy_hf_ner.errors import HFNerError
from spacy_hf_ner.model.engines.base import ReadEngine
from spacy_hf_ner.model.settings import Settings
from spacy_hf_ner.model.shim import HFShim
from spacy_hf_ner.model.token_classifier import Backprop, TokenClassifier, TokenModel

__all__ = ["MODEL_NAME", "HFTokenClassifier", "make_hf_model"]

MODEL_NAME = "hf_token_classifier"

# Encoders of 128 numbers a subword or more are trained with 1e-5 to 3e-4. With spaCy's default of
# 1e-3, MiniLM (384) learned nothing from 400 sentences in four epochs, with 2e-4 F1 was 61.8.
_MAX_LEARN_RATE = 5e-4
_MIN_WIDTH = 128


def make_hf_model(settings: Settings, *, read_engine: ReadEngine | None = None) -> TokenModel:
    """Return the model that owns a Hugging Face token classifier; nothing is loaded yet.

    Args:
        settings: What the config says about it.
        read_engine: What reads the weights from the checkpoint folder; the engine that ``backend``
            names by default. Tests pass one that returns a
            :class:`spacy_hf_ner.model.engines.scripted.ScriptedEngine`.
    """
    shim = HFShim(settings, read_engine=read_engine)
    attrs = {"dropout_rate": 0.0, "as_predicted": False, "cut_tokens": None}
    return Model(MODEL_NAME, _forward, attrs=attrs, shims=[shim])


def _forward(
    model: TokenModel,
    docs: list[Doc],
    is_train: bool,  # noqa: FBT001 - Thinc's signature
) -> tuple[list[Any], Callable[..., Any]]:
    shim = cast("HFShim", model.shims[0])
    return shim(
        docs,
        is_train,
        dropout=model.attrs["dropout_rate"],
        as_predicted=model.attrs["as_predicted"],
        cut_tokens=model.attrs["cut_tokens"],
    )


class HFTokenClassifier(TokenClassifier):
    """A model that owns a Hugging Face token classifier."""

    @property
    def shim(self) -> HFShim:
        """What holds the network."""
        return cast("HFShim", self.model.shims[0])

    @property
    def reads_sentences(self) -> bool:
        """Whether the context of a token is its sentence."""
        return self.shim.settings.context == "sentence"

    @property
    def cuts_tokens(self) -> bool:
        """Whether labels run over subwords, or over parts of tokens."""
        return self.shim.label_unit != "token"

    def learn_parts(self) -> bool:
        """Let labels run over parts of tokens, unless the config says what they run over."""
        return self.shim.learn_parts()

    @property
    def max_learn_rate(self) -> float:
        """The learn rate beyond which fine-tuning breaks a transformer; none if it is frozen."""
        checkpoint = self.shim.checkpoint
        if checkpoint is None or self.shim.settings.frozen_layers == -1:
            return math.inf
        width = getattr(checkpoint.network.config, "hidden_size", 0)
        return _MAX_LEARN_RATE if width >= _MIN_WIDTH else math.inf

    @property
    def transition_scores(self) -> TransitionScores:
        """What the checkpoint's ``viterbi_calibration.json`` says, if it brings one."""
        checkpoint = self.shim.checkpoint
        if checkpoint is None or checkpoint.viterbi_calibration is None:
            return TransitionScores()
        return checkpoint.viterbi_calibration.scores

    def check_name(self) -> None:
        """Check that the checkpoint is there; a name on the hub is asked for, and not fetched."""
        self.shim.check_name()

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

    def find_units(self, doc: Doc) -> Units:
        """Return the tokens of a Doc, or their subwords where labels run over these."""
        return self.shim.find_units(doc)

    def begin_update(
        self,
        docs: Sequence[Doc],
        *,
        as_predicted: bool = False,
        cut_tokens: Sequence[Ints] | None = None,
    ) -> tuple[list[UnitRows], Backprop]:
        """Return the rows of each Doc for training, and what takes the gradient on them."""
        self.model.attrs["as_predicted"] = as_predicted
        self.model.attrs["cut_tokens"] = cut_tokens
        try:
            return super().begin_update(docs)
        finally:
            self.model.attrs["cut_tokens"] = None  # attrs are saved with a model

    def write(self, folder: Path) -> None:
        """Write a Hugging Face checkpoint."""
        self.shim.write(folder)

    def read(self, folder: Path, scheme: str) -> None:
        """Read a Hugging Face checkpoint."""
        self.shim.read_folder(folder, scheme)
