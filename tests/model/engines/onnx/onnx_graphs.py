"""A checkpoint as ONNX graphs, and batches that compare them with the network."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from spacy_hf_ner.core.windows import Window
from spacy_hf_ner.model.checkpoint import Checkpoint, read_checkpoint
from spacy_hf_ner.model.engines.onnx.engine import OnnxEngine
from spacy_hf_ner.model.engines.onnx.export import export_checkpoint, quantize_checkpoint
from spacy_hf_ner.model.engines.onnx.graph import OnnxGraph
from spacy_hf_ner.model.engines.torch_backend import TorchBackend
from spacy_hf_ner.model.reading.batching import Budget, PaddedBatch, make_batches

# The lengths of the windows in each batch; one subword in one window is the case that fixed shapes
# get wrong.
BATCHES = ((1,), (2,), (300,), (40, 7, 1), (3,) * 9)


class Exported(NamedTuple):
    """A checkpoint, and what it was exported to."""

    torch: Checkpoint
    fp32: Checkpoint
    int8: Checkpoint


def export(folder: Path) -> Exported:
    """Return the checkpoint in a folder, exported in float32 and in 8 bits."""
    checkpoint = read_checkpoint(folder)
    fp32 = export_checkpoint(checkpoint)
    return Exported(checkpoint, fp32, quantize_checkpoint(fp32))


def get_graph(checkpoint: Checkpoint) -> OnnxGraph:
    assert isinstance(checkpoint.engine, OnnxEngine)
    return checkpoint.engine.graph


def draw_batches(checkpoint: Checkpoint) -> Iterator[PaddedBatch]:
    random = np.random.default_rng(1)
    for lengths in BATCHES:
        ends = np.cumsum(lengths).tolist()
        ids = random.integers(0, checkpoint.limits.n_embeddings or 0, ends[-1])
        windows = [
            Window(start, end, start, end) for start, end in zip([0, *ends], ends, strict=False)
        ]
        yield from make_batches(
            ids,
            windows,
            template=checkpoint.tokenizer.template,
            limits=checkpoint.limits,
            budget=Budget(10_000, padding=10_000),
        )


def run_torch(checkpoint: Checkpoint, batch: PaddedBatch) -> np.ndarray:
    with torch.inference_mode():
        return TorchBackend(checkpoint.network).run(batch).numpy()


def run_onnx(checkpoint: Checkpoint, batch: PaddedBatch) -> np.ndarray:
    return checkpoint.engine.run(batch).numpy()
