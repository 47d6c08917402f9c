"""What a component needs of a Thinc model that gives rows of tag scores.

The Thinc model takes Docs and gives one ``UnitRows`` for each. Which units a Doc has is for the
model to say. Its backprop takes, for each Doc, the gradient on the rows: one row a unit.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from spacy.tokens import Doc
from thinc.api import Model, Optimizer

from spacy_hf_ner.core.alignment import Units
from spacy_hf_ner.core.arrays import Floats32, Ints
from spacy_hf_ner.core.chain import TransitionScores
from spacy_hf_ner.core.labels import TagSet
from spacy_hf_ner.core.units import UnitRows
from spacy_hf_ner.model.reading.units import find_units
from spacy_hf_ner.model.training.loss import Reduction

__all__ = ["Backprop", "TokenClassifier", "TokenModel"]

TokenModel = Model[Any, Any]
"""``list[Doc]`` to ``list[UnitRows]``."""

Backprop = Callable[[Sequence[Floats32]], object]
"""Takes the gradient on the rows of each Doc. Shape of each: (n_units, n_tags)."""


class TokenClassifier(ABC):
    """The two kinds of model behind one interface. All state is in the Thinc model, none here.

    Attributes:
        model: The Thinc model.
        reduction: Whether the gradients that it takes are those of a mean or of a sum.
    """

    reduction: Reduction = "mean"

    def __init__(self, model: TokenModel) -> None:
        self.model = model

    @property
    def is_listener(self) -> bool:
        """Whether another component makes the vectors; spaCy finds it out in the same way."""
        return any(hasattr(layer, "upstream_name") for layer in self.model.walk())

    @property
    def reads_sentences(self) -> bool:
        """Whether it reads each sentence by itself, and so needs sentence boundaries."""
        return False

    @property
    def cuts_tokens(self) -> bool:
        """Whether a token may have several rows; the model is loaded before."""
        return False

    def learn_parts(self) -> bool:
        """Let labels run over parts of tokens from now on, if they can; tell whether they do."""
        return False

    @property
    def max_learn_rate(self) -> float:
        """The learn rate beyond which the model loses what it has learned before."""
        return math.inf

    @property
    def transition_scores(self) -> TransitionScores:
        """What a checkpoint that is loaded adds to transitions in decoding; nothing by default."""
        return TransitionScores()

    @abstractmethod
    def check_name(self) -> None:
        """Check that what the model is to be loaded from is there, without loading it.

        Raises:
            CheckpointError: It is not.
        """

    @abstractmethod
    def load(self, scheme: str) -> TagSet | None:
        """Load what is loaded at first use; return the tags, or None if nobody trained any."""

    @abstractmethod
    def peek(self, scheme: str) -> TagSet | None:
        """Return the tags if they are known without loading anything large or using the network."""

    @abstractmethod
    def set_tags(self, tag_set: TagSet, *, scheme: str) -> None:
        """Give the model the columns of a tag set, keeping what it knows of each tag."""

    @abstractmethod
    def initialize(self, docs: list[Doc]) -> None:
        """Make the model ready for training; tags are set before."""

    @abstractmethod
    def write(self, folder: Path) -> None:
        """Write the model to an empty folder, without pickle."""

    @abstractmethod
    def read(self, folder: Path, scheme: str) -> None:
        """Read what :meth:`write` wrote."""

    def find_units(self, doc: Doc) -> Units:
        """Return what gets a row in a Doc; the model is loaded before."""
        return find_units(doc)

    def predict(self, docs: Sequence[Doc]) -> list[UnitRows]:
        """Return the rows of each Doc."""
        rows: list[UnitRows] = self.model.predict(list(docs))
        return rows

    def begin_update(
        self,
        docs: Sequence[Doc],
        *,
        as_predicted: bool = False,  # noqa: ARG002 - one vector a token is read in one way only
        cut_tokens: Sequence[Ints] | None = None,  # noqa: ARG002 - nor can a token be cut
    ) -> tuple[list[UnitRows], Backprop]:
        """Return the rows of each Doc for training, and what takes the gradient on them.

        Args:
            docs: The batch.
            as_predicted: Pool the subwords of a unit as prediction does, and give what is learned
                from those that continue it apart, in ``continuing``. The gradient on that stands
                beside the one on the rows: together they have twice the columns.
            cut_tokens: The tokens of each Doc that gold cuts, and that are units no more where
                labels run over parts of tokens; None for none. Shape of each: (n_cut,).
        """
        return self.model.begin_update(list(docs))

    def finish_update(self, optimizer: Optimizer) -> None:
        """Apply the gradients gathered since the last time."""
        self.model.finish_update(optimizer)
