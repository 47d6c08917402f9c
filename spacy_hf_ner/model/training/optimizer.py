"""spaCy's optimizer settings, applied to a torch network in one fused step.

thinc's optimizer works on one array at a time, clips each by itself, decays every weight and never averages torch's.
Here a thinc ``Optimizer`` is read as settings (``learn_rate`` and its schedule, betas, ``eps``, ``L2``, ``grad_clip``,
``use_averages``) of torch's own optimizers:

- ``grad_clip`` clips the norm of all gradients together;
- ``L2`` spares biases and normalisation layers, that is, all parameters with fewer than two dimensions;
- the averages of ``use_averages`` are kept here and used by ``nlp.use_params``.

Source: Loshchilov & Hutter (2019), https://arxiv.org/abs/1711.05101; thinc 8.3 ``optimizers.py`` for the meaning of
``eps`` (added before bias correction) and of the averages (decay ``min((1 + t) / (10 + t), 0.9999)``).
"""

import math
from collections.abc import Sequence

import torch
from thinc.api import Optimizer

from spacy_hf_ner.model.engines.cpu.many_tensors import move_towards

MAX_AVERAGE_DECAY = 0.9999


class NetworkOptimizer:
    """Steps the parameters of one network as a thinc optimizer asks.

    Args:
        network: The network; parameters that need no gradient are left alone.
        head: The module whose learn rate is multiplied.
        head_learn_rate: What the learn rate of the head is multiplied by.
        settings: The thinc optimizer, read anew at each step, as its schedules move.
        scaler: What the gradients were scaled with; a disabled one where they were not.
    """

    def __init__(
        self,
        network: torch.nn.Module,
        head: torch.nn.Module,
        *,
        head_learn_rate: float,
        settings: Optimizer,
        scaler: torch.amp.GradScaler,
    ) -> None:
        self.settings = settings
        self._scaler = scaler
        in_head = {id(p) for p in head.parameters()}
        groups: dict[tuple[bool, bool], list[torch.nn.Parameter]] = {}
        for parameter in network.parameters():
            if parameter.requires_grad:
                groups.setdefault((id(parameter) in in_head, parameter.ndim > 1), []).append(
                    parameter
                )
        self._multipliers = [head_learn_rate if is_head else 1.0 for is_head, _ in groups]
        self._decays = [1.0 if decays else 0.0 for _, decays in groups]
        self._parameters = [p for group in groups.values() for p in group]
        self._torch = _make_torch_optimizer(list(groups.values()), settings)
        self._n_steps = 0
        self.averages: list[torch.Tensor] | None = None
        if settings.averages is not None:
            self.averages = [p.detach().clone() for p in self._parameters]

    def step(self) -> None:
        """Clip, step and clear the gradients; nothing happens where there are none."""
        if all(p.grad is None for p in self._parameters):
            return
        self._n_steps += 1
        settings = self.settings
        self._scaler.unscale_(self._torch)
        if settings.grad_clip:
            torch.nn.utils.clip_grad_norm_(self._parameters, float(settings.grad_clip))
        correction = math.sqrt(1.0 - float(settings.b2) ** self._n_steps) if settings.b2 else 1.0
        for group, multiplier, decays in zip(
            self._torch.param_groups, self._multipliers, self._decays, strict=True
        ):
            group["lr"] = float(settings.learn_rate) * multiplier
            group["weight_decay"] = float(settings.L2) * decays
            if "eps" in group:
                group["eps"] = float(settings.eps) / correction
        self._scaler.step(self._torch)
        self._scaler.update()
        self._torch.zero_grad(set_to_none=True)
        if self.averages is not None:
            decay = min((1 + self._n_steps) / (10 + self._n_steps), MAX_AVERAGE_DECAY)
            move_towards(self.averages, [p.detach() for p in self._parameters], 1.0 - decay)

    def swap_averages(self) -> None:
        """Exchange the parameters and their averages; a second call changes them back."""
        if self.averages is None or self._n_steps == 0:
            return
        for parameter, average in zip(self._parameters, self.averages, strict=True):
            kept = parameter.data.clone()
            parameter.data.copy_(average)
            average.copy_(kept)


def _make_torch_optimizer(
    groups: Sequence[list[torch.nn.Parameter]], settings: Optimizer
) -> torch.optim.Optimizer:
    """Return the torch optimizer that a thinc optimizer describes."""
    params = [{"params": group} for group in groups]
    rate, betas = float(settings.learn_rate), (float(settings.b1), float(settings.b2))
    if settings.use_radam:
        return torch.optim.RAdam(
            params, lr=rate, betas=betas, decoupled_weight_decay=settings.L2_is_weight_decay
        )
    if not all(betas):
        return torch.optim.SGD(params, lr=rate)
    adam = torch.optim.AdamW if settings.L2_is_weight_decay else torch.optim.Adam
    return adam(params, lr=rate, betas=betas, fused=True)
