"""What a component needs of a Thinc model that gives one row of tag scores per token.

A row holds log-probabilities of the tags; it is NaN where nothing is known of the token (white space, or no subword).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from spacy.tokens import Doc
from thinc.api import Model, Optimizer

from spacy_hf_ner.core.arrays import Floats32
from spacy_hf_ner.core.labels import TagSet
from spacy_hf_ner.model.training.loss import Reduction

TokenModel = Model[Any, Any]  # list[Doc] to list[Floats2d]; Thinc's array types do not know numpy's
Backprop = Callable[[Sequence[Floats32]], object]


class TokenClassifier(ABC):
    """The two kinds of model behind one interface. It has no state of its own: all of it is in the model.

    Attributes:
        reduction: What the gradients that it takes are of.
    """

    reduction: Reduction = "mean"

    def __init__(self, model: TokenModel) -> None:
        self.model = model

    @property
    def is_listener(self) -> bool:
        """Whether the vectors come from another component, as spaCy finds out itself."""
        return any(hasattr(layer, "upstream_name") for layer in self.model.walk())

    @abstractmethod
    def load(self, scheme: str) -> TagSet | None:
        """Load what is to be loaded at first use, and return the tags; None if nobody has trained them yet."""

    @abstractmethod
    def peek(self, scheme: str) -> TagSet | None:
        """Return the tags if they are known without loading anything large or asking the network."""

    @abstractmethod
    def set_tags(self, tag_set: TagSet, *, scheme: str) -> None:
        """Give the model the columns of a tag set, keeping what it knows of each tag."""

    @abstractmethod
    def initialize(self, docs: list[Doc]) -> None:
        """Make the model ready for training; tags are set before."""

    @abstractmethod
    def to_disk(self, folder: Path) -> None:
        """Write the model to a folder, without pickle."""

    @abstractmethod
    def from_disk(self, folder: Path, scheme: str) -> None:
        """Read what :meth:`to_disk` wrote."""

    def predict(self, docs: Sequence[Doc]) -> list[Floats32]:
        """Return the rows of each Doc. Shape of each: (n_tokens, n_tags)."""
        ops: Any = self.model.ops
        return [ops.to_numpy(rows) for rows in self.model.predict(list(docs))]

    def begin_update(self, docs: Sequence[Doc]) -> tuple[list[Floats32], Backprop]:
        """Return the rows of each Doc for training, and what takes their gradient."""
        ops: Any = self.model.ops
        rows, backprop = self.model.begin_update(list(docs))
        return [ops.to_numpy(r) for r in rows], lambda gradient: backprop(
            [ops.asarray2f(g) for g in gradient]
        )

    def finish_update(self, optimizer: Optimizer) -> None:
        """Apply the gradients gathered since the last time."""
        self.model.finish_update(optimizer)
