"""What linear layers are given is seen, and nothing of the network changes."""

import torch
from torch import nn

from spacy_hf_ner.model.checkpoint import Checkpoint
from spacy_hf_ner.model.engines.cpu.activations import (
    Activations,
    draw_windows,
    see_activations,
)
from spacy_hf_ner.model.engines.cpu.encoder_layers import find_encoder_layers


def test_windows_are_the_same_ones_in_each_call_and_can_be_read(bert: Checkpoint) -> None:
    template = bert.tokenizer.template
    windows = draw_windows(template, bert.limits)
    assert (windows == draw_windows(template, bert.limits)).all()
    assert windows.shape[1] <= bert.limits.max_subwords + len(template)
    assert bert.limits.n_embeddings is not None
    assert windows.max() < bert.limits.n_embeddings
    assert (windows[:, 0] == template.prefix[0]).all()
    assert (windows[:, -1] == template.suffix[0]).all()


def test_ranges_hold_all_that_was_seen() -> None:
    layer = nn.Linear(3, 2)
    seen = Activations()
    seen.watch(layer, (torch.tensor([[[1.0, -2.0, 0.0], [3.0, 5.0, 0.5]]]),))
    seen.watch(layer, (torch.tensor([[-9.0, 0.0, 0.25]]),))
    lowest, highest = seen.get_range(layer)
    assert lowest.tolist() == [-9.0, -2.0, 0.0]
    assert highest.tolist() == [3.0, 5.0, 0.5]
    assert sorted(seen.find_wide_columns(layer).tolist()) == [0, 1, 2]
    assert seen.find_wide_columns(nn.Linear(3, 2)).tolist() == []


def test_the_widest_columns_are_found() -> None:
    layer = nn.Linear(20, 2)
    rows = torch.full((4, 20), 0.1)
    rows[1, 3], rows[2, 11] = -40.0, 30.0
    seen = Activations()
    seen.watch(layer, (rows,))
    wide = seen.find_wide_columns(layer).tolist()
    assert wide[:2] == [3, 11]
    assert len(wide) == 8


def test_a_network_is_watched_and_left_as_it_was(bert: Checkpoint) -> None:
    windows = draw_windows(bert.tokenizer.template, bert.limits)
    seen = see_activations(bert.network, windows)
    layer = next(iter(find_encoder_layers(bert.network).values()))
    lowest, highest = seen.get_range(layer.up)
    assert lowest.shape == (layer.up.in_features,)
    assert (lowest < highest).all()
    assert not any(module._forward_pre_hooks for module in bert.network.modules())
