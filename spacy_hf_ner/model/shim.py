"""Thinc ⇄ an engine that predicts and a trainer: what Thinc asks of a model that is no array code.

Loading is in :mod:`spacy_hf_ner.model.checkpoint_loader`, training in
:mod:`spacy_hf_ner.model.training.trainer`.
"""

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from spacy.tokens import Doc
from thinc.api import Optimizer, get_torch_default_device
from thinc.shims.shim import Shim

from spacy_hf_ner.core.alignment import Units
from spacy_hf_ner.core.arrays import Floats32, Ints
from spacy_hf_ner.core.labels import TagSet
from spacy_hf_ner.core.replacing import replace_folder
from spacy_hf_ner.core.units import UnitRows
from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.checkpoint import Checkpoint, write_checkpoint
from spacy_hf_ner.model.checkpoint_loader import CheckpointLoader
from spacy_hf_ner.model.engines.base import ReadEngine
from spacy_hf_ner.model.files import pack_folder, unpack_folder
from spacy_hf_ner.model.head import set_head
from spacy_hf_ner.model.network import get_device
from spacy_hf_ner.model.notes import NOTES_FILE, is_saved_model_file
from spacy_hf_ner.model.processes import avoid_fork_deadlock, one_at_a_time
from spacy_hf_ner.model.reading.aggregation import (
    Aggregation,
    count_disagreements,
    find_cut_units,
    score_units,
)
from spacy_hf_ner.model.reading.batching import Budget
from spacy_hf_ner.model.reading.layout import LabelUnit, Layout, Reading, lay_out
from spacy_hf_ner.model.reading.units import find_units
from spacy_hf_ner.model.reading.windowed import run_windows
from spacy_hf_ner.model.settings import Settings
from spacy_hf_ner.model.training.trainer import Trainer

__all__ = ["HFShim"]

logger = logging.getLogger("spacy_hf_ner")

AVERAGES_KEY = "spacy_hf_ner.averages"


class HFShim(Shim):
    """Holds a checkpoint for a Thinc model, and nothing until it is first needed.

    Args:
        settings: What the config says about the model.
        read_engine: What reads the weights; the engine that ``backend`` names by default.

    Attributes:
        settings: What the config says about the model.
        checkpoint: The checkpoint; None until it is loaded.
    """

    def __init__(self, settings: Settings, *, read_engine: ReadEngine | None = None) -> None:
        super().__init__(None)
        self.settings = settings
        self.checkpoint: Checkpoint | None = None
        self._read_engine = read_engine
        self._trainer: Trainer | None = None  # never copied, pickled or saved
        self._has_logged_disagreement = False

    def check_name(self) -> None:
        """Check that there is a checkpoint of the name in the settings."""
        self._loader.check_name()

    def load(self, scheme: str) -> Checkpoint:
        """Return the checkpoint, fetching and reading it the first time.

        Raises:
            CheckpointError: It cannot be fetched or read.
            ConfigError: It does not fit the settings. It is not kept: the next call says the same.
        """
        if self.checkpoint is None:
            # Outside of the lock, because a download takes long.
            folder = self._loader.fetch()
            with one_at_a_time():
                if self.checkpoint is None:  # no other thread has loaded it meanwhile
                    self._keep(self._loader.read_source(folder, scheme))
        return self._loaded()

    def adopt(self, checkpoint: Checkpoint) -> None:
        """Use a checkpoint that is in memory, in place of whatever was loaded.

        Raises:
            ConfigError: It does not fit the settings. What was loaded stays.
        """
        self._loader.make_ready(checkpoint)
        self._keep(checkpoint)

    def peek(self, scheme: str) -> TagSet | None:
        """Return the tags if they can be known without loading weights or asking the network."""
        if self.checkpoint is not None:
            return self.checkpoint.tag_set
        return self._loader.peek(scheme)

    def set_tags(self, tag_set: TagSet, *, scheme: str) -> None:
        """Give the head the columns of a tag set, keeping the rows of tags it knows."""
        checkpoint = self.load(scheme)
        if checkpoint.tag_set is None:
            self._prepare_new_head(checkpoint)
        if checkpoint.tag_set != tag_set:
            with one_at_a_time():
                set_head(checkpoint.network, tag_set, known=checkpoint.tag_set)
            if not _share_types(tag_set, checkpoint.tag_set):
                # It was tuned for a head of which nothing is left.
                checkpoint.viterbi_calibration = None
            checkpoint.tag_set = tag_set
            checkpoint.engine.mark_changed()
            checkpoint.engine.choose_int8(False)
            self._trainer = None  # the optimizer has parameters of the old head

    def store_training_settings(self) -> None:
        """Note with the checkpoint what it is trained with, where the config names it."""
        checkpoint = self._loaded()
        checkpoint.window = self.settings.window or checkpoint.window
        checkpoint.subword_labels = self.settings.subword_labels or checkpoint.subword_labels
        checkpoint.label_unit = self.settings.choose_label_unit(checkpoint)
        if checkpoint.label_unit == "part" and self.settings.subword_labels is None:
            # Subwords agree only if those that continue a token have learned what it is.
            checkpoint.subword_labels = "all_inside"
        if checkpoint.subword_labels == "last":
            checkpoint.aggregation = checkpoint.aggregation or "last"

    @property
    def label_unit(self) -> LabelUnit:
        """What the labels run over."""
        return self.settings.choose_label_unit(self._loaded())

    def learn_parts(self) -> bool:
        """Let labels run over parts of tokens from now on; tell whether they do.

        They do not where the config says what they run over, nor in causal networks, in which the
        first subword of a token has not seen the others.
        """
        checkpoint = self._loaded()
        is_free = self.settings.label_unit == "auto" and self.label_unit == "token"
        if is_free and not checkpoint.engine.is_causal:
            checkpoint.label_unit = "part"
        return self.label_unit != "token"

    def _prepare_new_head(self, checkpoint: Checkpoint) -> None:
        """Choose what a checkpoint can still choose whose head was never trained."""
        if self.settings.mark_case:
            checkpoint.mark_case()
        if checkpoint.engine.is_causal:
            # The first subword of a word has not seen the others.
            checkpoint.subword_labels = "last"

    @property
    def aggregation(self) -> Aggregation:
        """How the subwords of a unit are pooled."""
        return self.settings.aggregation or self._loaded().aggregation or "first"

    @property
    def reading(self) -> Reading:
        """How this model cuts texts into windows."""
        return self.settings.choose_reading(self._loaded())

    def find_units(self, doc: Doc) -> Units:
        """Return what gets a row in a Doc: its tokens, or their subwords.

        Which tokens are cut is known only when the Doc has been read, so none is here.
        """
        checkpoint = self._loaded()
        if self.settings.choose_label_unit(checkpoint) != "subword":
            return find_units(doc)
        return self._lay_out([doc], checkpoint).units[0]

    def __call__(
        self,
        docs: Sequence[Doc],
        is_train: bool,  # noqa: FBT001 - Thinc's signature
        *,
        dropout: float = 0.0,
        as_predicted: bool = False,
        cut_tokens: Sequence[Ints] | None = None,
    ) -> tuple[list[UnitRows], Callable[[Sequence[Floats32]], Any]]:
        """Return each Doc's rows, and a callback that takes their gradient."""
        if is_train:
            return self._begin_update(
                docs, dropout, as_predicted=as_predicted, cut_tokens=cut_tokens
            )
        return self._predict_rows(docs), _refuse_backprop

    def _predict_rows(self, docs: Sequence[Doc]) -> list[UnitRows]:
        checkpoint = self._loaded()
        assert checkpoint.tag_set is not None
        avoid_fork_deadlock()
        engine = checkpoint.engine
        engine.prepare()
        layout = self._lay_out(docs, checkpoint)
        with torch.inference_mode():
            logits = run_windows(engine, layout, checkpoint, self._choose_budget(checkpoint))
            if logits.shape[-1] != len(checkpoint.tag_set):
                raise CheckpointError(
                    f"{checkpoint.name}: config.json names {len(checkpoint.tag_set)} labels, and "
                    f"{engine.describe()} has {logits.shape[-1]} columns: they do not belong "
                    "together. Copy the checkpoint again from where it is whole."
                )
            if bool(torch.isnan(logits).any()):
                raise CheckpointError(
                    f"{checkpoint.name}: the network gave NaN logits: its weights are broken, or "
                    'overflow in this precision. Try precision = "fp32"; if that does not help, '
                    "the checkpoint is damaged.",
                    settings=("precision",),
                )
            self._log_disagreement(logits, layout, checkpoint.tag_set)
            if self.settings.choose_label_unit(checkpoint) == "part":
                layout = _split_cut_units(layout, logits, checkpoint)
            rows = score_units(
                logits,
                layout.alignment,
                checkpoint.tag_set,
                aggregation=self.aggregation,
                subword_labels=checkpoint.subword_labels,
            )
        return layout.split_rows(rows.float().cpu().numpy())

    def _choose_budget(self, checkpoint: Checkpoint) -> Budget:
        full_length = self.reading.window + len(checkpoint.tokenizer.template)
        return replace(checkpoint.engine.budget, full_length=full_length)

    def _lay_out(self, docs: Sequence[Doc], checkpoint: Checkpoint) -> Layout:
        return lay_out(
            docs,
            checkpoint.tokenizer.encode(docs),
            self.reading,
            label_unit=self.settings.choose_label_unit(checkpoint),
        )

    def _begin_update(
        self,
        docs: Sequence[Doc],
        dropout: float,
        *,
        as_predicted: bool,
        cut_tokens: Sequence[Ints] | None,
    ) -> tuple[list[UnitRows], Callable[[Sequence[Floats32]], list[Doc]]]:
        checkpoint = self._loaded()
        avoid_fork_deadlock()
        self.store_training_settings()
        checkpoint.engine.move_to(get_torch_default_device())
        rows, add_gradients = self._make_trainer().begin_update(
            docs,
            dropout=dropout,
            pooled_by=self.aggregation if as_predicted else None,
            cut_tokens=cut_tokens,
        )

        def backprop(d_rows: Sequence[Floats32]) -> list[Doc]:
            add_gradients(d_rows)
            return []  # Thinc's gradient of the inputs; Docs have none

        return rows, backprop

    def finish_update(self, optimizer: Optimizer | Callable[..., Any]) -> None:
        """Step the network as a Thinc optimizer asks; another callable gets the gradients."""
        if self.checkpoint is None:  # all that was learned from were empty Docs
            return
        trainer = self._make_trainer()
        if isinstance(optimizer, Optimizer):
            trainer.step(optimizer)
            if optimizer.averages is not None:
                # spaCy calls use_params only with averages that the optimizer has. The trainer
                # keeps its own, so this entry only says that there are some.
                placeholder = np.zeros(1, dtype=np.float32)
                optimizer.averages[self.id, AVERAGES_KEY] = cast("Any", placeholder)
        else:
            trainer.give_gradients(optimizer, self.id)
        self.checkpoint.engine.mark_changed()
        self.checkpoint.engine.choose_int8(False)  # it was measured with other weights

    def read_training_state(self) -> dict[str, torch.Tensor]:
        """Return what training goes on from besides the weights: moments, averages, counts.

        It is empty before the first step.
        """
        trainer = self._get_trainer()
        if trainer is None:
            return {}
        return trainer.read_state()

    def set_training_state(self, state: Mapping[str, torch.Tensor], optimizer: Optimizer) -> None:
        """Go on from what :meth:`read_training_state` returned for the weights that are loaded.

        Args:
            state: What was returned then.
            optimizer: The Thinc optimizer that will step the network.
        """
        self._make_trainer().set_state(state, optimizer)

    @contextlib.contextmanager
    def use_params(self, params: dict[tuple[int, str], Any]) -> Iterator[None]:
        """Use the averaged weights for a while, if these are the optimizer's averages."""
        trainer = self._get_trainer()
        if trainer is None or (self.id, AVERAGES_KEY) not in params:
            yield
            return
        engine = self._loaded().engine
        try:
            with trainer.use_averages():
                engine.mark_changed()
                yield
        finally:
            engine.mark_changed()

    def to_device(self, device_type: str, device_id: int) -> None:
        """Move the network to a device, as Thinc calls it; nobody may predict meanwhile."""
        if self.checkpoint is None:
            return
        if device_type == "gpu":
            device = torch.device("cuda", device_id)
        else:
            device = torch.device(device_type)
        self.checkpoint.engine.move_to(device)

    def to_disk(self, path: str | Path) -> None:
        """Write a checkpoint folder, in place of a model that was saved there before.

        Raises:
            OutputError: It cannot be written. What was there stays.
        """
        with replace_folder(
            Path(path), marker=NOTES_FILE, is_outdated=is_saved_model_file
        ) as fresh:
            self.write(fresh)

    def write(self, folder: Path) -> None:
        """Write the files of the checkpoint to an empty folder."""
        write_checkpoint(self._loaded(), folder)

    def read_folder(self, folder: Path, scheme: str) -> None:
        """Read a folder that :meth:`to_disk` wrote, in place of whatever was loaded.

        Raises:
            CheckpointError: It cannot be read. What was loaded stays.
            ConfigError: It does not fit the settings. What was loaded stays.
        """
        with one_at_a_time():
            self._keep(self._loader.read_saved(folder, scheme))

    def from_disk(self, path: str | Path) -> "HFShim":
        """Read a folder with the scheme that is stored in it."""
        self.read_folder(Path(path), "auto")
        return self

    def to_bytes(self) -> bytes:
        """Return the files of the checkpoint folder; empty if nothing was loaded yet."""
        if self.checkpoint is None:
            return b""
        return pack_folder(self.write)

    def from_bytes(self, data: bytes) -> "HFShim":
        """Load what :meth:`to_bytes` returned."""
        if data:
            with unpack_folder(data) as folder:
                self.from_disk(folder)
        return self

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_trainer": None}

    @property
    def _loader(self) -> CheckpointLoader:
        return CheckpointLoader(self.settings, self._read_engine)

    def _keep(self, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint that was found to fit the settings, on the device that spaCy wants.

        It stays there. Each thread has a device of its own for Thinc, which is the CPU where
        nobody chose another, so those who predict do not look: they would move the network away
        from under one another.
        """
        checkpoint.engine.move_to(get_torch_default_device())
        self._trainer = None
        self.checkpoint = checkpoint

    def _loaded(self) -> Checkpoint:
        if self.checkpoint is None:
            raise CheckpointError(
                f"{self.settings.name}: the checkpoint is not loaded yet. Call load() first."
            )
        return self.checkpoint

    def _get_trainer(self) -> Trainer | None:
        """Return the trainer, unless the network has left the device that it trains on."""
        trainer = self._trainer
        if trainer is None or trainer.device != get_device(self._loaded().network):
            return None
        return trainer

    def _make_trainer(self) -> Trainer:
        """Return the trainer, which is made at the first update."""
        trainer = self._get_trainer()
        if trainer is None:
            trainer = self._trainer = Trainer(self._loaded(), self.settings)
        return trainer

    def _log_disagreement(self, logits: torch.Tensor, layout: Layout, tag_set: TagSet) -> None:
        """Log once that subwords of a token disagree on its type, as `aggregation` then decides."""
        if self._has_logged_disagreement or not logger.isEnabledFor(logging.INFO):
            return
        n_disagreeing, n_several = count_disagreements(logits, layout.alignment, tag_set)
        if n_disagreeing:
            self._has_logged_disagreement = True
            logger.info(
                "%s: in %d of %d tokens of several subwords these disagree on the entity type; "
                "aggregation = %r decides. This is said once.",
                self.settings.name,
                n_disagreeing,
                n_several,
                self.aggregation,
            )


def _split_cut_units(layout: Layout, logits: torch.Tensor, checkpoint: Checkpoint) -> Layout:
    """Return the layout in which those tokens are split whose subwords say different things."""
    assert checkpoint.tag_set is not None
    is_cut = find_cut_units(
        logits,
        layout.alignment,
        checkpoint.tag_set,
        subword_labels=checkpoint.subword_labels,
    )
    if not is_cut.any():
        return layout
    return layout.split(is_cut)


def _share_types(tag_set: TagSet, known: TagSet | None) -> bool:
    """Tell whether two tag sets have a type in common."""
    if known is None:
        return False
    return not set(tag_set.entity_types).isdisjoint(known.entity_types)


def _refuse_backprop(_gradient: object) -> None:
    raise RuntimeError("backprop after predict: call model.begin_update to train.")
