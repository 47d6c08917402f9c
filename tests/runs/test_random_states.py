import random

import numpy as np
import torch

from spacy_hf_ner.runs.random_states import find_moved, read_random_states, set_random_states


def _draw() -> tuple[float, float, float, float]:
    # A Gaussian number is drawn with a second one, which is kept: it belongs to the state.
    return (
        random.gauss(),
        random.random(),
        float(np.random.standard_normal()),
        float(torch.rand(())),
    )


def test_all_generators_go_on_from_where_they_stood() -> None:
    _draw()
    states = read_random_states()
    drawn = [_draw() for _ in range(3)]
    set_random_states(states)
    assert [_draw() for _ in range(3)] == drawn


def test_only_generators_that_were_drawn_from_have_moved() -> None:
    before = read_random_states()
    assert find_moved(before, read_random_states()) == []
    np.random.random()
    assert find_moved(before, read_random_states()) == ["numpy"]
    torch.rand(())
    assert find_moved(before, read_random_states()) == ["numpy", "torch"]
