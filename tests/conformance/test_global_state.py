"""What belongs to others stays as it was: loggers, environment, modes, threads, random numbers."""

import os
import random

import numpy as np
import pytest
import torch
from transformers.utils import logging as transformers_logging

from tests.conformance.kinds import Kind
from tests.conformance.pipelines import (
    TEXT,
    get_checkpoint,
    get_component,
    train,
)


@pytest.mark.parametrize("verbosity", [10, 30, 40])
def test_the_verbosity_and_bars_of_transformers_are_left_alone(verbosity: int, kind: Kind) -> None:
    before = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity(verbosity)
    has_bars = transformers_logging.is_progress_bar_enabled()
    try:
        nlp = kind.make_pipeline()
        nlp(TEXT)
        nlp.to_bytes()
        assert transformers_logging.get_verbosity() == verbosity
        assert transformers_logging.is_progress_bar_enabled() == has_bars
    finally:
        transformers_logging.set_verbosity(before)


def test_loading_says_nothing_on_stdout_and_stderr(
    kind: Kind, capfd: pytest.CaptureFixture[str]
) -> None:
    nlp = kind.initialize_pipeline()
    nlp.to_bytes()
    assert capfd.readouterr() == ("", "")


def test_the_environment_is_left_alone(kind: Kind) -> None:
    before = dict(os.environ)
    nlp = kind.make_pipeline()
    nlp(TEXT)
    nlp.to_bytes()
    assert dict(os.environ) == before


def test_threads_default_type_and_gradient_mode_of_torch_are_left_alone(
    kind: Kind,
) -> None:
    before = (torch.get_num_threads(), torch.get_default_dtype(), torch.is_grad_enabled())
    nlp = kind.initialize_pipeline()
    nlp(TEXT)
    train(nlp, kind.make_examples(nlp), n_steps=1)
    assert (torch.get_num_threads(), torch.get_default_dtype(), torch.is_grad_enabled()) == before


def get_random_states() -> tuple[object, ...]:
    legacy = np.random.get_state(legacy=False)  # noqa: NPY002 - it is the one that spaCy seeds
    return random.getstate(), repr(legacy), torch.get_rng_state().tolist()


def test_prediction_draws_no_random_numbers(kind: Kind) -> None:
    nlp = kind.make_pipeline()
    nlp(TEXT)
    before = get_random_states()
    nlp(TEXT)
    assert get_random_states() == before


def test_the_network_is_in_eval_mode_after_prediction_whatever_came_before(
    kind: Kind,
) -> None:
    nlp = kind.initialize_pipeline()
    get_component(nlp).update(kind.make_examples(nlp), drop=0.5)
    nlp(TEXT)
    assert not any(module.training for module in get_checkpoint(nlp).network.modules())
