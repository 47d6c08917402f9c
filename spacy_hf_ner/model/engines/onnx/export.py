"""A network in PyTorch to the same network as an ONNX graph, checked against it."""

import contextlib
import copy
import dataclasses
import io
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import nn

from spacy_hf_ner.core.windows import Window
from spacy_hf_ner.errors import CheckpointError, MissingExtraError
from spacy_hf_ner.model.checkpoint import Checkpoint
from spacy_hf_ner.model.engines.onnx.engine import OnnxBackend
from spacy_hf_ner.model.engines.onnx.graph import FP32_FILE, INT8_FILE, OnnxGraph
from spacy_hf_ner.model.engines.onnx.int8 import quantize_graph
from spacy_hf_ner.model.engines.torch_engine import TorchBackend
from spacy_hf_ner.model.network import Network
from spacy_hf_ner.model.processes import one_at_a_time
from spacy_hf_ner.model.reading.batching import Budget, PaddedBatch, make_batches

TOLERANCE = 1e-4  # of logits, where the largest is 1 or less
_CHECKED = (
    (1,),
    (9,),
    (24, 20, 3),
)  # the lengths of the windows in each batch that a graph is checked with

_VOCABULARY_OF_A_HASH = 1000
_WITHOUT_LIMIT = 1_000_000


class _Logits(nn.Module):
    """A network as the graph has it: arrays in, logits out."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        self.wants_float_mask = network.config.model_type == "xlnet"  # which subtracts it from 1.0

    def forward(
        self, ids: torch.Tensor, mask: torch.Tensor, types: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return the logits. Shape: (n_windows, length, n_tags)."""
        inputs = {
            "input_ids": ids,
            "attention_mask": mask.float() if self.wants_float_mask else mask,
        }
        if types is not None:
            inputs["token_type_ids"] = types
        logits: torch.Tensor = self.network(**inputs).logits
        return logits


def export_checkpoint(checkpoint: Checkpoint) -> Checkpoint:
    """Return a checkpoint with its network as an ONNX graph in float32.

    Raises:
        CheckpointError: PyTorch cannot export the network, or the graph gives other logits.
        MissingExtraError: What PyTorch's exporter or ONNX Runtime needs is not installed.
    """
    network = checkpoint.network
    graph = OnnxGraph(
        file_name=FP32_FILE,
        content=_export(
            network, checkpoint.name, with_types=checkpoint.tokenizer.template.has_types
        ),
        config=network.config.to_json_string().encode("utf8"),
        limits=checkpoint.limits,
    )
    was_training = network.training
    network.eval()
    try:
        _check(graph, checkpoint)
    finally:
        network.train(was_training)
    return dataclasses.replace(checkpoint, weights=graph)


def quantize_checkpoint(exported: Checkpoint) -> Checkpoint:
    """Return an exported checkpoint with its graph in 8 bits; for what that means see :mod:`.quantization`.

    Raises:
        MissingExtraError: The library ``onnx`` is not installed.
    """
    graph = exported.weights
    assert isinstance(graph, OnnxGraph)
    quantized = dataclasses.replace(
        graph, file_name=INT8_FILE, content=quantize_graph(graph.content)
    )
    return dataclasses.replace(exported, weights=quantized)


def _copy_for_export(network: Network) -> Network:
    """Return a network with the same weights, not copied, without dropout, and with attention written out.

    Attention in simple steps becomes a graph of fewer nodes than PyTorch's fused kernel does.
    """
    from transformers import AutoModelForTokenClassification

    make: Any = AutoModelForTokenClassification.from_config  # untyped in transformers 4
    with torch.device("meta"):
        copied: Network = make(copy.deepcopy(network.config), attn_implementation="eager")
    copied.load_state_dict(network.state_dict(), assign=True)
    buffers = dict(network.named_buffers())
    for name, buffer in [*copied.named_buffers()]:
        if buffer.is_meta:  # it is not part of what is saved
            parent, _, attribute = name.rpartition(".")
            copied.get_submodule(parent).register_buffer(attribute, buffers[name], persistent=False)
    return copied.eval()


def _export(network: Network, called: str, *, with_types: bool) -> bytes:
    try:
        import onnxscript  # noqa: F401 - PyTorch's exporter needs it, and does not say how to get it
    except ImportError as error:
        raise MissingExtraError("onnxscript", extra="onnx", purpose="exporting to ONNX") from error
    names = ["input_ids", "attention_mask", *(["token_type_ids"] if with_types else [])]
    ids = torch.zeros(2, 16, dtype=torch.int64, device=next(network.parameters()).device)
    mask = torch.ones_like(ids)
    mask[1, 9:] = 0
    inputs = (ids, mask, *([torch.zeros_like(ids)] if with_types else []))
    try:
        with one_at_a_time(), _quiet_exporter(), torch.no_grad():
            program: Any = torch.onnx.export(
                _Logits(_copy_for_export(network)),
                inputs,
                input_names=names,
                output_names=["logits"],
                dynamic_shapes=tuple({0: "n_windows", 1: "length"} for _ in inputs),
                dynamo=True,
                verbose=False,
            )
            graph: bytes = program.model_proto.SerializeToString()
    except Exception as error:  # the exporter fails with whatever the operator at hand raises
        reason: BaseException = error
        while reason.__cause__ is not None:
            reason = reason.__cause__
        raise CheckpointError(
            f"{called}: PyTorch {torch.__version__} cannot export {type(network).__name__} to ONNX: {reason}"
        ) from error
    return graph


def _check(graph: OnnxGraph, checkpoint: Checkpoint) -> None:
    """Compare a graph with its network on batches of random subwords.

    Raises:
        CheckpointError: They differ.
    """
    theirs, ours = OnnxBackend(graph.content), TorchBackend(checkpoint.network)
    for batch in _draw_batches(checkpoint):
        is_read = batch.mask == 1
        with torch.inference_mode():
            expected = ours.run(batch).cpu().numpy()[is_read]
        difference = float(np.abs(theirs.run(batch).numpy()[is_read] - expected).max())
        if not difference <= TOLERANCE * max(1.0, float(np.abs(expected).max())):
            raise CheckpointError(
                f"{checkpoint.name}: the ONNX graph of {type(checkpoint.network).__name__} gives logits that differ by "
                f"{difference:.2g} for {len(batch.ids)} windows: PyTorch {torch.__version__} does not export this "
                'network correctly. Keep backend = "torch".'
            )


def _draw_batches(checkpoint: Checkpoint) -> Iterator[PaddedBatch]:
    limits, random = checkpoint.limits, np.random.default_rng(0)
    for lengths in _CHECKED:
        ends = np.cumsum(np.minimum(lengths, limits.max_subwords)).tolist()
        yield from make_batches(
            random.integers(0, limits.n_embeddings or _VOCABULARY_OF_A_HASH, ends[-1]),
            [Window(start, end, start, end) for start, end in zip([0, *ends], ends, strict=False)],
            template=checkpoint.tokenizer.template,
            pad_id=limits.pad_id,
            budget=Budget(_WITHOUT_LIMIT, padding=_WITHOUT_LIMIT),
        )


@contextlib.contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Silence what the exporter says of libraries that are not installed, of its own past, and of what it fails at."""
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stderr(io.StringIO()),
        ):  # where it prints whole programs
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
