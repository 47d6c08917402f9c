"""What an optimizer keeps, read from one pipeline and given to another with the same weights."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.training import Example
from thinc.api import Adam, Optimizer

from spacy_hf_ner.model.training.torch_optimizer import make_torch_optimizer_v1
from spacy_hf_ner.runs.optimizer_state import read_optimizer_state, set_optimizer_state

OPTIMIZERS: dict[str, Callable[[], Optimizer]] = {
    "thinc's Adam": lambda: Adam(0.01),
    "torch's AdamW": lambda: make_torch_optimizer_v1("AdamW", learn_rate=0.01),
    "torch's SGD": lambda: make_torch_optimizer_v1(
        "SGD", learn_rate=0.01, options={"momentum": 0.9}
    ),
}


def make_examples(nlp: Language) -> list[Example]:
    doc = nlp.make_doc("They book a flight .")
    return [Example.from_dict(doc, {"tags": ["PRP", "VBP", "DT", "NN", "."]})]


def make_nlp() -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("tagger")
    nlp.initialize(lambda: make_examples(nlp))
    return nlp


def step(nlp: Language, optimizer: Any) -> None:
    nlp.update(make_examples(nlp), sgd=optimizer, drop=0.0)
    optimizer.step_schedules()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_step_after_it_is_the_same_to_the_bit(name: str) -> None:
    nlp, optimizer = make_nlp(), OPTIMIZERS[name]()
    for _ in range(3):
        step(nlp, optimizer)
    other, fresh = make_nlp().from_bytes(nlp.to_bytes()), OPTIMIZERS[name]()
    state = read_optimizer_state(nlp, optimizer)
    set_optimizer_state(other, fresh, {key: tensor.clone() for key, tensor in state.items()})
    before = read_weights(nlp)
    step(nlp, optimizer)
    step(other, fresh)
    weights = read_weights(nlp)
    assert not np.array_equal(weights, before)
    np.testing.assert_array_equal(read_weights(other), weights)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_without_it_the_step_is_another(name: str) -> None:
    nlp, optimizer = make_nlp(), OPTIMIZERS[name]()
    for _ in range(3):
        step(nlp, optimizer)
    other = make_nlp().from_bytes(nlp.to_bytes())
    step(nlp, optimizer)
    step(other, OPTIMIZERS[name]())
    assert not np.array_equal(read_weights(other), read_weights(nlp))


def read_weights(nlp: Language) -> np.ndarray:
    """All weights of the tagger, one after the other."""
    tagger: Any = nlp.get_pipe("tagger")
    arrays: list[np.ndarray] = []
    for node in tagger.model.walk():
        arrays += [node.get_param(name).ravel() for name in node.param_names]
    return np.concatenate(arrays)
