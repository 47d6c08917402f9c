"""The engine of ONNX Runtime: a graph that the network was exported to, on the CPU."""

import importlib.util
import os
from pathlib import Path
from typing import Any, ClassVar

import torch

from spacy_hf_ner.errors import MissingExtraError
from spacy_hf_ner.model.engines.base import Engine, WeightsSource
from spacy_hf_ner.model.engines.onnx.graph import OnnxGraph, read_graph
from spacy_hf_ner.model.foreign import reading
from spacy_hf_ner.model.processes import one_at_a_time
from spacy_hf_ner.model.reading.batching import Budget, PaddedBatch
from spacy_hf_ner.model.reading.encoding import Template
from spacy_hf_ner.model.reading.limits import Limits

__all__ = ["OnnxEngine"]

# The kernel of this fusion takes ten times as long as the two that it replaces.
_SLOW_FUSIONS = ["SkipLayerNormFusion"]

# Sessions of a parent process. Their threads stayed there, and a session that is deleted waits for
# its threads: so nobody may delete them.
_forked: list[object] = []


class OnnxEngine(Engine):
    """Runs a graph with ONNX Runtime. It only predicts.

    Args:
        graph: A graph with the input ``input_ids`` and, where the network takes them,
            ``attention_mask`` and ``token_type_ids``, and the output ``logits``.
        n_threads: How many threads compute; as many as PyTorch would use by default.
    """

    name = "onnx"
    title = "ONNX Runtime"
    precisions: ClassVar[tuple[str, ...]] = ("auto", "fp32")
    files = r"model(_int8)?\.onnx"
    file_kind = "the ONNX graph"

    def __init__(self, graph: OnnxGraph, *, n_threads: int | None = None) -> None:
        self.graph = graph
        self._n_threads = n_threads
        self._session: Any = None
        self._session_pid = 0  # the process that the session was made in
        self._input_names: frozenset[str] = frozenset()

    @classmethod
    def read(cls, source: WeightsSource) -> "OnnxEngine":
        """Return the engine with the graph in a checkpoint folder; PyTorch's weights are not read.

        Raises:
            CheckpointError: There is no graph of the precision that is asked for.
            MissingExtraError: ONNX Runtime is not installed.
        """
        # Whoever loads a pipeline should learn it then, and not at the first text.
        if importlib.util.find_spec("onnxruntime") is None:
            raise MissingExtraError("onnxruntime", extra="onnx", purpose='backend = "onnx"')
        return cls(read_graph(source))

    def write(self, folder: Path) -> None:
        """Write the graph and config.json."""
        self.graph.write(folder)

    def find_limits(
        self,
        tokenizer_files: dict[str, bytes],  # noqa: ARG002 - they are stored
        template: Template,  # noqa: ARG002
        *,
        name: str,  # noqa: ARG002
    ) -> Limits:
        """Return what was stored when the network was exported."""
        return self.graph.limits

    def describe(self) -> str:
        """Return the name of the graph's file."""
        return self.graph.file_name

    def prepare(self) -> None:
        """Make the session that runs the graph in this process.

        Raises:
            MissingExtraError: ONNX Runtime is not installed.
        """
        self._get_session()

    @property
    def budget(self) -> Budget:
        """How large the batches are that it runs fastest."""
        return Budget(512, padding=32)

    def run(self, batch: PaddedBatch) -> torch.Tensor:
        """Return the logits of a batch as float32. Shape: (n_windows, length, n_tags).

        Raises:
            MissingExtraError: ONNX Runtime is not installed.
        """
        session = self._get_session()
        inputs = {
            "input_ids": batch.ids,
            "attention_mask": batch.mask,
            "token_type_ids": batch.types,
        }
        # A graph has no input for what the network has no use for.
        used = {name: inputs[name] for name in self._input_names}
        with reading(self.graph.file_name, "ONNX Runtime"):
            (logits,) = session.run(["logits"], used)
        return torch.from_numpy(logits)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_session": None}

    def _get_session(self) -> Any:  # noqa: ANN401 - onnxruntime is not typed
        """Return the session of this process."""
        session = self._session
        if session is not None and self._session_pid == os.getpid():
            return session
        with one_at_a_time():
            if self._session is not None and self._session_pid != os.getpid():
                _forked.append(self._session)
                self._session = None
            if self._session is None:
                n_threads = self._n_threads or torch.get_num_threads()
                with reading(self.graph.file_name, "ONNX Runtime"):
                    session = _make_session(self.graph.content, n_threads)
                self._input_names = frozenset(node.name for node in session.get_inputs())
                self._session_pid = os.getpid()
                self._session = session
            return self._session


def _make_session(graph: bytes, n_threads: int) -> Any:  # noqa: ANN401 - onnxruntime is not typed
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtraError("onnxruntime", extra="onnx", purpose='backend = "onnx"') from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = n_threads
    # Threads that spin, looking out for more work, would keep those of torch waiting.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    return onnxruntime.InferenceSession(
        graph, options, providers=["CPUExecutionProvider"], disabled_optimizers=_SLOW_FUSIONS
    )
