"""Networks are used as a few subwords show them to be."""

from pathlib import Path

import pytest
import torch

from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.checkpoint import read_checkpoint
from tests.families.networks import make_family


@pytest.mark.parametrize(
    ("family", "takes_padding"), [("bert", True), ("convbert", False), ("fnet", False)]
)
def test_padding_is_kept_from_networks_whose_rows_it_changes(
    family: str, *, takes_padding: bool, tmp_path: Path
) -> None:
    checkpoint = read_checkpoint(make_family(family, tmp_path))
    assert checkpoint.limits.takes_padding is takes_padding
    assert checkpoint.limits.shortest == 1


def test_a_network_that_needs_some_subwords_is_padded_to_them(tmp_path: Path) -> None:
    assert read_checkpoint(make_family("canine", tmp_path)).limits.shortest == 4


@pytest.mark.parametrize(("family", "keeps_state"), [("bert", False), ("big_bird", True)])
def test_a_network_that_reading_changes_is_noticed_and_not_changed(
    family: str, *, keeps_state: bool, tmp_path: Path
) -> None:
    checkpoint = read_checkpoint(make_family(family, tmp_path))
    assert checkpoint.engine.keeps_state is keeps_state
    if family == "big_bird":
        assert checkpoint.network.base_model.attention_type == "block_sparse"


def test_loading_leaves_random_numbers_as_they_are(tmp_path: Path) -> None:
    folder = make_family("big_bird", tmp_path)
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    read_checkpoint(folder)
    assert torch.equal(torch.rand(3), expected)


def test_a_network_that_needs_more_than_a_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="You have to specify bbox"):
        read_checkpoint(make_family("bros", tmp_path))


@pytest.mark.skipif(torch.cuda.is_available(), reason="its kernel may be there")
def test_a_network_whose_attention_does_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="as if it stood alone"):
        read_checkpoint(make_family("mra", tmp_path))
