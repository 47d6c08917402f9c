"""Which engine predicts, and how many padded subwords it should get at once."""

from dataclasses import dataclass

from spacy_hf_ner.model.backends.base import Backend
from spacy_hf_ner.model.backends.torch import Precision, TorchBackend, reduce_precision, resolve_precision
from spacy_hf_ner.model.network import Network


@dataclass(frozen=True, slots=True)
class Engine:
    """A backend that is ready to predict.

    Attributes:
        backend: What turns batches into logits.
        max_subwords: The most padded subwords in a batch: where it is fastest.
    """

    backend: Backend
    max_subwords: int


def make_torch_engine(network: Network, precision: Precision) -> Engine:
    """Return the engine that runs a network, in eval mode, where it is, or a copy of it in a reduced precision."""
    device = next(network.parameters()).device
    is_cpu = device.type == "cpu"
    dtype = resolve_precision(precision, device)
    if dtype is None:
        return Engine(TorchBackend(network), 2048 if is_cpu else 32768)
    return Engine(TorchBackend(reduce_precision(network, dtype)), 4096 if is_cpu else 65536)
