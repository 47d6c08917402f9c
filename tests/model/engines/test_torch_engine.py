"""The engine of PyTorch: what it trains, and the copy of it that predicts."""

import torch

from spacy_hf_ner.model.checkpoint import Checkpoint
from spacy_hf_ner.model.engines.torch_engine import copy_for_prediction
from spacy_hf_ner.model.head import find_head
from tests.model.networks import compute_logits


def test_what_predicts_is_a_copy_with_its_head_in_float32(bert: Checkpoint) -> None:
    copied = copy_for_prediction(bert.network, torch.bfloat16)
    _, head = find_head(copied)
    assert head.weight.dtype == torch.float32
    assert copied.get_input_embeddings().weight.dtype == torch.bfloat16
    assert bert.network.get_input_embeddings().weight.dtype == torch.float32
    assert compute_logits(copied).dtype == torch.float32
