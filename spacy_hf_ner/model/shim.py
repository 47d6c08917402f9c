"""Thinc ⇄ torch for a Hugging Face network: loading at first use, forward and backward, the optimizer step, files."""

import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from spacy.tokens import Doc
from thinc.api import Optimizer, get_torch_default_device, torch2xp
from thinc.shims.shim import Shim

from spacy_hf_ner.core.arrays import Floats32
from spacy_hf_ner.core.labels import TagSet
from spacy_hf_ner.core.units import UnitRows
from spacy_hf_ner.core.windows import check_window
from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.checkpoint import (
    Checkpoint,
    peek_tag_set,
    read_checkpoint,
    read_exported,
    write_checkpoint,
)
from spacy_hf_ner.model.engines.choice import Engine, make_engine
from spacy_hf_ner.model.engines.torch_engine import TorchBackend, cast_to, resolve_precision
from spacy_hf_ner.model.files import pack_folder, unpack_folder
from spacy_hf_ner.model.head import find_head, set_head
from spacy_hf_ner.model.hub import fetch_folder, find_folder
from spacy_hf_ner.model.network import Network
from spacy_hf_ner.model.notes import remove_saved_model
from spacy_hf_ner.model.processes import avoid_fork_deadlock, one_at_a_time
from spacy_hf_ner.model.reading.aggregation import (
    count_disagreements,
    score_units,
    score_units_for_training,
)
from spacy_hf_ner.model.reading.batching import Budget
from spacy_hf_ner.model.reading.layout import Layout, MixedReading, Reading, lay_out
from spacy_hf_ner.model.reading.windowed import run_windows
from spacy_hf_ner.model.settings import Settings
from spacy_hf_ner.model.training.dropout import make_dropout_cheap, set_dropout
from spacy_hf_ner.model.training.embeddings import EmbeddingGradient
from spacy_hf_ner.model.training.freezing import freeze_layers
from spacy_hf_ner.model.training.optimizer import NetworkOptimizer
from spacy_hf_ner.model.training.recomputing import RecomputingBackend

logger = logging.getLogger("spacy_hf_ner")

DEFAULT_WINDOW = 128
TRAINING_BUDGET = Budget(2048, padding=64)  # of a micro-batch
MAX_KEPT_SUBWORDS = (
    8192  # padded subwords whose activations are kept for backprop; the rest is computed again
)
AVERAGES_KEY = "spacy_hf_ner.averages"


@dataclass(slots=True)
class _Transient:
    """What can be made again at any time: never copied, pickled or saved."""

    engine: Engine | None = None
    optimizer: NetworkOptimizer | None = None
    embeddings: EmbeddingGradient | None = None
    scaler: torch.amp.GradScaler | None = None


class HFShim(Shim):
    """Holds a checkpoint for a Thinc model, and nothing until it is first needed."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(None)
        self.settings = settings
        self.checkpoint: Checkpoint | None = None
        self._transient = _Transient()
        self._has_told_disagreement = False

    def load(self, scheme: str) -> Checkpoint:
        """Return the checkpoint, fetching and reading it the first time."""
        if self.checkpoint is None:
            s = self.settings
            folder = fetch_folder(s.name, revision=s.revision, allow_pickle=s.allow_pickle)
            with one_at_a_time():
                if self.checkpoint is None:  # nobody has loaded it meanwhile
                    self.adopt(self._read(folder, scheme, name=s.name, labels=s.labels))
        assert self.checkpoint is not None
        return self.checkpoint

    def adopt(self, checkpoint: Checkpoint) -> None:
        """Use a checkpoint, in place of whatever was loaded."""
        if not checkpoint.is_exported:
            freeze_layers(checkpoint.network, self.settings.frozen_layers)
            make_dropout_cheap(checkpoint.network)
        self._transient = _Transient()
        self.checkpoint = checkpoint
        _ = self.reading  # refuses a window that does not fit

    def peek(self, scheme: str) -> TagSet | None:
        """Return the tags of the checkpoint if they can be known without loading it or asking the network."""
        if self.checkpoint is not None:
            return self.checkpoint.tag_set
        s = self.settings
        folder = find_folder(s.name, revision=s.revision, allow_pickle=s.allow_pickle)
        return None if folder is None else peek_tag_set(folder, labels=s.labels, scheme=scheme)

    def set_tags(self, tag_set: TagSet, *, scheme: str) -> None:
        """Give the head the columns of a tag set, keeping the rows of tags it knows."""
        checkpoint = self.load(scheme)
        if checkpoint.tag_set is None and self.settings.mark_case:
            checkpoint.mark_case()
        if checkpoint.tag_set != tag_set:
            with one_at_a_time():
                set_head(checkpoint.network, tag_set, known=checkpoint.tag_set)
            checkpoint.tag_set = tag_set
            self._transient = _Transient()

    def store_training_settings(self) -> None:
        """Note with the checkpoint what it is trained with, where the config names it."""
        checkpoint, s = self._loaded(), self.settings
        checkpoint.window = s.window or checkpoint.window
        checkpoint.subword_labels = s.subword_labels or checkpoint.subword_labels

    @property
    def reading(self) -> Reading:
        """How this model cuts texts into windows."""
        checkpoint, s = self._loaded(), self.settings
        window = (
            s.window or checkpoint.window or min(checkpoint.limits.max_subwords, DEFAULT_WINDOW)
        )
        overlap = window // 4 if s.overlap is None else s.overlap
        check_window(window, overlap, limit=checkpoint.limits.max_subwords, name=checkpoint.name)
        return Reading(window, overlap, by_sentence=s.context == "sentence")

    def __call__(
        self,
        docs: Sequence[Doc],
        is_train: bool,  # noqa: FBT001 - Thinc's signature
        *,
        dropout: float = 0.0,
    ) -> tuple[list[UnitRows], Callable[[Sequence[Floats32]], Any]]:
        """Return each Doc's rows, and a callback that takes their gradient."""
        if is_train:
            return self._begin_update(docs, dropout)
        return self._predict_rows(docs), _refuse_backprop

    def _predict_rows(self, docs: Sequence[Doc]) -> list[UnitRows]:
        checkpoint = self._loaded()
        assert checkpoint.tag_set is not None
        avoid_fork_deadlock()
        engine = self._make_engine()
        layout = lay_out(docs, checkpoint.tokenizer.encode(docs), self.reading)
        with torch.inference_mode():
            logits = run_windows(engine.backend, layout, checkpoint, engine.budget)
            if bool(torch.isnan(logits).any()):
                raise CheckpointError(
                    f"{checkpoint.name}: the network gave NaN logits: its weights are broken, or overflow in this "
                    'precision. Try precision = "fp32"; if that does not help, the checkpoint is damaged.'
                )
            self._tell_disagreement(logits, layout, checkpoint.tag_set)
            rows = score_units(
                logits,
                layout.alignment,
                checkpoint.tag_set,
                aggregation=self.settings.aggregation,
                subword_labels=checkpoint.subword_labels,
            )
        return layout.split_rows(rows.float().cpu().numpy())

    def _begin_update(
        self, docs: Sequence[Doc], dropout: float
    ) -> tuple[list[UnitRows], Callable[[Sequence[Floats32]], list[Doc]]]:
        checkpoint = self._loaded()
        assert checkpoint.tag_set is not None
        avoid_fork_deadlock()
        self.store_training_settings()
        network = self._network_on_device()
        set_dropout(network, dropout if self.settings.dropout is None else self.settings.dropout)
        device = _device_of(network)
        autocast = resolve_precision(self.settings.mixed_precision, device)
        reading = MixedReading(self.reading, longest=checkpoint.limits.max_subwords)
        layout = lay_out(docs, checkpoint.tokenizer.encode(docs), reading)
        backend = RecomputingBackend(
            TorchBackend(network, autocast=autocast), max_kept=MAX_KEPT_SUBWORDS
        )
        embeddings = self._transient.embeddings = self._transient.embeddings or EmbeddingGradient(
            network
        )
        with torch.enable_grad():
            with (
                embeddings.by_rows(),
                cast_to(autocast, device),
            ):  # around all batches: weights are cast once
                logits = run_windows(backend, layout, checkpoint, TRAINING_BUDGET)
            rows = score_units_for_training(
                logits,
                layout.alignment,
                checkpoint.tag_set,
                subword_labels=checkpoint.subword_labels,
            )
        scaler = self._get_scaler(autocast, device)

        def backprop(d_rows: Sequence[Floats32]) -> list[Doc]:
            if rows.requires_grad:
                gradient = torch.from_numpy(np.concatenate(d_rows)).to(device)
                embeddings.prepare()
                with embeddings.by_rows():  # what is computed again
                    torch.autograd.backward(rows, scaler.scale(gradient))
            return []

        return layout.split_rows(rows.detach().float().cpu().numpy()), backprop

    def finish_update(self, optimizer: Optimizer | Callable[..., Any]) -> None:
        """Step the network as a thinc optimizer asks; another callable (``nlp.rehearse``) gets the gradients."""
        if self.checkpoint is None:  # all that was learned from were empty Docs
            return
        network = self.checkpoint.network
        self._transient.engine = None
        if isinstance(optimizer, Optimizer):
            stepper = self._transient.optimizer
            if stepper is None or stepper.settings is not optimizer:
                stepper = self._transient.optimizer = NetworkOptimizer(
                    network,
                    find_head(network)[1],
                    head_learn_rate=self.settings.head_learn_rate,
                    settings=optimizer,
                    scaler=self._get_scaler(None, _device_of(network)),
                )
            stepper.step()
            if optimizer.averages is not None:
                # spaCy asks for averages only where the optimizer has some; ours are kept in the stepper.
                optimizer.averages[self.id, AVERAGES_KEY] = cast(
                    "Any", np.zeros(1, dtype=np.float32)
                )
            return
        scale = self._get_scaler(None, _device_of(network)).get_scale()
        for name, parameter in network.named_parameters():
            if parameter.grad is not None:
                # The weights are a view, which the callable's optimizer writes to later; the gradient is a copy.
                optimizer(
                    (self.id, name), torch2xp(parameter.detach()), torch2xp(parameter.grad / scale)
                )
                parameter.grad = None

    @contextlib.contextmanager
    def use_params(self, params: dict[tuple[int, str], Any]) -> Iterator[None]:
        """Use the averaged weights for a while, if these are the optimizer's averages."""
        stepper = self._transient.optimizer
        if stepper is None or (self.id, AVERAGES_KEY) not in params:
            yield
            return
        stepper.swap_averages()
        self._transient.engine = None
        try:
            yield
        finally:
            stepper.swap_averages()
            self._transient.engine = None

    def to_device(self, device_type: str, device_id: int) -> None:
        """Move the network; Thinc calls it, but prediction and training look for themselves where they are."""
        if self.checkpoint is not None and not self.checkpoint.is_exported:
            self.checkpoint.network.to(
                torch.device(device_type, device_id) if device_type != "cpu" else "cpu"
            )
            self._transient = _Transient()

    def to_disk(self, path: str | Path) -> None:
        """Write a folder that is a Hugging Face checkpoint, in place of a model that was saved there before."""
        checkpoint, folder = self._loaded(), Path(path)
        remove_saved_model(folder)
        write_checkpoint(checkpoint, folder)

    def read_folder(self, folder: Path, scheme: str) -> None:
        """Read a folder that :meth:`to_disk` wrote, in place of whatever was loaded.

        The ``labels`` of the config are not those of the folder: they name the columns that its source had.
        """
        with one_at_a_time():
            self.adopt(self._read(folder, scheme))

    def from_disk(self, path: str | Path) -> "HFShim":
        """Read a folder with the scheme that is stored in it."""
        self.read_folder(Path(path), "auto")
        return self

    def to_bytes(self) -> bytes:
        """Return the files of the checkpoint folder; empty if nothing was loaded yet."""
        if self.checkpoint is None:
            return b""
        return pack_folder(self.to_disk)

    def from_bytes(self, data: bytes) -> "HFShim":
        """Load what :meth:`to_bytes` returned."""
        if data:
            with unpack_folder(data) as folder:
                self.from_disk(folder)
        return self

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_transient": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._transient = _Transient()

    def _read(
        self,
        folder: Path,
        scheme: str,
        *,
        name: str | None = None,
        labels: Sequence[str] | None = None,
    ) -> Checkpoint:
        s = self.settings
        if s.backend == "onnx":
            return read_exported(
                folder, name=name, labels=labels, scheme=scheme, precision=s.precision
            )
        return read_checkpoint(
            folder,
            name=name,
            labels=labels,
            scheme=scheme,
            attention=s.attention,
            allow_pickle=s.allow_pickle,
        )

    def _loaded(self) -> Checkpoint:
        if self.checkpoint is None:
            raise CheckpointError(
                f"{self.settings.name}: the checkpoint is not loaded yet. Call load() first."
            )
        return self.checkpoint

    def _network_on_device(self) -> Network:
        network = self._loaded().network
        device = get_torch_default_device()
        if _device_of(network) != device:
            network.to(device)
            self._transient = _Transient()
        return network

    def _make_engine(self) -> Engine:
        """Return what predicts; it is made anew when the weights have changed."""
        checkpoint = self._loaded()
        if not checkpoint.is_exported:
            self._network_on_device().eval()
        transient = self._transient
        if (engine := transient.engine) is None:
            with one_at_a_time():
                engine = transient.engine = transient.engine or make_engine(
                    checkpoint.weights, self.settings.precision
                )
        return engine

    def _get_scaler(
        self, autocast: torch.dtype | None, device: torch.device
    ) -> torch.amp.GradScaler:
        """Return the one scaler of this training: it scales where fp16 is used, and does nothing elsewhere."""
        if self._transient.scaler is None:
            self._transient.scaler = torch.amp.GradScaler(
                device.type, enabled=autocast == torch.float16
            )
        return self._transient.scaler

    def _tell_disagreement(self, logits: torch.Tensor, layout: Layout, tag_set: TagSet) -> None:
        if self._has_told_disagreement or not logger.isEnabledFor(logging.INFO):
            return
        n_disagreeing, n_several = count_disagreements(logits, layout.alignment, tag_set)
        if n_disagreeing:
            self._has_told_disagreement = True
            logger.info(
                "%s: in %d of %d tokens of several subwords these disagree on the entity type; "
                "aggregation = %r decides. This is said once.",
                self.settings.name,
                n_disagreeing,
                n_several,
                self.settings.aggregation,
            )


def _device_of(network: Network) -> torch.device:
    return next(network.parameters()).device


def _refuse_backprop(_gradient: object) -> None:
    raise RuntimeError("backprop after predict: call model.begin_update to train.")
