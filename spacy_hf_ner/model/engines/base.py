"""What an engine has to do.

To add one, write a subclass of :class:`Engine` in a file beside this one, and name it in
``table.py``.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

import torch

from spacy_hf_ner.model.network import Attention, Network
from spacy_hf_ner.model.reading.batching import Budget, PaddedBatch
from spacy_hf_ner.model.reading.encoding import Template
from spacy_hf_ner.model.reading.limits import Limits

__all__ = ["Backend", "Engine", "ReadEngine", "WeightsSource"]


class Backend(Protocol):
    """What turns a padded batch of subwords into logits: an engine, or a network in training."""

    def run(self, batch: PaddedBatch) -> torch.Tensor:
        """Return the logits of a batch. Shape: (n_windows, length, n_tags)."""


@dataclass(frozen=True, slots=True)
class WeightsSource:
    """The checkpoint folder that an engine is read from, and what the config says about reading it.

    Attributes:
        folder: The folder.
        name: What to call it in messages.
        precision: The type to compute in, one of the engine's ``precisions``.
        attention: The attention kernel, for engines that have a choice.
        allow_pickle: Whether ``.bin`` weights may be read.
        check_sizes: Whether what is far larger than its files say is refused.
        limits: What the network can read, where an engine has stored that with the checkpoint.
    """

    folder: Path
    name: str
    precision: str = "auto"
    attention: Attention = "auto"
    allow_pickle: bool = False
    check_sizes: bool = True
    limits: Limits | None = None


class Engine(ABC):
    """The weights of a checkpoint, and what computes logits with them.

    A model keeps one engine as long as it keeps its checkpoint. The engine is copied and pickled
    with it, so what cannot be copied (sessions, threads, weights in another layout) is made when
    :meth:`prepare` is called, and left out by ``__getstate__``.

    Attributes:
        name: What ``backend`` in a config calls it.
        title: What messages call it.
        precisions: What ``precision`` in a config may be with it.
        files: A regular expression for the names of the files that it writes besides config.json.
            They are removed before another model is saved in their folder.
        file_kind: What messages call these files.
        stores_limits: Whether what the network can read is stored beside it, because nobody can
            ask the files of this engine.
        has_trained_head: Whether the weights of the head were among those read.
        keeps_state: Whether reading changes the network.
        is_causal: Whether subwords do not see those after them.
        prefers_int8: Whether ``precision = "auto"`` means 8-bit integers where the CPU has them,
            because somebody has measured on held-out data that the same is found with them.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    precisions: ClassVar[tuple[str, ...]] = ("auto",)
    files: ClassVar[str]
    file_kind: ClassVar[str] = "the file"
    stores_limits: ClassVar[bool] = True
    has_trained_head: bool = True
    keeps_state: bool = False
    is_causal: bool = False
    prefers_int8: bool = False

    @classmethod
    @abstractmethod
    def read(cls, source: WeightsSource) -> "Engine":
        """Return the engine with the weights in a checkpoint folder.

        Raises:
            CheckpointError: The folder has no weights for this engine, or none that can be trusted.
        """

    @abstractmethod
    def write(self, folder: Path) -> None:
        """Write the weights and config.json to a checkpoint folder, for :meth:`read`."""

    @abstractmethod
    def find_limits(
        self, tokenizer_files: dict[str, bytes], template: Template, *, name: str
    ) -> Limits:
        """Return what the network can read.

        Args:
            tokenizer_files: The files of its tokenizer, by name.
            template: The special tokens around each window.
            name: What to call the checkpoint in messages.

        Raises:
            CheckpointError: It cannot read texts.
        """

    @property
    def network(self) -> Network | None:
        """The PyTorch network that can be trained and exported; None if there is none."""
        return None

    @property
    def can_train(self) -> bool:
        """Whether there is a network that can be trained."""
        return self.network is not None

    @abstractmethod
    def describe(self) -> str:
        """Return what the weights are, for messages: a class, or the name of a file."""

    def move_to(self, device: torch.device) -> None:  # noqa: B027 - most stay where they are
        """Move the weights to a device, where the engine has a choice."""

    def prepare(self) -> None:  # noqa: B027 - some are always ready
        """Make ready to predict in this process; it is called before the batches of each call."""

    def mark_changed(self) -> None:  # noqa: B027 - most have weights that never change
        """Note that the network has changed: whatever was made of it for prediction is outdated."""

    def choose_int8(self, is_preferred: bool) -> None:  # noqa: FBT001 - the name says what it is
        """Set :attr:`prefers_int8`, and forget what was made for prediction before."""
        if self.prefers_int8 != is_preferred:
            self.prefers_int8 = is_preferred
            self.mark_changed()

    @property
    @abstractmethod
    def budget(self) -> Budget:
        """How large the batches are that it runs fastest."""

    @abstractmethod
    def run(self, batch: PaddedBatch) -> torch.Tensor:
        """Return the logits of a batch as float32. Shape: (n_windows, length, n_tags)."""


ReadEngine = Callable[[WeightsSource], Engine]
