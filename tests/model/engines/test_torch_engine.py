"""The engine of PyTorch: what it trains, and the copy of it that predicts."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from spacy_hf_ner.model.checkpoint import Checkpoint
from spacy_hf_ner.model.engines.precision import has_fast_bf16
from spacy_hf_ner.model.engines.prediction import copy_for_prediction
from spacy_hf_ner.model.engines.torch_engine import TorchEngine
from spacy_hf_ner.model.head import find_head
from spacy_hf_ner.model.network import get_device
from spacy_hf_ner.model.reading.batching import PaddedBatch
from tests.model.networks import compute_logits


def test_what_predicts_is_a_copy_with_its_head_in_float32(bert: Checkpoint) -> None:
    copied = copy_for_prediction(bert.network, torch.bfloat16)
    _, head = find_head(copied)
    assert head.weight.dtype == torch.float32
    assert copied.get_input_embeddings().weight.dtype == torch.bfloat16
    assert bert.network.get_input_embeddings().weight.dtype == torch.float32
    assert compute_logits(copied).dtype == torch.float32


def test_who_predicts_leaves_the_network_on_its_device(bert: Checkpoint) -> None:
    engine = TorchEngine(bert.network)
    # Every machine has this device, and Thinc's is another.
    engine.move_to(torch.device("meta"))
    engine.prepare()
    assert get_device(bert.network) == torch.device("meta")
    assert engine.budget.size > 0


@pytest.mark.skipif(not has_fast_bf16(torch.device("cpu")), reason="auto means fp32 here anyway")
def test_threads_that_find_together_that_bf16_does_not_run_all_go_on_in_fp32(
    bert: Checkpoint,
) -> None:
    n_threads = 4
    at_once = threading.Barrier(n_threads)

    def refuse_bf16(_module: torch.nn.Module, _inputs: object, output: torch.Tensor) -> None:
        if output.dtype == torch.bfloat16:
            at_once.wait()  # all threads have begun before the first fails
            raise RuntimeError("no bf16 for this network")

    bert.network.get_input_embeddings().register_forward_hook(refuse_bf16)
    engine = TorchEngine(bert.network)
    engine.prepare()
    ids = np.full((1, 4), 5)
    nothing = np.zeros(0, dtype=np.int64)
    batch = PaddedBatch(ids, np.ones_like(ids), np.zeros_like(ids), nothing, nothing)
    with ThreadPoolExecutor(n_threads) as threads:
        logits = list(threads.map(engine.run, [batch] * n_threads))
    assert all(torch.equal(each, logits[0]) for each in logits)
