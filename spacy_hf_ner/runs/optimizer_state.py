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

__all__ = ["read_optimizer_state", "set_optimizer_state"]

Owner = Model[Any, Any] | Shim

_ARRAYS: Final = ("mom1", "mom2", "averages")
_COUNTS: Final = ("nr_update", "last_seen")
_OURS: Final = "hf_ner"


def read_optimizer_state(nlp: Language, optimizer: Optimizer) -> dict[str, torch.Tensor]:
    """Return what an optimizer, and the models of a pipeline, keep for the next step.

    >>> import spacy
    >>> from thinc.api import Adam
    >>> read_optimizer_state(spacy.blank("en"), Adam(0.001))
    {}
    """
    state: dict[str, torch.Tensor] = {}
    # Models and shims are counted apart, so one id may be that of both.
    of_models: dict[tuple[int, str], str] = {}
    of_shims: dict[int, str] = {}
    for place, owner in _find_owners(nlp):
        if isinstance(owner, Shim):
            of_shims[owner.id] = place
        else:
            for name in owner.param_names:
                of_models[owner.id, name] = place

    for kind in (*_ARRAYS, *_COUNTS):
        for key, value in (getattr(optimizer, kind) or {}).items():
            owner_id, name = key
            found = of_models.get(key) or of_shims.get(owner_id)
            if found is not None:
                state[f"{kind}:{found}:{name}"] = _to_tensor(value)
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
    for key, tensor in state.items():
        kind, _, rest = key.partition(":")
        place, _, name = rest.rpartition(":")
        if kind == _OURS:
            ours.setdefault(place, {})[name] = tensor
            continue
        value = torch2xp(tensor) if kind in _ARRAYS else int(tensor)
        getattr(optimizer, kind)[owners[place].id, name] = value
    for place, kept in ours.items():
        shim = owners[place]
        assert isinstance(shim, HFShim)
        shim.set_training_state(kept, optimizer)


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
