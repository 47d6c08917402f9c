"""torch's own optimizers, under settings of spaCy's kind: ``spacy_hf_ner.TorchOptimizer.v1``.

spaCy imports this module in every process that resolves a config, so it imports next to nothing.
"""

import inspect
from collections.abc import Iterable, Mapping
from typing import Any, Final

import torch
from thinc.api import Optimizer, xp2torch
from thinc.backends import get_array_ops
from thinc.types import FloatsXd, Generator

from spacy_hf_ner.errors import ConfigError

__all__ = ["TorchOptimizer", "decays", "list_torch_optimizers", "make_torch_optimizer_v1"]

Key = tuple[int, str]
Number = float | list[float] | Generator

# Needs a closure; sparse gradients; matrices alone.
_UNFIT: Final = {"LBFGS", "SparseAdam", "Muon"}

# One kernel for all parameters, on the CPU and on GPUs.
_FUSED: Final = {"Adam", "AdamW", "SGD"}

# In their steps a weight moves by about the learn rate, however large its gradient is.
_MOVING_BY_RATE: Final = {"Adam", "AdamW", "Adamax", "NAdam", "RAdam", "RMSprop"}

# What the settings of the same meaning say.
_OWN_SETTINGS: Final = {"lr": "learn_rate", "weight_decay": "weight_decay"}


class TorchOptimizer(Optimizer):
    """An optimizer of torch, as spaCy's training takes one.

    The network of ``hf_ner`` is stepped whole, by one optimizer of torch
    (:class:`spacy_hf_ner.model.training.optimizer.NetworkOptimizer`). Weights of other models come
    one array after the other, as Thinc steps them: each is stepped by an optimizer of its own, and
    its gradient is clipped by itself.

    To go on with an interrupted run, three things must be stored: the weights; how often
    ``step_schedules`` was called; and what torch keeps between steps. The last is here for arrays
    (:meth:`list_arrays`, :meth:`read_array_state`, :meth:`set_array_state`); that of networks is
    with them
    (``NetworkOptimizer``), as is that of a Thinc ``Adam``.

    Args:
        name: A class of ``torch.optim``.
        learn_rate: A number or a schedule.
        weight_decay: A number or a schedule.
        grad_clip: The greatest norm of the gradients, or 0; a number or a schedule.
        use_averages: Whether averages of the weights are kept.
        options: What else the class is made with.

    Raises:
        ConfigError: There is no such class, or it does not take this.

    Attributes:
        name: The class of ``torch.optim``.
        options: What it is made with besides learn rate and weight decay.
    """

    def __init__(
        self,
        name: str,
        *,
        learn_rate: Number,
        weight_decay: Number,
        grad_clip: Number,
        use_averages: bool,
        options: Mapping[str, Any],
    ) -> None:
        super().__init__(
            learn_rate,
            L2=weight_decay,
            grad_clip=grad_clip,
            use_averages=use_averages,
        )
        self.name = name
        self.options = _read_options(name, options)
        self._arrays: dict[Key, torch.optim.Optimizer] = {}
        self._unclaimed_states: dict[Key, dict[str, torch.Tensor]] = {}
        if self.L2 and not self.has_weight_decay:
            raise ConfigError(
                f'weight_decay must be 0 with name = "{name}", which knows none, got {self.L2}.',
                settings=("weight_decay", "name"),
            )
        self._check()

    @property
    def has_weight_decay(self) -> bool:
        """Whether the class knows weight decay."""
        return "weight_decay" in _list_arguments(self.name)

    @property
    def moves_by_rate(self) -> bool:
        """Whether a step moves a weight by about the learn rate, however large its gradient is."""
        return self.name in _MOVING_BY_RATE

    def make(self, groups: Iterable[Mapping[str, Any]]) -> torch.optim.Optimizer:
        """Return torch's optimizer for groups of parameters, which may have rates of their own."""
        make: Any = getattr(torch.optim, self.name)
        optimizer: torch.optim.Optimizer = make(
            list(groups), lr=float(self.learn_rate), **self.options
        )
        return optimizer

    def __call__(
        self, key: Key, weights: FloatsXd, gradient: FloatsXd, *, lr_scale: float = 1.0
    ) -> tuple[FloatsXd, FloatsXd]:
        """Return the weights of one array after a step, and a gradient of zeros.

        Args:
            key: What the array is known by.
            weights: The weights, which are changed in place.
            gradient: Their gradient.
            lr_scale: What the learn rate is multiplied by.
        """
        if len(gradient) < 1:
            return weights, gradient
        # Both share their memory with the arrays.
        parameter = torch.nn.Parameter(xp2torch(weights))
        parameter.grad = xp2torch(gradient)
        if self.grad_clip:
            torch.nn.utils.clip_grad_norm_([parameter], float(self.grad_clip))
        optimizer = self._point_at(key, parameter)
        (group,) = optimizer.param_groups
        group["lr"] = float(self.learn_rate) * lr_scale
        if self.has_weight_decay:
            group["weight_decay"] = float(self.L2) if decays(parameter) else 0.0
        optimizer.step()
        self.nr_update[key] += 1
        if self.averages is not None:
            ops = get_array_ops(weights)  # type: ignore[no-untyped-call]
            if key not in self.averages:
                self.averages[key] = ops.alloc(weights.shape, dtype="float32")
            ops.update_averages(self.averages[key], weights, self.nr_update[key])
        gradient *= 0
        return weights, gradient

    def list_arrays(self) -> list[Key]:
        """Return the keys of the arrays for which torch keeps something between steps."""
        return [*self._arrays, *self._unclaimed_states]

    def read_array_state(self, key: Key) -> dict[str, torch.Tensor]:
        """Return what torch keeps between steps for an array; empty before its first step."""
        if key not in self._arrays:
            return dict(self._unclaimed_states.get(key, {}))
        state: dict[str, torch.Tensor] = {}
        for kept in self._arrays[key].state.values():
            for name, value in kept.items():
                if value is not None:
                    state[name] = torch.as_tensor(value)
        return state

    def set_array_state(self, key: Key, state: Mapping[str, torch.Tensor]) -> None:
        """Go on from what :meth:`read_array_state` returned for the array of this key."""
        self._arrays.pop(key, None)
        self._unclaimed_states[key] = dict(state)

    def _point_at(self, key: Key, parameter: torch.nn.Parameter) -> torch.optim.Optimizer:
        """Return the optimizer of an array, which may lie elsewhere in memory than it did."""
        if key in self._arrays:
            optimizer = self._arrays[key]
            (group,) = optimizer.param_groups
            (known,) = group["params"]
            known.data = parameter.data
            known.grad = parameter.grad
            return optimizer
        optimizer = self.make([{"params": [parameter]}])
        kept = self._unclaimed_states.pop(key, None)
        if kept:
            groups = optimizer.state_dict()["param_groups"]
            optimizer.load_state_dict({"state": {0: kept}, "param_groups": groups})
        self._arrays[key] = optimizer
        return optimizer

    def _check(self) -> None:
        """Make an optimizer once, so that what torch refuses is said before the training."""
        try:
            self.make([{"params": [torch.nn.Parameter(torch.zeros(1))]}])
        except (TypeError, ValueError, RuntimeError) as error:
            taken = ", ".join(sorted(_list_arguments(self.name) - {*_OWN_SETTINGS, "params"}))
            raise ConfigError(
                f"options must be what torch.optim.{self.name} takes ({taken}), got "
                f"{self.options}: {error}",
                settings=("options",),
            ) from error


def decays(parameter: torch.Tensor) -> bool:
    """Tell whether weight decay applies to a parameter: not to biases and normalisation layers.

    These are all that have fewer than two dimensions.
    """
    return parameter.ndim > 1


def make_torch_optimizer_v1(
    name: str = "AdamW",
    *,
    learn_rate: Any,  # noqa: ANN401 - a number or a schedule, which pydantic must let through
    weight_decay: Any = 0.0,  # noqa: ANN401
    grad_clip: Any = 1.0,  # noqa: ANN401
    use_averages: bool = False,
    options: dict[str, Any] | None = None,
) -> TorchOptimizer:
    """Return an optimizer of torch, as spaCy's training takes one.

    Args:
        name: A class of ``torch.optim``: ``"AdamW"``, ``"Adafactor"``, ``"SGD"``, …
        learn_rate: A number or a schedule.
        weight_decay: A number or a schedule. Biases and normalisation are spared, as Hugging Face's
            Trainer does.
        grad_clip: The greatest norm of all gradients of a network together, or 0 for no clipping.
        use_averages: Whether what is judged and saved are averages of the last weights.
        options: What else the class is made with, such as ``{"momentum": 0.9}``; what is left out
            is as torch has it.

    Raises:
        ConfigError: There is no such class, or it does not take this.
    """
    return TorchOptimizer(
        name,
        learn_rate=learn_rate,
        weight_decay=weight_decay,
        grad_clip=grad_clip,
        use_averages=use_averages,
        options=options or {},
    )


def list_torch_optimizers() -> list[str]:
    """Return the classes of ``torch.optim`` that can be named.

    >>> "Adafactor" in list_torch_optimizers()
    True
    """
    names: list[str] = []
    for name, value in vars(torch.optim).items():
        is_optimizer = inspect.isclass(value) and issubclass(value, torch.optim.Optimizer)
        if is_optimizer and value is not torch.optim.Optimizer and name not in _UNFIT:
            names.append(name)
    return sorted(names)


def _read_options(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a class of torch is made with, where a config says this."""
    known = list_torch_optimizers()
    if name not in known:
        raise ConfigError(
            f"name must be one of torch {torch.__version__}'s optimizers ({', '.join(known)}), "
            f"got {name!r}.",
            settings=("name",),
        )
    for option, setting in _OWN_SETTINGS.items():
        if option in options:
            raise ConfigError(
                f"options must not name {option}, got {options[option]}: it is a setting of its "
                f"own. Set {setting} instead.",
                settings=("options", setting),
            )
    read: dict[str, Any] = {}
    if name in _FUSED:
        read["fused"] = True
    for option, value in options.items():
        # Configs have lists where torch expects pairs, such as betas.
        read[option] = tuple(value) if isinstance(value, list) else value
    if read.get("foreach") or read.get("differentiable"):
        read.pop("fused", None)
    return read


def _list_arguments(name: str) -> set[str]:
    """Return the names of the arguments of a class of torch."""
    return set(inspect.signature(getattr(torch.optim, name)).parameters)
