"""Layers begin to learn from the highest down, as a loop of torch frees them by hand."""

import numpy as np
import torch

from spacy_hf_ner.model.checkpoint import Checkpoint
from spacy_hf_ner.model.settings import Settings
from spacy_hf_ner.model.training.torch_optimizer import make_torch_optimizer_v1
from spacy_hf_ner.model.training.trainer import Trainer
from spacy_hf_ner.model.training.unfreezing import Unfreezing
from tests.model.classifiers import MakeDocs

PARTS = ("embeddings", ".layer.0.", ".layer.1.", "classifier")


def _find_free(bert: Checkpoint) -> set[str]:
    free: set[str] = set()
    for name, parameter in bert.network.named_parameters():
        if parameter.requires_grad:
            free.update(part for part in PARTS if part in name)
    return free


def test_one_more_layer_is_free_after_each_so_many_steps(bert: Checkpoint) -> None:
    unfreezing = Unfreezing(bert.network, every=10)
    for n_steps, n_parts in ((0, 1), (9, 1), (10, 2), (20, 3), (30, 4), (999, 4)):
        unfreezing.free_layers(n_steps)
        assert _find_free(bert) == set(PARTS[-n_parts:]), n_steps


def test_what_is_frozen_for_good_stays_frozen(bert: Checkpoint) -> None:
    bert.network.get_submodule("bert.embeddings").requires_grad_(False)
    unfreezing = Unfreezing(bert.network, every=1)
    unfreezing.free_layers(99)
    assert _find_free(bert) == set(PARTS[1:])


def test_the_trainer_moves_what_is_free_alone(bert: Checkpoint, make_docs: MakeDocs) -> None:
    trainer = Trainer(bert, Settings("bert", mixed_precision="none", unfreeze_every=1))
    optimizer = make_torch_optimizer_v1("AdamW", learn_rate=0.01, weight_decay=0.1)
    for n_parts in (1, 2, 3, 4):
        before = {name: p.detach().clone() for name, p in bert.network.named_parameters()}
        predicted, backprop = trainer.begin_update(make_docs(["Kofi Annan met Ada."]), dropout=0.0)
        backprop([np.full_like(doc.rows, np.arange(doc.rows.shape[1])) for doc in predicted])
        trainer.step(optimizer)
        moved: set[str] = set()
        for name, parameter in bert.network.named_parameters():
            if not torch.equal(parameter, before[name]):
                moved.update(part for part in PARTS if part in name)
        assert moved == set(PARTS[-n_parts:])


def test_rehearsals_move_what_is_free_and_free_nothing(
    bert: Checkpoint, make_docs: MakeDocs
) -> None:
    def learn() -> None:
        docs = make_docs(["Kofi Annan met Ada."])
        predicted, backprop = trainer.begin_update(docs, dropout=0.0)
        backprop([np.full_like(doc.rows, np.arange(doc.rows.shape[1])) for doc in predicted])

    def rehearse() -> set[str]:
        moved: set[str] = set()

        def take(key: tuple[int, str], *_: object) -> None:
            moved.update(part for part in PARTS if part in key[1])

        learn()
        trainer.give_gradients(take, 0)
        return moved

    trainer = Trainer(bert, Settings("bert", mixed_precision="none", unfreeze_every=1))
    optimizer = make_torch_optimizer_v1("AdamW", learn_rate=0.01)
    for n_updates in range(4):
        for _ in range(2):
            assert rehearse() == set(PARTS[-1 - n_updates :]), n_updates
        learn()
        trainer.step(optimizer)
