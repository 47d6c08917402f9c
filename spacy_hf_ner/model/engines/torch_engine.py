"""The engine of PyTorch: a network that can be trained, and a copy of it that predicts fast."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, get_args

import torch

from spacy_hf_ner.core.arrays import no_ints
from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.checked_weights import has_weights
from spacy_hf_ner.model.engines.base import Engine, WeightsSource
from spacy_hf_ner.model.engines.cpu.activations import draw_windows
from spacy_hf_ner.model.engines.precision import (
    Precision,
    can_use_int8,
    check_int8,
    give_up_precision,
    resolve_precision,
)
from spacy_hf_ner.model.engines.prediction import copy_for_prediction, copy_in_int8
from spacy_hf_ner.model.engines.probing import probe_network
from spacy_hf_ner.model.engines.table import find_other_engine
from spacy_hf_ner.model.engines.torch_backend import TorchBackend
from spacy_hf_ner.model.files import raise_os_errors
from spacy_hf_ner.model.network import (
    Network,
    get_device,
    get_inputs,
    load_network,
    quiet_transformers,
)
from spacy_hf_ner.model.processes import one_at_a_time
from spacy_hf_ner.model.reading.batching import Budget, PaddedBatch
from spacy_hf_ner.model.reading.encoding import Template
from spacy_hf_ner.model.reading.limits import Limits, find_limits

__all__ = ["TorchEngine"]

logger = logging.getLogger("spacy_hf_ner")


@dataclass(frozen=True, slots=True)
class _Predictor:
    """The copy of a network that predicts.

    Attributes:
        backend: What runs it.
        budget: The size of the batches that it runs fastest.
        is_reduced: Whether it computes in another type than float32.
    """

    backend: TorchBackend
    budget: Budget
    is_reduced: bool


# What networks take of pages, images, sound, and of Chinese characters besides their ids.
_NO_TEXT = frozenset(
    {
        "bbox",
        "image",
        "input_features",
        "input_pronunciation_ids",
        "input_shape_ids",
        "pixel_values",
        "xpath_tags_seq",
    }
)


class TorchEngine(Engine):
    """A Hugging Face network in PyTorch, in float32.

    Prediction runs a copy of it, in the precision that the config asks for. What the copy does not
    change it shares with the network.

    Args:
        network: The network.
        precision: The type that prediction computes in.
        has_trained_head: Whether the weights of its head are not those that it was drawn with.
    """

    name = "torch"
    title = "PyTorch"
    precisions: ClassVar[tuple[str, ...]] = get_args(Precision)
    files = r"model(-\d+-of-\d+)?\.safetensors|model\.safetensors\.index\.json"
    file_kind = "the weights"
    stores_limits = False

    def __init__(
        self, network: Network, *, precision: str = "auto", has_trained_head: bool = True
    ) -> None:
        self._network = network
        self._precision = precision
        self._predictor: _Predictor | None = None
        self._sample = no_ints().reshape(0, 0)  # until it is known what the network can read
        self.has_trained_head = has_trained_head

    @classmethod
    def read(cls, source: WeightsSource) -> "TorchEngine":
        """Return the engine with the network in a checkpoint folder.

        Raises:
            CheckpointError: The folder has no weights for PyTorch, or none that can be trusted.
        """
        if not has_weights(source.folder):
            _refuse_weights_of_other_engines(source)
        network, has_trained_head = load_network(
            source.folder,
            source.name,
            attention=source.attention,
            allow_pickle=source.allow_pickle,
            check_sizes=source.check_sizes,
        )
        _warn_of_other_inputs(network, source.name)
        return cls(network, precision=source.precision, has_trained_head=has_trained_head)

    def write(self, folder: Path) -> None:
        """Write config.json and weights as safetensors, which Hugging Face reads."""
        with quiet_transformers(), raise_os_errors():
            self._network.save_pretrained(folder, safe_serialization=True)

    def find_limits(
        self, tokenizer_files: dict[str, bytes], template: Template, *, name: str
    ) -> Limits:
        """Return what the network can read, as it was found to do with a few subwords.

        Raises:
            CheckpointError: It cannot read a text alone, or reads each subword by itself.
        """
        limits = find_limits(self._network, tokenizer_files, n_special=len(template))
        self._sample = draw_windows(template, limits)
        behaviour = probe_network(self._network, template, limits, name=name)
        self.keeps_state = behaviour.keeps_state
        self.is_causal = behaviour.is_causal
        return replace(limits, shortest=behaviour.shortest, takes_padding=behaviour.takes_padding)

    @property
    def network(self) -> Network:
        """The network."""
        return self._network

    def describe(self) -> str:
        """Return the name of the network's class."""
        return type(self._network).__name__

    def move_to(self, device: torch.device) -> None:
        """Move the network to a device."""
        if get_device(self._network) != device:
            self._network.to(device)
            self.mark_changed()

    def prepare(self) -> None:
        """Make the copy that predicts, on the device where the network is, if there is none."""
        self._network.eval()
        self._get_predictor()

    def mark_changed(self) -> None:
        """Drop the copy that predicts."""
        self._predictor = None

    @property
    def budget(self) -> Budget:
        """How large the batches are that the copy runs fastest."""
        return self._get_predictor().budget

    def run(self, batch: PaddedBatch) -> torch.Tensor:
        """Return the logits of a batch as float32. Shape: (n_windows, length, n_tags).

        Raises:
            CheckpointError: The network does not run in the type that the config names.
        """
        predictor = self._get_predictor()
        try:
            return predictor.backend.run(batch)
        except RuntimeError as error:
            if not predictor.is_reduced:
                raise
            self._use_fp32(predictor, error)
            return self._get_predictor().backend.run(batch)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_predictor": None}

    def _use_fp32(self, failed: _Predictor, error: RuntimeError) -> None:
        """Predict in float32 from now on, unless another thread has just decided so."""
        with one_at_a_time():
            if self._predictor is not failed:
                return
            give_up_precision(
                error, self._network, setting="precision", value=self._precision, exact="fp32"
            )
            self._precision = "fp32"
            self.mark_changed()

    def _get_predictor(self) -> _Predictor:
        predictor = self._predictor
        if predictor is None:
            with one_at_a_time():
                # Another thread may have made it while this one waited.
                predictor = self._predictor or self._make_predictor()
                self._predictor = predictor
        return predictor

    def _make_predictor(self) -> _Predictor:
        device = get_device(self._network)
        dtype = resolve_precision(self._precision, device) or torch.float32
        uses_int8 = self._uses_int8(device)
        if uses_int8:
            copied = copy_in_int8(self._network, dtype, self._sample)
        else:
            copied = copy_for_prediction(self._network, dtype)
        backend = TorchBackend(copied, keeps_state=self.keeps_state)
        is_reduced = uses_int8 or dtype is not torch.float32
        return _Predictor(backend, _choose_budget(device, is_reduced=is_reduced), is_reduced)

    def _uses_int8(self, device: torch.device) -> bool:
        """Tell whether prediction multiplies 8-bit integers.

        Raises:
            CheckpointError: The config asks for it, and the device cannot do it.
        """
        if self._precision == "int8":
            check_int8(device)
            return True
        return self._precision == "auto" and self.prefers_int8 and can_use_int8(device)


def _choose_budget(device: torch.device, *, is_reduced: bool) -> Budget:
    """Return the size of batches that a device runs fastest."""
    if device.type == "cpu":
        return Budget(4096 if is_reduced else 2048, padding=96, rounds=True)
    return Budget(65536, padding=8192) if is_reduced else Budget(32768, padding=4096)


def _warn_of_other_inputs(network: Network, name: str) -> None:
    """Say that a network was made for more than a text."""
    others = sorted(_NO_TEXT & get_inputs(network))
    if others:
        logger.warning(
            "%s: %s also takes %s, which a text has not. It reads the text alone.",
            name,
            type(network).__name__,
            ", ".join(others),
        )


def _refuse_weights_of_other_engines(source: WeightsSource) -> None:
    found = find_other_engine(source.folder, name=TorchEngine.name)
    if found is None:
        return
    other, file_name = found
    raise CheckpointError(
        f"{source.name}: expected weights in model.safetensors, found {other.file_kind} "
        f'{file_name}, which PyTorch cannot run. Set backend = "{other.name}" to predict '
        "with it; train the pipeline that it was exported from."
    )
