"""Which engine predicts, and how many padded subwords it should get at once."""

from dataclasses import dataclass
from typing import Literal

import torch

from spacy_hf_ner.model.engines.base import Backend
from spacy_hf_ner.model.engines.onnx.engine import OnnxBackend
from spacy_hf_ner.model.engines.onnx.graph import OnnxGraph
from spacy_hf_ner.model.engines.torch_engine import (
    Precision,
    TorchBackend,
    copy_for_prediction,
    resolve_precision,
)
from spacy_hf_ner.model.network import Network
from spacy_hf_ner.model.reading.batching import Budget

BackendName = Literal["torch", "onnx"]


@dataclass(frozen=True, slots=True)
class Engine:
    """A backend that is ready to predict.

    Attributes:
        backend: What turns batches into logits.
        budget: How large batches are that it runs fastest.
    """

    backend: Backend
    budget: Budget


def make_engine(weights: Network | OnnxGraph, precision: Precision) -> Engine:
    """Return the engine for a network, in the precision that a setting means, or for the graph that it became."""
    if isinstance(weights, OnnxGraph):
        return Engine(OnnxBackend(weights.content), Budget(512, padding=32))
    return make_torch_engine(weights, precision)


def make_torch_engine(network: Network, precision: Precision) -> Engine:
    """Return the engine that runs a copy of a network, where it is, in the precision that a setting means there."""
    device = next(network.parameters()).device
    dtype = resolve_precision(precision, device)
    backend = TorchBackend(copy_for_prediction(network, dtype or torch.float32))
    if device.type == "cpu":
        return Engine(
            backend, Budget(2048, padding=64) if dtype is None else Budget(4096, padding=64)
        )
    return Engine(
        backend, Budget(32768, padding=4096) if dtype is None else Budget(65536, padding=8192)
    )
