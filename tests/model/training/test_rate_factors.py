"""How fast each part of a network learns."""

import pytest

from spacy_hf_ner.model.checkpoint import Checkpoint
from spacy_hf_ner.model.training.freezing import freeze_layers
from spacy_hf_ner.model.training.rate_factors import find_rate_factors


def _find(bert: Checkpoint, layer_decay: float) -> dict[str, float]:
    head = bert.network.get_submodule("classifier")
    factors = find_rate_factors(bert.network, head, head_learn_rate=5.0, layer_decay=layer_decay)
    named = dict(bert.network.named_parameters())
    return {name: factors[parameter] for name, parameter in named.items() if parameter in factors}


def test_the_rate_falls_from_each_layer_to_the_one_below(bert: Checkpoint) -> None:
    expected = {"embeddings": 0.25, ".layer.0.": 0.5, ".layer.1.": 1.0, "classifier": 5.0}
    for name, factor in _find(bert, 0.5).items():
        (part,) = [part for part in expected if part in name]
        assert factor == pytest.approx(expected[part]), name


def test_without_decay_all_but_the_head_learn_alike(bert: Checkpoint) -> None:
    assert set(_find(bert, 1.0).values()) == {1.0, 5.0}


def test_what_is_frozen_has_no_rate(bert: Checkpoint) -> None:
    freeze_layers(bert.network, 1)
    factors = _find(bert, 0.5)
    assert not any("embeddings" in name or ".layer.0." in name for name in factors)
    assert factors["classifier.weight"] == 5.0
