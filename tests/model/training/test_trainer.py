"""Training by itself: gradients, steps and averages, without a shim around them."""

import numpy as np
import pytest
import torch
from thinc.api import Adam

from spacy_hf_ner.errors import TrainingError
from spacy_hf_ner.model.checkpoint import Checkpoint
from spacy_hf_ner.model.settings import Settings
from spacy_hf_ner.model.training.trainer import Trainer
from tests.model.classifiers import MakeDocs

TEXTS = ["Angela Merkel met Tim Cook in San José.", "Berlin"]


@pytest.fixture
def trainer(bert: Checkpoint) -> Trainer:
    return Trainer(bert, Settings("bert", mixed_precision="none"))


def _learn(trainer: Trainer, make_docs: MakeDocs) -> None:
    predicted, backprop = trainer.begin_update(make_docs(TEXTS), dropout=0.0)
    rows = [doc.rows for doc in predicted]
    backprop([np.full_like(row, np.arange(row.shape[1])) for row in rows])


def _copy_bias(checkpoint: Checkpoint) -> torch.Tensor:
    return checkpoint.network.get_parameter("classifier.bias").detach().clone()


def test_a_step_moves_the_weights_and_clears_the_gradients(
    bert: Checkpoint, trainer: Trainer, make_docs: MakeDocs
) -> None:
    before = _copy_bias(bert)
    _learn(trainer, make_docs)
    trainer.step(Adam(0.1))
    assert not torch.equal(_copy_bias(bert), before)
    assert all(parameter.grad is None for parameter in bert.network.parameters())


def test_gradients_add_up_until_they_are_given_away(trainer: Trainer, make_docs: MakeDocs) -> None:
    taken: list[dict[str, np.ndarray]] = []
    for n_batches in (1, 2):
        for _ in range(n_batches):
            _learn(trainer, make_docs)
        gradients: dict[str, np.ndarray] = {}

        def take(
            key: tuple[int, str],
            weights: np.ndarray,
            gradient: np.ndarray,
            gradients: dict[str, np.ndarray] = gradients,
        ) -> None:
            assert key[0] == 7
            assert weights.shape == gradient.shape
            gradients[key[1]] = gradient.copy()

        trainer.give_gradients(take, 7)
        taken.append(gradients)
    name = "classifier.weight"
    assert np.allclose(2 * taken[0][name], taken[1][name], rtol=1e-4, atol=1e-5)


def test_averages_are_used_for_a_while_alone(
    bert: Checkpoint, trainer: Trainer, make_docs: MakeDocs
) -> None:
    optimizer = Adam(0.1, use_averages=True)
    with trainer.use_averages():  # before the first step there are none
        pass
    for _ in range(3):
        _learn(trainer, make_docs)
        trainer.step(optimizer)
    last = _copy_bias(bert)
    with trainer.use_averages():
        assert not torch.equal(_copy_bias(bert), last)
    assert torch.equal(_copy_bias(bert), last)


def test_texts_without_subwords_teach_nothing(
    bert: Checkpoint, trainer: Trainer, make_docs: MakeDocs
) -> None:
    predicted, backprop = trainer.begin_update(make_docs([""]), dropout=0.0)
    rows = [doc.rows for doc in predicted]
    assert [row.shape for row in rows] == [(0, 9)]
    backprop(rows)
    assert all(parameter.grad is None for parameter in bert.network.parameters())


def test_a_network_that_training_has_ruined_says_so(trainer: Trainer, make_docs: MakeDocs) -> None:
    _learn(trainer, make_docs)
    trainer.step(Adam(1e38))
    with pytest.raises(TrainingError, match=r"got NaN: .* the learn rate is too high"):
        _learn(trainer, make_docs)


def test_a_text_that_overflows_half_precision_teaches_nothing(bert: Checkpoint) -> None:
    trainer = Trainer(bert, Settings("bert", mixed_precision="none"))
    trainer._autocast = torch.float16  # what a GPU without bfloat16 computes in
    logits = torch.tensor([[0.0, torch.nan]])
    trainer._check_numbers(logits)
    with torch.no_grad():
        bert.network.get_parameter("classifier.bias")[0] = torch.nan
    with pytest.raises(TrainingError):
        trainer._check_numbers(logits)
