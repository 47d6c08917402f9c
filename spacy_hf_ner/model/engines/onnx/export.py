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
from spacy_hf_ner.model.engines.onnx.engine import OnnxEngine
from spacy_hf_ner.model.engines.onnx.graph import FP32_FILE, INT8_FILE, OnnxGraph
from spacy_hf_ner.model.engines.onnx.int8 import quantize_graph
from spacy_hf_ner.model.engines.torch_backend import TorchBackend
from spacy_hf_ner.model.network import Network, get_device, get_inputs
from spacy_hf_ner.model.processes import one_at_a_time
from spacy_hf_ner.model.reading.batching import Budget, PaddedBatch, make_batches

__all__ = ["check_graph", "export_checkpoint", "quantize_checkpoint"]

TOLERANCE = 1e-4  # of logits, where the largest is 1 or less

# As many subwords as a window may have, if the network reads so many: some graphs are wrong only
# beyond a length.
_FULL_WINDOW = 512

# The lengths of the windows in each batch that a graph is checked with. One subword in one window
# is the case that a graph with fixed shapes gets wrong.
_CHECKED_LENGTHS = ((1,), (9,), (24, 20, 3), (_FULL_WINDOW,))

# What subwords are drawn from where the network hashes them, and so has no number of embeddings.
_N_HASHED = 1000
_WITHOUT_LIMIT = 1_000_000


def export_checkpoint(checkpoint: Checkpoint) -> Checkpoint:
    """Return a checkpoint with its network as an ONNX graph in float32.

    Raises:
        CheckpointError: PyTorch cannot export the network, or the graph gives other logits.
        MissingExtraError: What PyTorch's exporter or ONNX Runtime needs is not installed.
    """
    network = checkpoint.network
    has_types = checkpoint.tokenizer.template.has_types
    graph = OnnxGraph(
        file_name=FP32_FILE,
        content=_export(network, checkpoint.name, has_types=has_types),
        config=network.config.to_json_string().encode("utf8"),
        limits=checkpoint.limits,
    )
    engine = OnnxEngine(graph)
    was_training = network.training
    network.eval()
    try:
        check_graph(engine, checkpoint)
    finally:
        network.train(was_training)
    return dataclasses.replace(checkpoint, engine=engine)


def quantize_checkpoint(exported: Checkpoint) -> Checkpoint:
    """Return an exported checkpoint with its graph in 8 bits.

    For what that means see :mod:`spacy_hf_ner.model.engines.onnx.int8`.

    Raises:
        CheckpointError: No layer of the graph can compute in 8 bits.
        MissingExtraError: The library ``onnx`` is not installed.
    """
    engine = exported.engine
    assert isinstance(engine, OnnxEngine)
    content = quantize_graph(engine.graph.content)
    quantized = dataclasses.replace(engine.graph, file_name=INT8_FILE, content=content)
    return dataclasses.replace(exported, engine=OnnxEngine(quantized))


class _Logits(nn.Module):
    """A network as the graph has it: arrays in, logits out."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        self.takes_mask = "attention_mask" in get_inputs(network)
        # XLNet subtracts the mask from 1.0.
        self.wants_float_mask = network.config.model_type == "xlnet"

    def forward(
        self, ids: torch.Tensor, mask: torch.Tensor, types: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return the logits. Shape: (n_windows, length, n_tags)."""
        inputs = {"input_ids": ids}
        if self.takes_mask:
            inputs["attention_mask"] = mask.float() if self.wants_float_mask else mask
        if types is not None:
            inputs["token_type_ids"] = types
        logits: torch.Tensor = self.network(**inputs).logits
        return logits


def _export(network: Network, name: str, *, has_types: bool) -> bytes:
    """Return the file of the graph that PyTorch exports a network to."""
    try:
        import onnxscript  # noqa: F401 - PyTorch's exporter needs it, and does not say how to get it
    except ImportError as error:
        raise MissingExtraError("onnxscript", extra="onnx", purpose="exporting to ONNX") from error
    try:
        with one_at_a_time(), _quiet_exporter(), torch.no_grad():
            return _call_exporter(_copy_for_export(network), has_types=has_types)
    except Exception as error:  # the exporter fails with whatever the operator at hand raises
        reason: BaseException = error
        while reason.__cause__ is not None:
            reason = reason.__cause__
        raise CheckpointError(
            f"{name}: PyTorch {torch.__version__} cannot export {type(network).__name__} to ONNX: "
            f"{reason}"
        ) from error


def _call_exporter(network: Network, *, has_types: bool) -> bytes:
    # Two windows, the second with padding, so that the exporter sees what a mask is for.
    ids = torch.zeros(2, 16, dtype=torch.int64, device=get_device(network))
    mask = torch.ones_like(ids)
    mask[1, 9:] = 0
    inputs = {"input_ids": ids, "attention_mask": mask}
    if has_types:
        inputs["token_type_ids"] = torch.zeros_like(ids)
    program: Any = torch.onnx.export(
        _Logits(network),
        tuple(inputs.values()),
        input_names=list(inputs),
        output_names=["logits"],
        dynamic_shapes=tuple({0: "n_windows", 1: "length"} for _ in inputs),
        dynamo=True,
        verbose=False,
    )
    model = program.model_proto
    _remove_notes(model.graph)
    for function in model.functions:
        _remove_notes(function)
    graph: bytes = model.SerializeToString()
    return graph


def _remove_notes(graph: Any) -> None:  # noqa: ANN401 - onnx is not typed
    """Remove what the exporter notes of each operator: a stack trace, with paths of this machine.

    Args:
        graph: A graph or a function of ONNX.
    """
    del graph.metadata_props[:]
    for value in graph.value_info:
        del value.metadata_props[:]
    for node in graph.node:
        del node.metadata_props[:]
        node.ClearField("doc_string")
        for attribute in node.attribute:
            if attribute.HasField("g"):  # the inside of a branch or a loop
                _remove_notes(attribute.g)


def _copy_for_export(network: Network) -> Network:
    """Return a network with the same weights, not copied, without dropout and with plain attention.

    Attention in simple steps becomes a graph of fewer nodes than PyTorch's fused kernel does.
    """
    from transformers import AutoModelForTokenClassification

    make: Any = AutoModelForTokenClassification.from_config  # untyped in transformers 4
    # On the device "meta" weights have a shape and no values: nothing is drawn or allocated.
    with torch.device("meta"):
        copied: Network = make(copy.deepcopy(network.config), attn_implementation="eager")
    copied.load_state_dict(network.state_dict(), assign=True)
    buffers = dict(network.named_buffers())
    for name, buffer in list(copied.named_buffers()):
        # Buffers such as positions are not part of a state dict, and have no values yet.
        if buffer.is_meta:
            parent, _, attribute = name.rpartition(".")
            module = copied.get_submodule(parent)
            module.register_buffer(attribute, buffers[name], persistent=False)
    return copied.eval()


@contextlib.contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Silence the exporter.

    It speaks of libraries that are not installed, of its own past, and prints whole programs to
    the error stream where it fails.
    """
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)


def check_graph(engine: OnnxEngine, checkpoint: Checkpoint) -> None:
    """Compare a graph with a network, which is in eval mode, on batches of random subwords.

    Raises:
        CheckpointError: Their logits differ.
        MissingExtraError: ONNX Runtime is not installed.
    """
    network = checkpoint.network
    backend = TorchBackend(network, keeps_state=checkpoint.engine.keeps_state)
    for batch in _draw_batches(checkpoint):
        is_read = batch.mask == 1
        with torch.inference_mode():
            expected = backend.run(batch).cpu().numpy()[is_read]
        found = engine.run(batch).numpy()[is_read]
        difference = float(np.abs(found - expected).max())
        largest = float(np.abs(expected).max())
        is_close = difference <= TOLERANCE * max(1.0, largest)  # False where there is a NaN
        if not is_close:
            raise CheckpointError(
                f"{checkpoint.name}: the ONNX graph of {type(network).__name__} gives logits that "
                f"differ by {difference:.2g} for {len(batch.ids)} windows: PyTorch "
                f"{torch.__version__} does not export this network correctly. Keep "
                'backend = "torch".',
                settings=("backend",),
            )


def _draw_batches(checkpoint: Checkpoint) -> Iterator[PaddedBatch]:
    """Give a batch of random subwords for each entry of the lengths that are checked."""
    limits = checkpoint.limits
    random = np.random.default_rng(0)
    budget = Budget(_WITHOUT_LIMIT, padding=_WITHOUT_LIMIT)  # all windows in one batch
    for wanted_lengths in _CHECKED_LENGTHS:
        lengths = np.minimum(wanted_lengths, limits.max_subwords)
        ends = np.cumsum(lengths)
        starts = ends - lengths
        windows = []
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            windows.append(Window(start, end, start, end))
        yield from make_batches(
            random.integers(0, limits.n_embeddings or _N_HASHED, ends[-1]),
            windows,
            template=checkpoint.tokenizer.template,
            limits=limits,
            budget=budget,
        )
