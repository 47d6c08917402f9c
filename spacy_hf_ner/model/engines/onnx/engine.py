"""The ONNX Runtime backend: a graph that the network was exported to, on the CPU."""

import os
from typing import Any

import torch

from spacy_hf_ner.errors import MissingExtraError
from spacy_hf_ner.model.reading.batching import PaddedBatch

_SLOW_FUSIONS = [
    "SkipLayerNormFusion"
]  # its kernel takes ten times as long as the two that it replaces

_forked: list[
    object
] = []  # sessions of a parent process: their threads are not here, and to delete them would wait


class OnnxBackend:
    """Runs a graph on padded batches.

    Args:
        graph: The file of a graph with the inputs ``input_ids``, ``attention_mask`` and, where the network takes them,
            ``token_type_ids``, and the output ``logits``.
        n_threads: How many threads compute; as many as PyTorch would use by default.

    Raises:
        MissingExtraError: ONNX Runtime is not installed.
    """

    def __init__(self, graph: bytes, *, n_threads: int | None = None) -> None:
        self._graph = graph
        self._n_threads = n_threads
        self._pid = os.getpid()
        self._session = _make_session(graph, n_threads or torch.get_num_threads())
        self._takes_types = any(one.name == "token_type_ids" for one in self._session.get_inputs())

    def run(self, batch: PaddedBatch) -> torch.Tensor:
        """Return the logits of a batch as float32. Shape: (n_windows, length, n_tags)."""
        if os.getpid() != self._pid:
            _forked.append(self._session)
            self._session = _make_session(self._graph, self._n_threads or torch.get_num_threads())
            self._pid = os.getpid()
        inputs = {"input_ids": batch.ids, "attention_mask": batch.mask}
        if self._takes_types:
            assert batch.types is not None
            inputs["token_type_ids"] = batch.types
        (logits,) = self._session.run(["logits"], inputs)
        return torch.from_numpy(logits)


def _make_session(graph: bytes, n_threads: int) -> Any:  # noqa: ANN401 - onnxruntime is not typed
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtraError("onnxruntime", extra="onnx", purpose='backend = "onnx"') from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = n_threads
    options.add_session_config_entry(
        "session.force_spinning_stop", "1"
    )  # else threads of torch wait for these
    return onnxruntime.InferenceSession(
        graph, options, providers=["CPUExecutionProvider"], disabled_optimizers=_SLOW_FUSIONS
    )
