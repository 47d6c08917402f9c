"""Our step against those that it follows: thinc's own, one array at a time, and torch's."""

from typing import Any

import numpy as np
import pytest
import torch
from thinc.api import SGD, Adam, Optimizer, RAdam
from torch import nn

from spacy_hf_ner.model.training.optimizer import NetworkOptimizer
from spacy_hf_ner.model.training.torch_optimizer import make_torch_optimizer_v1


class _Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.encoder = nn.Linear(4, 3)
        self.norm = nn.LayerNorm(3)
        self.head = nn.Linear(3, 2)


def _make(settings: Optimizer, *, head_learn_rate: float = 1.0) -> tuple[_Net, NetworkOptimizer]:
    network = _Net()
    factors = dict.fromkeys(network.parameters(), 1.0)
    factors |= dict.fromkeys(network.head.parameters(), head_learn_rate)
    scaler = torch.amp.GradScaler("cpu", enabled=False)
    return network, NetworkOptimizer(factors, settings=settings, scaler=scaler)


def _set_gradients(network: nn.Module, seed: int, scale: float = 1.0) -> None:
    generator = torch.Generator().manual_seed(seed)
    for parameter in network.parameters():
        parameter.grad = torch.randn(parameter.shape, generator=generator) * scale


def _settings(make: Any = Adam, **changes: Any) -> Any:
    return make(**({"learn_rate": 1e-2, "L2": 0.0, "grad_clip": 0.0} | changes))


@pytest.mark.parametrize("changes", [{}, {"eps": 1e-3}, {"beta1": 0.8, "beta2": 0.95}])
def test_adam_steps_as_thincs_adam(changes: dict[str, float]) -> None:
    network, stepper = _make(_settings(**changes))
    theirs = _settings(**changes)
    arrays = {name: p.detach().numpy().copy() for name, p in network.named_parameters()}
    for step in range(5):
        _set_gradients(network, step)
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None
            arrays[name], _ = theirs((0, name), arrays[name], parameter.grad.numpy().copy())
        stepper.step()
    for name, parameter in network.named_parameters():
        assert parameter.detach().numpy() == pytest.approx(arrays[name], abs=1e-5)


def test_averages_are_thincs_but_begin_at_the_weights_and_swapping_twice_changes_nothing() -> None:
    network, stepper = _make(_settings(use_averages=True))
    theirs = _settings(use_averages=True)
    arrays = {name: p.detach().numpy().copy() for name, p in network.named_parameters()}
    first = {name: array.copy() for name, array in arrays.items()}
    for step in range(4):
        _set_gradients(network, step)
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None
            arrays[name], _ = theirs((0, name), arrays[name], parameter.grad.numpy().copy())
        stepper.step()
    current = [p.detach().clone() for p in network.parameters()]
    stepper.swap_averages()
    # thinc's begin at zero, so it lacks this share of the first weights
    share = np.prod([(1 + t) / (10 + t) for t in range(1, 5)])
    for name, parameter in network.named_parameters():
        expected = theirs.averages[0, name] + share * first[name]
        assert parameter.detach().numpy() == pytest.approx(expected, abs=1e-5)
    stepper.swap_averages()
    for p, before in zip(network.parameters(), current, strict=True):
        assert torch.equal(p, before)


def test_weight_decay_spares_biases_and_norms() -> None:
    network, stepper = _make(_settings(L2=0.5, L2_is_weight_decay=True))
    before = {name: p.detach().clone() for name, p in network.named_parameters()}
    for parameter in network.parameters():
        parameter.grad = torch.zeros_like(parameter)
    stepper.step()
    for name, parameter in network.named_parameters():
        decays = name in {"encoder.weight", "head.weight"}
        assert torch.allclose(parameter, before[name] * (1 - 0.5e-2 * decays)), name


def test_gradients_are_clipped_by_their_norm_together() -> None:
    network, stepper = _make(_settings(_sgd, grad_clip=1.0, learn_rate=1.0))
    before = [p.detach().clone() for p in network.parameters()]
    _set_gradients(network, 0, scale=100.0)
    gradients = [p.grad.clone() for p in network.parameters() if p.grad is not None]
    norm = torch.cat([g.flatten() for g in gradients]).norm()
    stepper.step()
    for parameter, old, gradient in zip(network.parameters(), before, gradients, strict=True):
        assert torch.allclose(old - parameter, gradient / norm, atol=1e-5)


def _sgd(**settings: Any) -> Optimizer:
    return Optimizer(**settings, beta1=0.0, beta2=0.0)


def test_the_head_learns_at_its_own_rate() -> None:
    network, stepper = _make(_settings(_sgd, learn_rate=0.1), head_learn_rate=10.0)
    before = {name: p.detach().clone() for name, p in network.named_parameters()}
    for parameter in network.parameters():
        parameter.grad = torch.ones_like(parameter)
    stepper.step()
    for name, parameter in network.named_parameters():
        expected = 1.0 if name.startswith("head.") else 0.1
        assert torch.allclose(
            before[name] - parameter, torch.full_like(parameter, expected), atol=1e-6
        ), name


def test_the_learn_rate_is_read_at_each_step() -> None:
    settings = _settings(_sgd, learn_rate=0.1)
    network, stepper = _make(settings)
    _set_gradients(network, 0)
    stepper.step()
    settings.learn_rate = 0.0
    before = [p.detach().clone() for p in network.parameters()]
    _set_gradients(network, 1)
    stepper.step()
    assert all(torch.equal(p, old) for p, old in zip(network.parameters(), before, strict=True))


def test_radam_moves_the_weights_and_clears_the_gradients() -> None:
    network, stepper = _make(_settings(RAdam))
    before = [p.detach().clone() for p in network.parameters()]
    for step in range(8):
        _set_gradients(network, step)
        stepper.step()
    assert all(not torch.equal(p, old) for p, old in zip(network.parameters(), before, strict=True))
    assert all(p.grad is None and bool(torch.isfinite(p).all()) for p in network.parameters())


def test_a_step_without_gradients_changes_nothing() -> None:
    network, stepper = _make(_settings(use_averages=True))
    before = [p.detach().clone() for p in network.parameters()]
    stepper.step()
    stepper.swap_averages()
    assert all(torch.equal(p, old) for p, old in zip(network.parameters(), before, strict=True))


def test_parameters_without_a_gradient_are_left_alone() -> None:
    network, stepper = _make(_settings())
    before = network.encoder.weight.detach().clone()
    _set_gradients(network, 0)
    for parameter in network.encoder.parameters():
        parameter.grad = None
    stepper.step()
    assert np.array_equal(network.encoder.weight.detach().numpy(), before.numpy())


@pytest.mark.parametrize("make", [Adam, RAdam, SGD])
def test_another_process_steps_on_from_the_state(make: Any) -> None:
    changes = {"use_averages": True}
    network, stepper = _make(_settings(make, **changes))
    for step in range(3):
        _set_gradients(network, step)
        stepper.step()
    other, other_stepper = _make(_settings(make, **changes))
    other.load_state_dict(network.state_dict())
    other_stepper.set_state(stepper.read_state())
    for step in range(3, 5):
        for net, its_stepper in ((network, stepper), (other, other_stepper)):
            _set_gradients(net, step)
            its_stepper.step()
    for _ in range(2):  # the weights, and their averages
        for ours, theirs in zip(network.parameters(), other.parameters(), strict=True):
            assert torch.equal(ours, theirs)
        stepper.swap_averages()
        other_stepper.swap_averages()


def test_the_scale_of_gradients_is_part_of_the_state() -> None:
    steppers = []
    for _ in range(2):
        network = _Net()
        scaler = torch.amp.GradScaler("cpu", init_scale=16.0, growth_interval=1)
        factors = dict.fromkeys(network.parameters(), 1.0)
        stepper = NetworkOptimizer(factors, settings=_settings(), scaler=scaler)
        steppers.append((network, scaler, stepper))
    (network, scaler, stepper), (_, other_scaler, other_stepper) = steppers
    scaler.scale(torch.ones(()))
    _set_gradients(network, 0)
    stepper.step()
    other_stepper.set_state(stepper.read_state())
    assert other_scaler.get_scale() == scaler.get_scale() == 32.0


def test_sgd_steps_as_thincs_sgd() -> None:
    network, stepper = _make(_settings(SGD))
    theirs = _settings(SGD)
    arrays = {name: p.detach().numpy().copy() for name, p in network.named_parameters()}
    for step in range(3):
        _set_gradients(network, step)
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None
            arrays[name], _ = theirs((0, name), arrays[name], parameter.grad.numpy().copy())
        stepper.step()
    for name, parameter in network.named_parameters():
        assert parameter.detach().numpy() == pytest.approx(arrays[name], abs=1e-7)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("AdamW", {"betas": [0.8, 0.95], "eps": 1e-6}),
        ("Adafactor", {"beta2_decay": -0.7}),
        ("SGD", {"momentum": 0.9, "nesterov": True}),
        ("RMSprop", {"alpha": 0.9}),
    ],
)
def test_a_torch_optimizer_steps_as_in_a_loop_of_torch(name: str, options: dict[str, Any]) -> None:
    if not hasattr(torch.optim, name):
        pytest.skip(f"torch {torch.__version__} has no {name}")
    settings = make_torch_optimizer_v1(
        name, learn_rate=[1e-2, 5e-3, 2e-3], weight_decay=0.1, grad_clip=0.5, options=options
    )
    network, stepper = _make(settings)
    own = _Net()
    matrices = [p for p in own.parameters() if p.ndim > 1]
    vectors = [p for p in own.parameters() if p.ndim == 1]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    loop = getattr(torch.optim, name)(groups, lr=1.0, **options)
    for step, rate in enumerate((1e-2, 5e-3, 2e-3)):
        _set_gradients(network, step)
        stepper.step()
        settings.step_schedules()  # type: ignore[no-untyped-call]
        _set_gradients(own, step)
        torch.nn.utils.clip_grad_norm_(own.parameters(), 0.5)
        for group in loop.param_groups:
            group["lr"] = rate
        loop.step()
    for ours, theirs in zip(network.parameters(), own.parameters(), strict=True):
        assert torch.allclose(ours, theirs, rtol=0, atol=1e-6)


def test_a_torch_optimizer_without_weight_decay_steps() -> None:
    network, stepper = _make(make_torch_optimizer_v1("Rprop", learn_rate=0.1, use_averages=True))
    before = [p.detach().clone() for p in network.parameters()]
    _set_gradients(network, 0)
    stepper.step()
    assert all(not torch.equal(p, old) for p, old in zip(network.parameters(), before, strict=True))
    assert stepper.averages is not None
