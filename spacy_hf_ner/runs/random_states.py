"""The random numbers of a process: where its generators stand, and how they are put back there.

Readers and augmenters draw from them, and so do networks, for dropout.
"""

import random
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import torch

__all__ = ["RandomStates", "find_moved", "read_random_states", "set_random_states"]

RandomStates = dict[str, Any]
"""Where each generator stands, by its name, in values that JSON has."""


def read_random_states() -> RandomStates:
    """Return where the generators of this process stand."""
    states: RandomStates = {}
    for name, (read, _) in _GENERATORS.items():
        states[name] = read()
    return states


def set_random_states(states: Mapping[str, Any]) -> None:
    """Put generators where they stood; those that are not named stay where they are.

    >>> states = read_random_states()
    >>> first = random.random()
    >>> set_random_states(states)
    >>> random.random() == first
    True
    """
    for name, state in states.items():
        _, write = _GENERATORS[name]
        write(state)


def find_moved(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the names of the generators from which somebody has drawn in between."""
    return [name for name, state in after.items() if before.get(name) != state]


def _read_python() -> list[Any]:
    version, words, gauss = random.getstate()
    return [version, list(words), gauss]


def _set_python(state: list[Any]) -> None:
    version, words, gauss = state
    random.setstate((version, tuple(words), gauss))


def _read_numpy() -> list[Any]:
    name, words, position, has_gauss, gauss = np.random.get_state(legacy=True)
    return [name, np.asarray(words).tolist(), position, has_gauss, gauss]


def _set_numpy(state: list[Any]) -> None:
    name, words, *rest = state
    np.random.set_state((name, np.asarray(words, dtype=np.uint32), *rest))


def _read_torch() -> list[int]:
    state: list[int] = torch.get_rng_state().tolist()
    return state


def _set_torch(state: list[int]) -> None:
    torch.set_rng_state(torch.tensor(state, dtype=torch.uint8))


def _read_cuda() -> list[list[int]]:
    if not torch.cuda.is_available():
        return []
    return list(map(torch.Tensor.tolist, torch.cuda.get_rng_state_all()))


def _set_cuda(states: list[list[int]]) -> None:
    if not torch.cuda.is_available():
        return
    for device, state in enumerate(states):
        torch.cuda.set_rng_state(torch.tensor(state, dtype=torch.uint8), device)


_Generator = tuple[Callable[[], Any], Callable[[Any], None]]

# How each is read, and set.
_GENERATORS: Final[dict[str, _Generator]] = {
    "python": (_read_python, _set_python),
    "numpy": (_read_numpy, _set_numpy),
    "torch": (_read_torch, _set_torch),
    "cuda": (_read_cuda, _set_cuda),
}
