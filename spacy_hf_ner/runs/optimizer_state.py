"""What optimizers keep for the parameters of a pipeline, under names that every process gives them.

A thinc optimizer keys what it keeps by the ids of models, which each process counts for itself.
Here a parameter is named by its place: the component, the model inside it, the parameter. What our
own models keep beside a thinc optimizer is named in the same way.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import torch
from spacy.language import Language
from thinc.api import Model, Optimizer, torch2xp, xp2torch
from thinc.shims.shim import Shim

from spacy_hf_ner.model.shim import HFShim
from spacy_hf_ner.model.training.torch_optimizer import TorchOptimizer

__all__ = ["read_optimizer_state", "set_optimizer_state"]

Owner = Model[Any, Any] | Shim
Key = tuple[int, str]

_ARRAYS: Final = ("mom1", "mom2", "averages")
_COUNTS: Final = ("nr_update", "last_seen")
_TORCH: Final = "torch"
_OURS: Final = "hf_ner"


def read_optimizer_state(nlp: Language, optimizer: Optimizer) -> dict[str, torch.Tensor]:
    """Return what an optimizer, and the models of a pipeline, keep for the next step.

    The tensors are those that the next step changes: store them before it, or clone them.

    >>> import spacy
    >>> from thinc.api import Adam
    >>> read_optimizer_state(spacy.blank("en"), Adam(0.001))
    {}
    """
    state: dict[str, torch.Tensor] = {}
    places = _Places(nlp)
    for kind in (*_ARRAYS, *_COUNTS):
        for key, value in (getattr(optimizer, kind) or {}).items():
            place = places.find(key)
            if place is not None:
                state[f"{kind}:{place}:{key[1]}"] = _to_tensor(value)
    if isinstance(optimizer, TorchOptimizer):
        state |= _read_torch_arrays(optimizer, places)
    for place, owner in _find_owners(nlp):
        if isinstance(owner, HFShim):
            for name, tensor in owner.read_training_state().items():
                state[f"{_OURS}:{place}:{name}"] = tensor
    return state


def set_optimizer_state(
    nlp: Language, optimizer: Optimizer, state: Mapping[str, torch.Tensor]
) -> None:
    """Give an optimizer, and the models of a pipeline, what :func:`read_optimizer_state` returned.

    Args:
        nlp: The pipeline, with the weights of then.
        optimizer: The optimizer, whose schedules stand where they stood.
        state: What was returned then.
    """
    owners = dict(_find_owners(nlp))
    ours: dict[str, dict[str, torch.Tensor]] = {}
    arrays: dict[Key, dict[str, torch.Tensor]] = {}
    for key, tensor in state.items():
        kind, _, rest = key.partition(":")
        place, _, name = rest.rpartition(":")
        if kind == _OURS:
            ours.setdefault(place, {})[name] = tensor
            continue
        if kind.startswith(f"{_TORCH}."):
            part = kind.removeprefix(f"{_TORCH}.")
            arrays.setdefault((owners[place].id, name), {})[part] = tensor
            continue
        value = torch2xp(tensor) if kind in _ARRAYS else int(tensor)
        getattr(optimizer, kind)[owners[place].id, name] = value
    for array, kept in arrays.items():
        assert isinstance(optimizer, TorchOptimizer)
        optimizer.set_array_state(array, kept)
    for place, kept in ours.items():
        shim = owners[place]
        assert isinstance(shim, HFShim)
        shim.set_training_state(kept, optimizer)


class _Places:
    """Where the parameters are that an optimizer knows by the ids of their owners."""

    def __init__(self, nlp: Language) -> None:
        # Models and shims are counted apart, so one id may be that of both.
        self._of_models: dict[Key, str] = {}
        self._of_shims: dict[int, str] = {}
        for place, owner in _find_owners(nlp):
            if isinstance(owner, Shim):
                self._of_shims[owner.id] = place
                continue
            for name in owner.param_names:
                self._of_models[owner.id, name] = place

    def find(self, key: Key) -> str | None:
        """Return the place of a parameter; None if the pipeline has it no more."""
        return self._of_models.get(key) or self._of_shims.get(key[0])


def _read_torch_arrays(optimizer: TorchOptimizer, places: _Places) -> dict[str, torch.Tensor]:
    """Return what torch keeps for arrays that are stepped one by one."""
    state: dict[str, torch.Tensor] = {}
    for key in optimizer.list_arrays():
        place = places.find(key)
        if place is None:
            continue
        for part, tensor in optimizer.read_array_state(key).items():
            state[f"{_TORCH}.{part}:{place}:{key[1]}"] = tensor
    return state


def _find_owners(nlp: Language) -> Iterator[tuple[str, Owner]]:
    """Yield what owns parameters in a pipeline, each once, with its place."""
    seen: set[int] = set()
    for pipe_name, pipe in nlp.pipeline:
        model = getattr(pipe, "model", None)
        if not isinstance(model, Model):
            continue
        for i, node in enumerate(model.walk()):
            if node.id in seen:  # a model that several components share
                continue
            seen.add(node.id)
            yield f"{pipe_name}/{i}", node
            for j, shim in enumerate(node.shims):
                yield f"{pipe_name}/{i}/{j}", shim


def _to_tensor(value: Any) -> torch.Tensor:  # noqa: ANN401 - an array of any library, or a count
    if isinstance(value, int):
        return torch.tensor(value)
    return xp2torch(value)
