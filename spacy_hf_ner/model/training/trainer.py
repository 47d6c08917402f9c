"""The training half of a model: forward and backward through the network, and the step."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from spacy.tokens import Doc
from thinc.api import Optimizer, torch2xp

from spacy_hf_ner.core.arrays import Floats32, Ints
from spacy_hf_ner.core.units import UnitRows
from spacy_hf_ner.model.checkpoint import Checkpoint
from spacy_hf_ner.model.engines.precision import (
    cast_to,
    give_up_precision,
    resolve_precision,
)
from spacy_hf_ner.model.engines.torch_backend import TorchBackend
from spacy_hf_ner.model.head import find_head
from spacy_hf_ner.model.network import get_device
from spacy_hf_ner.model.reading.aggregation import (
    Aggregation,
    score_continuing,
    score_units,
    score_units_for_training,
)
from spacy_hf_ner.model.reading.batching import Budget
from spacy_hf_ner.model.reading.layout import Layout, MixedReading, lay_out
from spacy_hf_ner.model.reading.windowed import run_windows
from spacy_hf_ner.model.settings import Settings
from spacy_hf_ner.model.training.divergence import explain_divergence
from spacy_hf_ner.model.training.dropout import set_dropout
from spacy_hf_ner.model.training.embeddings import EmbeddingGradient
from spacy_hf_ner.model.training.freezing import freeze_layers
from spacy_hf_ner.model.training.optimizer import NetworkOptimizer
from spacy_hf_ner.model.training.rate_factors import find_rate_factors
from spacy_hf_ner.model.training.recomputing import RecomputingBackend, recompute_layers
from spacy_hf_ner.model.training.unfreezing import Unfreezing

__all__ = ["MAX_KEPT_SUBWORDS", "TRAINING_BUDGET", "Trainer"]

TRAINING_BUDGET = Budget(2048, padding=64)  # of a micro-batch

# Padded subwords of a batch whose activations are kept for backprop; those of the rest are computed
# again, so that memory does not grow with the batch.
MAX_KEPT_SUBWORDS = 8192


class Trainer:
    """Trains the network of a checkpoint, on the device where it is.

    All that it holds (gradients, moments, averages, the scale of gradients) belongs to this network
    on this device: for another head or another device there must be another trainer.

    Args:
        checkpoint: The checkpoint.
        settings: What the config says about the model.

    Raises:
        CheckpointError: The engine of the checkpoint only predicts.
        ConfigError: Layers are to be recomputed, and the network cannot.

    Attributes:
        device: Where the network is.
    """

    def __init__(self, checkpoint: Checkpoint, settings: Settings) -> None:
        self._checkpoint = checkpoint
        self._settings = settings
        self._network = checkpoint.network
        self.device = get_device(self._network)
        self._autocast = resolve_precision(settings.mixed_precision, self.device)
        if settings.unfreeze_every:
            # Another trainer may have left frozen what is to be trained later.
            freeze_layers(self._network, settings.frozen_layers)
        self._factors = find_rate_factors(
            self._network,
            find_head(self._network)[1],
            head_learn_rate=settings.head_learn_rate,
            layer_decay=settings.layer_decay,
        )
        self._embeddings = EmbeddingGradient(self._network)
        self._unfreezing: Unfreezing | None = None
        if settings.unfreeze_every:
            self._unfreezing = Unfreezing(self._network, every=settings.unfreeze_every)
        if settings.gradient_checkpointing:
            recompute_layers(self._network, name=checkpoint.name)
        # It scales where fp16 is used, and does nothing elsewhere.
        self._scaler = torch.amp.GradScaler(
            self.device.type, enabled=self._autocast == torch.float16
        )
        self._optimizer: NetworkOptimizer | None = None

    def begin_update(
        self,
        docs: Sequence[Doc],
        *,
        dropout: float,
        pooled_by: Aggregation | None = None,
        cut_tokens: Sequence[Ints] | None = None,
    ) -> tuple[list[UnitRows], Callable[[Sequence[Floats32]], None]]:
        """Return the rows of each Doc, and what adds their gradient to that of the weights.

        Args:
            docs: The batch.
            dropout: The dropout rate, unless the config names one.
            pooled_by: How the subwords of a unit are pooled, if rows are to be those of prediction,
                with those of continuing subwords apart. None for rows of all supervised subwords.
            cut_tokens: The tokens of each Doc that gold cuts; None for none.
                Shape of each: (n_cut,).

        Raises:
            TrainingError: The weights are no numbers any more.
        """
        checkpoint = self._checkpoint
        reading = self._settings.choose_reading(checkpoint)
        mixed = MixedReading(reading, longest=checkpoint.limits.max_subwords)
        layout = lay_out(
            docs,
            checkpoint.tokenizer.encode(docs),
            mixed,
            label_unit=self._settings.choose_label_unit(checkpoint),
            cut_tokens=cut_tokens,
        )
        try:
            rows = self._compute_rows(layout, dropout, pooled_by)
        except RuntimeError as error:
            if self._autocast is None:
                raise
            self._give_up_autocast(error)
            rows = self._compute_rows(layout, dropout, pooled_by)

        def backprop(d_rows: Sequence[Floats32]) -> None:
            self._add_gradients(rows, np.concatenate(d_rows))

        by_doc = layout.split_rows(rows.detach().float().cpu().numpy())
        if pooled_by is not None:
            by_doc = list(map(_part_continuing, by_doc))
        return by_doc, backprop

    def _give_up_autocast(self, error: RuntimeError) -> None:
        give_up_precision(
            error,
            self._network,
            setting="mixed_precision",
            value=self._settings.mixed_precision,
            exact="none",
        )
        self._autocast = None

    def _compute_rows(
        self, layout: Layout, dropout: float, pooled_by: Aggregation | None
    ) -> torch.Tensor:
        """Return rows that know how they were computed.

        Shape: (n_units, n_tags), or twice the columns where continuing subwords are apart.
        """
        checkpoint = self._checkpoint
        assert checkpoint.tag_set is not None
        if self._unfreezing is not None:
            n_steps = 0 if self._optimizer is None else self._optimizer.n_steps
            self._unfreezing.free_layers(n_steps)
        rate = self._settings.dropout
        set_dropout(self._network, dropout if rate is None else rate)
        backend = RecomputingBackend(
            TorchBackend(
                self._network,
                autocast=self._autocast,
                keeps_state=checkpoint.engine.keeps_state,
            ),
            max_kept=MAX_KEPT_SUBWORDS,
        )
        with torch.enable_grad():
            # One autocast around all batches: so the weights are cast once.
            with self._embeddings.by_rows(), cast_to(self._autocast, self.device):
                logits = run_windows(backend, layout, checkpoint, TRAINING_BUDGET)
            self._check_numbers(logits)
            if pooled_by is None:
                return score_units_for_training(
                    logits,
                    layout.alignment,
                    checkpoint.tag_set,
                    subword_labels=checkpoint.subword_labels,
                )
            rows = score_units(
                logits,
                layout.alignment,
                checkpoint.tag_set,
                aggregation=pooled_by,
                subword_labels=checkpoint.subword_labels,
            )
            continuing = score_continuing(
                logits,
                layout.alignment,
                checkpoint.tag_set,
                subword_labels=checkpoint.subword_labels,
            )
            return torch.cat([rows, continuing], dim=1)

    def _check_numbers(self, logits: torch.Tensor) -> None:
        """Check that training has not ruined the network.

        Raises:
            TrainingError: It has.
        """
        if not bool(torch.isnan(logits).any()):
            return
        if self._autocast == torch.float16 and self._has_finite_weights():
            return  # one text overflows this type, and teaches nothing; the others do
        raise explain_divergence(self._checkpoint.name)

    def _has_finite_weights(self) -> bool:
        return all(bool(torch.isfinite(weights).all()) for weights in self._network.parameters())

    def _add_gradients(self, rows: torch.Tensor, d_rows: Floats32) -> None:
        """Carry a gradient of rows into the network. Both have the same shape."""
        if not rows.requires_grad:  # there was nothing to read
            return
        gradient = torch.from_numpy(d_rows).to(self.device)
        self._embeddings.prepare()
        # What was not kept runs forward again in here, so its embeddings need the same mode.
        with self._embeddings.by_rows():
            torch.autograd.backward(rows, self._scaler.scale(gradient))

    def step(self, optimizer: Optimizer) -> None:
        """Step the network as a Thinc optimizer asks, with the gradients since the last step."""
        self._prepare_optimizer(optimizer).step()

    def _prepare_optimizer(self, optimizer: Optimizer) -> NetworkOptimizer:
        """Return what steps the network; another one than before where the settings are others."""
        if self._optimizer is None or self._optimizer.settings is not optimizer:
            self._optimizer = NetworkOptimizer(
                self._factors, settings=optimizer, scaler=self._scaler
            )
        return self._optimizer

    def read_state(self) -> dict[str, torch.Tensor]:
        """Return what the next step depends on besides the weights; empty before the first step."""
        if self._optimizer is None:
            return {}
        return self._optimizer.read_state()

    def set_state(self, state: Mapping[str, torch.Tensor], optimizer: Optimizer) -> None:
        """Go on from what :meth:`read_state` returned, stepped by a Thinc optimizer."""
        if state:
            self._prepare_optimizer(optimizer).set_state(state)

    def give_gradients(self, take: Callable[..., Any], model_id: int) -> None:
        """Give another callable than an optimizer the weights and their gradients, and clear these.

        ``nlp.rehearse`` passes such a callable, which gathers gradients for its own optimizer.

        Args:
            take: It is called with a key, a view of the weights, which that optimizer writes to
                later, and a copy of their gradient.
            model_id: What the first part of a key is.
        """
        scale = self._scaler.get_scale()
        for name, parameter in self._network.named_parameters():
            if parameter.grad is not None:
                weights = torch2xp(parameter.detach())
                gradient = torch2xp(parameter.grad / scale)
                take((model_id, name), weights, gradient)
                parameter.grad = None

    @contextlib.contextmanager
    def use_averages(self) -> Iterator[None]:
        """Put the averaged weights in place of the last ones for a while, if there are any."""
        if self._optimizer is None:
            yield
            return
        self._optimizer.swap_averages()
        try:
            yield
        finally:
            self._optimizer.swap_averages()


def _part_continuing(both: UnitRows) -> UnitRows:
    """Return rows, and those of continuing subwords, from what has them side by side."""
    rows, continuing = np.split(both.rows, 2, axis=1)
    return UnitRows(rows, both.units, continuing)
