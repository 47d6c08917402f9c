"""The last layer: it keeps the rows of tags that it knows, and is found where it is linear."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from spacy_hf_ner.core.labels import make_tag_set, read_labels
from spacy_hf_ner.core.schemes import SCHEMES
from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.checkpoint import Checkpoint, read_checkpoint
from spacy_hf_ner.model.head import find_head, set_head
from tests.checkpoints import FAMILIES, make_checkpoint
from tests.model.networks import compute_logits


@pytest.mark.parametrize("family", FAMILIES)
def test_a_new_head_keeps_the_rows_of_tags_it_knows(family: str, tmp_path: Path) -> None:
    checkpoint = read_checkpoint(make_checkpoint(tmp_path, family=family))
    network, known = checkpoint.network, checkpoint.tag_set
    assert known is not None
    before = compute_logits(network)
    wanted = make_tag_set(["LOC", "NEW", "PER"], SCHEMES["IOB2"])
    set_head(network, wanted, known=known)
    after = compute_logits(network)
    for k, label in enumerate(wanted.labels):
        if label in known.labels:
            assert torch.allclose(after[..., k], before[..., known.labels.index(label)], atol=1e-5)
    assert list(network.config.id2label.values()) == list(wanted.labels)
    assert network.config.num_labels == len(wanted)


def test_a_head_that_nobody_trained_is_drawn_anew(bert: Checkpoint) -> None:
    wanted = read_labels(["O", "B-PER", "I-PER"])
    set_head(bert.network, wanted, known=None)
    _, head = find_head(bert.network)
    assert (head.bias == 0).all()
    assert 0 < head.weight.std() < 0.1


def test_a_network_without_a_linear_head_is_refused(bert: Checkpoint) -> None:
    network: Any = bert.network
    network.classifier = nn.Identity()
    with pytest.raises(CheckpointError, match="no linear layer"):
        find_head(network)
