"""Freezing: lower layers and embeddings stay as they are, and can be freed again."""

from pathlib import Path

import pytest

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.model.checkpoint import Checkpoint, read_checkpoint
from spacy_hf_ner.model.training.freezing import freeze_layers
from tests.checkpoints import FAMILIES, make_checkpoint
from tests.families.checks import Subject, check_freezing


@pytest.mark.parametrize("family", FAMILIES)
def test_freezing_keeps_the_lower_layers_and_the_embeddings(family: str, tmp_path: Path) -> None:
    network = read_checkpoint(make_checkpoint(tmp_path, family=family)).network
    everything = sum(p.requires_grad for p in network.parameters())
    freeze_layers(network, -1)
    head = {name for name, p in network.named_parameters() if p.requires_grad}
    assert head
    assert not any(name.startswith(f"{network.base_model_prefix}.") for name in head)
    freeze_layers(network, 0)
    assert sum(p.requires_grad for p in network.parameters()) == everything


def test_freezing_one_layer_leaves_the_next_one_free(bert: Checkpoint) -> None:
    freeze_layers(bert.network, 1)
    free = {name for name, p in bert.network.named_parameters() if p.requires_grad}
    assert not any(".layer.0." in name or "embeddings" in name for name in free)
    assert any(".layer.1." in name for name in free)
    with pytest.raises(ConfigError, match=r"1\.\.2"):
        freeze_layers(bert.network, 3)


@pytest.mark.filterwarnings("ignore::UserWarning")  # what families say of torch is theirs
@pytest.mark.parametrize(
    "family", ["albert", "funnel", "llama", "markuplm", "mixtral", "squeezebert", "t5gemma", "xlm"]
)
def test_what_the_lowest_layer_depends_on_is_frozen_and_nothing_above(
    family: str, tmp_path: Path
) -> None:
    check_freezing(Subject(family, tmp_path))
