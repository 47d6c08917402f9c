"""torch's optimizers under spaCy: what a config may say, and arrays that come one at a time."""

from typing import Any

import numpy as np
import pytest
import torch
from spacy.util import registry

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.model.training.torch_optimizer import TorchOptimizer, make_torch_optimizer_v1

KEY = (3, "W")
MOMENTUM = {"momentum": 0.9}


def _draw(seed: int, shape: tuple[int, ...] = (3, 2)) -> Any:
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def _step(optimizer: TorchOptimizer, weights: Any, seeds: range) -> Any:
    for seed in seeds:
        weights, gradient = optimizer(KEY, weights, _draw(seed))
        assert not gradient.any()
    return weights


def test_a_config_names_it_with_a_schedule() -> None:
    schedule = {"@schedules": "warmup_linear.v1"}
    section = {
        "@optimizers": "spacy_hf_ner.TorchOptimizer.v1",
        "name": "SGD",
        "learn_rate": schedule | {"initial_rate": 0.1, "warmup_steps": 2, "total_steps": 9},
        "options": {"momentum": 0.9},
    }
    optimizer = registry.resolve({"optimizer": section})["optimizer"]
    assert (optimizer.name, optimizer.learn_rate, optimizer.averages) == ("SGD", 0.0, None)
    optimizer.step_schedules()
    assert optimizer.learn_rate == pytest.approx(0.05)


def test_an_array_is_stepped_as_torch_steps_it_wherever_it_lies() -> None:
    optimizer = make_torch_optimizer_v1("SGD", learn_rate=0.1, grad_clip=0.0, options=MOMENTUM)
    own = torch.nn.Parameter(torch.from_numpy(_draw(9)))
    loop = torch.optim.SGD([own], lr=0.1, momentum=0.9)
    weights: Any = _draw(9)
    for seed in range(3):
        own.grad = torch.from_numpy(_draw(seed))
        loop.step()
        weights = _step(optimizer, weights.copy(), range(seed, seed + 1))
    assert weights == pytest.approx(own.detach().numpy(), abs=1e-6)


@pytest.mark.parametrize(("name", "options"), [("AdamW", {}), ("SGD", MOMENTUM), ("SGD", {})])
def test_an_array_goes_on_from_what_was_stored(name: str, options: dict[str, Any]) -> None:
    def make() -> TorchOptimizer:
        return make_torch_optimizer_v1(name, learn_rate=0.1, weight_decay=0.1, options=options)

    whole = _step(make(), _draw(9), range(4))
    first = make()
    half = _step(first, _draw(9), range(2))
    second = make()
    second.set_array_state(KEY, first.read_array_state(KEY))
    again = second.read_array_state(KEY)
    assert set(again) == set(first.read_array_state(KEY))
    assert np.array_equal(_step(second, half, range(2, 4)), whole)


def test_averages_of_arrays_are_kept_where_spacy_looks_for_them() -> None:
    optimizer = make_torch_optimizer_v1(learn_rate=0.1, use_averages=True)
    weights = _step(optimizer, _draw(9), range(1))
    assert optimizer.averages is not None
    assert optimizer.averages[KEY].shape == weights.shape


def test_a_bias_does_not_decay_and_nothing_is_no_array() -> None:
    optimizer = make_torch_optimizer_v1("SGD", learn_rate=0.1, weight_decay=0.5)
    weights: Any = np.ones(3, dtype="float32")
    optimizer(KEY, weights, np.zeros_like(weights))
    assert weights.tolist() == [1.0] * 3
    empty: Any = np.zeros(0, dtype="float32")
    assert optimizer(KEY, empty, empty)[0] is empty


@pytest.mark.parametrize(
    ("settings", "expected", "named"),
    [
        ({"name": "Lion"}, r"optimizers \(ASGD, .*, SGD\), got 'Lion'", ("name",)),
        ({"name": "LBFGS"}, "got 'LBFGS'", ("name",)),
        ({"options": {"momentum": 0.9}}, r"AdamW takes \(amsgrad, betas.*momentum", ("options",)),
        ({"options": {"betas": [2, 2]}}, "Invalid beta", ("options",)),
        ({"options": {"lr": 1}}, "Set learn_rate instead", ("options", "learn_rate")),
        ({"name": "Rprop", "weight_decay": 0.1}, "must be 0", ("weight_decay", "name")),
    ],
)
def test_what_torch_would_refuse_is_refused_before_the_training(
    settings: dict[str, Any], expected: str, named: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigError, match=expected) as refused:
        make_torch_optimizer_v1(**settings, learn_rate=0.1)
    assert refused.value.settings == named
