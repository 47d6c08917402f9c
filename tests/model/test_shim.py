"""The shim by itself: what it copies, what it refuses, how it hands gradients to others."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from spacy_hf_ner.errors import CheckpointError, ConfigError
from spacy_hf_ner.model.hf_classifier import HFTokenClassifier, make_hf_model
from spacy_hf_ner.model.settings import Settings
from tests.model.classifiers import MakeDocs, make_classifier

TEXT = "Angela Merkel met Tim Cook in San José."


def test_a_model_that_is_not_loaded_says_so(bert_folder: Path, make_docs: MakeDocs) -> None:
    classifier = HFTokenClassifier(make_hf_model(Settings(str(bert_folder))))
    with pytest.raises(CheckpointError, match="not loaded yet"):
        classifier.predict(make_docs([TEXT]))
    assert classifier.shim.to_bytes() == b""
    assert classifier.shim.from_bytes(b"").checkpoint is None


@pytest.mark.parametrize("copy", ["bytes", "pickle", "model"])
def test_a_copy_predicts_the_same(bert_folder: Path, make_docs: MakeDocs, copy: str) -> None:
    classifier, docs = make_classifier(bert_folder), make_docs([TEXT])
    expected = classifier.predict(docs)[0].rows
    if copy == "bytes":
        other = HFTokenClassifier(make_hf_model(Settings("gone", precision="fp32")))
        other.shim.from_bytes(classifier.shim.to_bytes())
    elif copy == "pickle":
        other = HFTokenClassifier(pickle.loads(pickle.dumps(classifier.model)))  # noqa: S301 - our own bytes
    else:
        other = HFTokenClassifier(classifier.model.copy())
    assert np.allclose(other.predict(docs)[0].rows, expected, atol=1e-6)


@pytest.mark.parametrize(("window", "overlap"), [(511, None), (1, None), (16, 9)])
def test_a_window_that_does_not_fit_is_refused_when_the_checkpoint_is_loaded(
    bert_folder: Path, window: int, overlap: int | None
) -> None:
    with pytest.raises(ConfigError):
        make_classifier(bert_folder, window=window, overlap=overlap)


def test_predictions_take_no_gradient(bert_folder: Path, make_docs: MakeDocs) -> None:
    classifier = make_classifier(bert_folder)
    _, backprop = classifier.shim(make_docs([TEXT]), is_train=False)
    with pytest.raises(RuntimeError, match="backprop after predict"):
        backprop([])


def test_logits_that_are_no_numbers_are_refused(bert_folder: Path, make_docs: MakeDocs) -> None:
    classifier = make_classifier(bert_folder)
    assert classifier.shim.checkpoint is not None
    with torch.no_grad():
        next(classifier.shim.checkpoint.network.parameters()).fill_(torch.nan)
    with pytest.raises(CheckpointError, match="NaN logits"):
        classifier.predict(make_docs([TEXT]))


def test_another_callable_than_an_optimizer_gets_the_gradients(
    bert_folder: Path, make_docs: MakeDocs
) -> None:
    classifier = make_classifier(bert_folder)
    (predicted,), backprop = classifier.begin_update(make_docs([TEXT]))
    backprop([np.ones_like(predicted.rows)])
    seen: dict[str, tuple[Any, ...]] = {}
    gather: Any = lambda key, weights, gradient: seen.update({key[1]: (weights, gradient)})  # noqa: E731
    classifier.finish_update(gather)
    assert seen["classifier.bias"][0].shape == seen["classifier.bias"][1].shape == (9,)
    assert classifier.shim.checkpoint is not None
    assert all(p.grad is None for p in classifier.shim.checkpoint.network.parameters())


def test_bf16_training_gives_a_gradient_close_to_that_of_fp32(
    bert_folder: Path, make_docs: MakeDocs
) -> None:
    gradients = []
    for precision in ("none", "bf16"):
        settings = Settings(str(bert_folder), mixed_precision=precision, precision="fp32")
        classifier = HFTokenClassifier(make_hf_model(settings))
        classifier.load("auto")
        (predicted,), backprop = classifier.begin_update(make_docs([TEXT]))
        gradient = np.zeros_like(predicted.rows)
        gradient[:, 1] = -1.0
        backprop([gradient])
        assert classifier.shim.checkpoint is not None
        gradients.append(classifier.shim.checkpoint.network.get_parameter("classifier.bias").grad)
    assert gradients[0] is not None
    assert gradients[1] is not None
    assert torch.nn.functional.cosine_similarity(gradients[0], gradients[1], dim=0) > 0.98
