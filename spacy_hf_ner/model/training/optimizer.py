"""spaCy's optimizer settings, applied to a torch network in one fused step.

thinc's optimizer works on one array at a time, clips each by itself, decays every weight and never
averages torch's. Here a thinc ``Optimizer`` is read as settings (``learn_rate`` and its schedule,
betas, ``eps``, ``L2``, ``grad_clip``, ``use_averages``) of torch's own optimizers. A
``TorchOptimizer`` names one of them:

- ``grad_clip`` clips the norm of all gradients together;
- ``L2`` spares biases and normalisation layers;
- the averages of ``use_averages`` are kept here and used by ``nlp.use_params``.

Source: Loshchilov & Hutter (2019), https://arxiv.org/abs/1711.05101; thinc 8.3 ``optimizers.py``
for the meaning of ``eps`` (added before bias correction) and of the averages (decay
``min((1 + t) / (10 + t), 0.9999)``).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from thinc.api import Optimizer

from spacy_hf_ner.model.engines.cpu.many_tensors import move_towards
from spacy_hf_ner.model.training.torch_optimizer import TorchOptimizer, decays

__all__ = ["MAX_AVERAGE_DECAY", "NetworkOptimizer"]

MAX_AVERAGE_DECAY = 0.9999


@dataclass(frozen=True, slots=True)
class _Group:
    """Parameters that are stepped with the same settings.

    Attributes:
        parameters: The parameters.
        multiplier: What their learn rate is multiplied by.
        decays: Whether weight decay applies to them.
    """

    parameters: list[torch.nn.Parameter]
    multiplier: float
    decays: bool


class NetworkOptimizer:
    """Steps the parameters of one network as a thinc optimizer asks.

    Args:
        factors: The parameters, each with what its learn rate is multiplied by. One that has no
            gradient in a step stays as it is.
        settings: The thinc optimizer, read anew at each step, as its schedules move.
        scaler: What the gradients were scaled with; a disabled one where they were not.

    Attributes:
        settings: The thinc optimizer.
        n_steps: How many steps were made.
    """

    def __init__(
        self,
        factors: Mapping[torch.nn.Parameter, float],
        *,
        settings: Optimizer,
        scaler: torch.amp.GradScaler,
    ) -> None:
        self.settings = settings
        self.n_steps = 0
        self._scaler = scaler
        self._groups = _group_parameters(factors)
        self._parameters: list[torch.nn.Parameter] = []
        for group in self._groups:
            self._parameters.extend(group.parameters)
        self._torch = _make_torch_optimizer(self._groups, settings)
        self.averages: list[torch.Tensor] | None = None
        if settings.averages is not None:
            self.averages = [p.detach().clone() for p in self._parameters]

    def step(self) -> None:
        """Clip, step and clear the gradients; nothing happens where there are none."""
        if all(p.grad is None for p in self._parameters):
            return
        self.n_steps += 1
        # Gradients must have their true size before they are clipped.
        self._scaler.unscale_(self._torch)
        if self.settings.grad_clip:
            max_norm = float(self.settings.grad_clip)
            torch.nn.utils.clip_grad_norm_(self._parameters, max_norm)
        self._read_settings()
        self._scaler.step(self._torch)
        self._scaler.update()
        self._torch.zero_grad(set_to_none=True)
        if self.averages is not None:
            decay = min((1 + self.n_steps) / (10 + self.n_steps), MAX_AVERAGE_DECAY)
            parameters = [parameter.detach() for parameter in self._parameters]
            move_towards(self.averages, parameters, 1.0 - decay)

    def swap_averages(self) -> None:
        """Exchange the parameters and their averages; a second call changes them back."""
        if self.averages is None or self.n_steps == 0:
            return
        for parameter, average in zip(self._parameters, self.averages, strict=True):
            kept = parameter.data.clone()
            parameter.data.copy_(average)
            average.copy_(kept)

    def read_state(self) -> dict[str, torch.Tensor]:
        """Return all that the next step depends on besides weights, gradients and settings.

        That is the count of steps, the averages, the scale of gradients, and of torch's optimizer
        whatever it keeps for a parameter, such as moments.
        """
        state = {"n_steps": torch.tensor(self.n_steps)}
        for i, average in enumerate(self.averages or ()):
            state[f"averages.{i}"] = average
        for name, value in self._scaler.state_dict().items():
            state[f"scaler.{name}"] = torch.tensor(value)
        for i, kept in self._torch.state_dict()["state"].items():
            for name, value in kept.items():
                if value is not None:
                    state[f"torch.{i}.{name}"] = torch.as_tensor(value)
        return state

    def set_state(self, state: Mapping[str, torch.Tensor]) -> None:
        """Go on from what :meth:`read_state` returned for the same network and settings."""
        self.n_steps = int(state["n_steps"])
        for i, average in enumerate(self.averages or ()):
            average.copy_(state[f"averages.{i}"])
        scaler_state: dict[str, Any] = {}
        kept: dict[int, dict[str, torch.Tensor]] = {}
        for key, value in state.items():
            part, _, rest = key.partition(".")
            if part == "scaler":
                scaler_state[rest] = value.item()
            elif part == "torch":
                number, _, name = rest.partition(".")
                kept.setdefault(int(number), {})[name] = value.clone()
        if scaler_state:
            self._scaler.load_state_dict(scaler_state)
        groups = self._torch.state_dict()["param_groups"]
        self._torch.load_state_dict({"state": kept, "param_groups": groups})

    def _read_settings(self) -> None:
        """Give torch's optimizer what the schedules of the settings have come to."""
        settings = self.settings
        is_thincs = not isinstance(settings, TorchOptimizer)
        # thinc adds eps before bias correction and torch after it; divided by it, they are equal.
        correction = 1.0
        if settings.b2:
            correction = math.sqrt(1.0 - float(settings.b2) ** self.n_steps)
        for torch_group, group in zip(self._torch.param_groups, self._groups, strict=True):
            torch_group["lr"] = float(settings.learn_rate) * group.multiplier
            if "weight_decay" in torch_group:
                torch_group["weight_decay"] = float(settings.L2) if group.decays else 0.0
            if is_thincs and "eps" in torch_group:
                torch_group["eps"] = float(settings.eps) / correction


def _group_parameters(factors: Mapping[torch.nn.Parameter, float]) -> list[_Group]:
    """Return parameters grouped by learn rate and by weight decay.

    Groups come in the order of the first parameter of each.
    """
    groups: dict[tuple[float, bool], _Group] = {}
    for parameter, factor in factors.items():
        key = (factor, decays(parameter))
        if key not in groups:
            groups[key] = _Group([], *key)
        groups[key].parameters.append(parameter)
    return list(groups.values())


def _make_torch_optimizer(groups: Sequence[_Group], settings: Optimizer) -> torch.optim.Optimizer:
    """Return the torch optimizer that a thinc optimizer describes."""
    params = [{"params": group.parameters} for group in groups]
    if isinstance(settings, TorchOptimizer):
        return settings.make(params)
    learn_rate = float(settings.learn_rate)
    betas = (float(settings.b1), float(settings.b2))
    if settings.use_radam:
        return torch.optim.RAdam(
            params,
            lr=learn_rate,
            betas=betas,
            decoupled_weight_decay=settings.L2_is_weight_decay,
        )
    if not all(betas):
        return torch.optim.SGD(params, lr=learn_rate)
    adam = torch.optim.AdamW if settings.L2_is_weight_decay else torch.optim.Adam
    return adam(params, lr=learn_rate, betas=betas, fused=True)
