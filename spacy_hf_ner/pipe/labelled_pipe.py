"""The labels of a component over a token classifier: known, given, added, and brought to the model.

What a label is belongs to each component: an entity type, or a tag.
"""

import copy
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from spacy.errors import Errors
from spacy.pipeline.trainable_pipe import TrainablePipe
from spacy.vocab import Vocab
from thinc.api import Model

from spacy_hf_ner.core.labels import TagSet
from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.token_classifier import TokenClassifier
from spacy_hf_ner.pipe.architectures import DEFAULT_NAME, get_token_classifier
from spacy_hf_ner.pipe.component_settings import ClassifierSettings

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["LabelledPipe"]


class LabelledPipe(TrainablePipe, ClassifierSettings, ABC):  # type: ignore[misc]
    """A component whose model gives one row of tag scores per token, with its labels.

    Attributes:
        vocab: The pipeline's vocabulary.
        model: The Thinc model.
        name: The component's name.
        label_kind: What its labels are, in the plural, for messages.
        example_checkpoint: One that was trained to find such labels, for messages.
        cfg: JSON values that belong to the weights: labels added since the model was initialized,
            class weights and calibration; and settings that spaCy sets here.
    """

    scheme: str  # of the model's tags; each component says which, or has a setting for it
    label_kind = "labels"
    example_checkpoint = DEFAULT_NAME

    def __init__(self, vocab: Vocab, model: Model[Any, Any], name: str) -> None:
        self.vocab = vocab
        self.model = model
        self.name = name
        self.cfg: dict[str, Any] = {
            "added_labels": [],
            "class_weights": None,
            "calibration": None,
        }

    @abstractmethod
    def check_label(self, label: str) -> None:
        """Check that a label can be added."""

    @abstractmethod
    def get_labels(self, tag_set: TagSet) -> tuple[str, ...]:
        """Return the labels that some tags stand for."""

    @abstractmethod
    def extend_tags(self, tag_set: TagSet, label: str) -> TagSet:
        """Return tags that know one more label; the columns of the others stay."""

    @property
    def classifier(self) -> TokenClassifier:
        """The interface to the model."""
        return get_token_classifier(self.model)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels; known before first use if the checkpoint is on this machine."""
        tag_set = self.classifier.peek(self.scheme)
        if tag_set is None:
            return tuple(self.cfg["added_labels"])
        return self.get_labels(tag_set)

    @property
    def label_data(self) -> list[str]:
        """What ``initialize`` takes as ``labels``."""
        return list(self.labels)

    def add_label(self, label: str) -> int:
        """Add a label, with new rows in the head if there is one.

        Returns:
            0 if it was there already, else 1.
        """
        if not isinstance(label, str):
            raise ValueError(Errors.E187)  # noqa: TRY004 - what spaCy's pipes raise
        self.check_label(label)
        is_new = label not in self.labels
        if is_new and self.classifier.peek(self.scheme) is not None:
            self._set_tags(self.extend_tags(self.prepare(), label))
        # Kept for initialize too, which would drop the label if the data lacks it.
        if label not in self.cfg["added_labels"]:
            self.cfg["added_labels"].append(label)
        self.vocab.strings.add(label)
        return int(is_new)

    def prepare(self) -> TagSet:
        """Load the model, give it the labels that wait for it, and return its tags.

        Raises:
            CheckpointError: The model cannot be loaded, or its head was never trained.
        """
        tag_set = self._require_tag_set()
        extended = tag_set
        for label in self.cfg["added_labels"]:
            if label not in self.get_labels(extended):
                extended = self.extend_tags(extended, label)
        if extended is not tag_set:
            self._set_tags(extended)
        return extended

    def with_model(self, model: Model[Any, Any]) -> "Self":
        """Return a component with the same settings and another model; this one stays as it is."""
        other = copy.copy(self)
        other.model = model
        # What is written to it, such as a calibration that learning ends, is the other's alone.
        other.cfg = dict(self.cfg)
        return other

    def _require_tag_set(self) -> TagSet:
        """Return the tags of a model that somebody has trained, or is about to."""
        tag_set = self.classifier.load(self.scheme)
        if tag_set is None:
            raise CheckpointError(
                f"{self.name}: the model is a plain encoder without a trained head, so it "
                "cannot predict. Train it (nlp.initialize and nlp.update, or `python -m spacy "
                "train`), or set name to a token-classification checkpoint such as "
                f'"{self.example_checkpoint}".',
                settings=("name",),
            )
        return tag_set

    def _set_tags(self, tag_set: TagSet) -> None:
        """Give the model the columns of a tag set. Scores mean something else afterwards."""
        self.classifier.set_tags(tag_set, scheme=self.scheme)
        self.forget_figures()

    def forget_figures(self) -> None:
        """Drop what was measured with other weights: the calibration, and results for the card."""
        self.cfg["calibration"] = None
        card = self.cfg.get("card")
        if card is not None and card["results"] is not None:
            self.cfg["card"] = {**card, "results": None}

    def _add_label_strings(self) -> None:
        """Put the labels into the string store, where a vocab from elsewhere lacks them."""
        for label in self.labels:
            self.vocab.strings.add(label)
