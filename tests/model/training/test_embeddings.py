"""The gradient of subword embeddings by rows is the one that torch would make."""

from pathlib import Path

import numpy as np
import pytest
import torch
from spacy.tokens import Doc

from spacy_hf_ner.model.hf_classifier import HFTokenClassifier
from spacy_hf_ner.model.training.embeddings import EmbeddingGradient
from tests.checkpoints import FAMILIES, make_checkpoint
from tests.model.classifiers import MakeDocs, make_classifier

TEXTS = ["Angela Merkel met Tim Cook in San José.", "Angela met nobody at all."]


def _get_weight(classifier: HFTokenClassifier) -> torch.nn.Parameter:
    assert classifier.shim.checkpoint is not None
    weight = classifier.shim.checkpoint.network.get_input_embeddings().weight
    assert isinstance(weight, torch.nn.Parameter)
    return weight


def _learn(classifier: HFTokenClassifier, docs: list[Doc]) -> None:
    predicted, backprop = classifier.begin_update(docs)
    shapes = [doc.rows.shape for doc in predicted]
    backprop([np.linspace(-1.0, 1.0, n * k, dtype=np.float32).reshape(n, k) for n, k in shapes])


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("max_kept", [8192, 0], ids=["kept", "computed again"])
def test_it_is_the_gradient_of_torch(
    family: str, max_kept: int, tmp_path: Path, make_docs: MakeDocs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spacy_hf_ner.model.training.trainer.MAX_KEPT_SUBWORDS", max_kept)
    folder, docs = make_checkpoint(tmp_path, family=family), make_docs(TEXTS)
    gradients = []
    for by_rows in (True, False):
        classifier = make_classifier(folder)
        if not by_rows:
            monkeypatch.setattr(EmbeddingGradient, "by_rows", _by_all)
            monkeypatch.setattr(EmbeddingGradient, "prepare", lambda _: None)
        for doc in docs:  # gathered over two batches
            _learn(classifier, [doc])
        gradient = _get_weight(classifier).grad
        assert gradient is not None
        assert not gradient.is_sparse
        gradients.append(gradient)
    assert gradients[0].abs().max() > 0
    assert torch.allclose(gradients[0], gradients[1], atol=1e-6)


def _by_all(_: EmbeddingGradient) -> torch.enable_grad:
    return torch.enable_grad()


def test_the_next_step_begins_at_zero(bert_folder: Path, make_docs: MakeDocs) -> None:
    classifier, docs = make_classifier(bert_folder), make_docs(TEXTS)
    _learn(classifier, docs[:1])
    first = _get_weight(classifier).grad
    assert first is not None
    expected = first.clone()
    classifier.shim.finish_update(lambda *_: None)
    assert _get_weight(classifier).grad is None
    _learn(classifier, docs[:1])
    again = _get_weight(classifier).grad
    assert again is not None
    assert torch.allclose(again, expected, atol=1e-6)


def test_a_forward_pass_alone_leaves_no_gradient(bert_folder: Path, make_docs: MakeDocs) -> None:
    classifier = make_classifier(bert_folder)
    classifier.begin_update(make_docs(TEXTS))
    assert _get_weight(classifier).grad is None
    assert classifier.shim.checkpoint is not None
    assert not classifier.shim.checkpoint.network.get_input_embeddings().sparse


def test_frozen_embeddings_get_none(bert_folder: Path, make_docs: MakeDocs) -> None:
    classifier = make_classifier(bert_folder, frozen_layers=1)
    _learn(classifier, make_docs(TEXTS))
    assert _get_weight(classifier).grad is None
