"""Which layer each parameter is part of, from below."""

from pathlib import Path

import pytest

from spacy_hf_ner.model.checkpoint import Checkpoint, read_checkpoint
from spacy_hf_ner.model.training.layers import LayerOrder
from tests.checkpoints import make_checkpoint


def test_levels_count_from_the_embeddings_to_the_head(bert: Checkpoint) -> None:
    levels = LayerOrder(bert.network).find_levels()
    parts = {"embeddings": 0, ".layer.0.": 1, ".layer.1.": 2, "classifier": 3}
    seen = set()
    for name, parameter in bert.network.named_parameters():
        (part,) = [part for part in parts if part in name]
        assert levels[parameter] == parts[part], name
        seen.add(part)
    assert seen == set(parts)


@pytest.mark.parametrize("family", ["distilbert", "deberta-v2"])
def test_every_parameter_has_a_level_that_its_freezing_agrees_with(
    family: str, tmp_path: Path
) -> None:
    network = read_checkpoint(make_checkpoint(tmp_path, family=family)).network
    order = LayerOrder(network)
    levels = order.find_levels()
    assert len(levels) == len(list(network.parameters()))
    below = set(order.find_parameters_below(1))
    assert below == {parameter for parameter, level in levels.items() if level <= 1}
