"""The loss.

It is checked against finite differences through a real network, and against torch's own
cross-entropy.
"""

from typing import Any

import numpy as np
import pytest
import spacy
import torch

from spacy_hf_ner.core.chain import make_chain
from spacy_hf_ner.core.labels import TagSet, make_tag_set
from spacy_hf_ner.core.schemes import SCHEMES
from spacy_hf_ner.model.checkpoint import Checkpoint
from spacy_hf_ner.model.engines.torch_backend import TorchBackend
from spacy_hf_ner.model.reading.aggregation import (
    SUBWORD_LABELS_NAMES,
    SubwordLabels,
    score_units_for_training,
)
from spacy_hf_ner.model.reading.batching import Budget
from spacy_hf_ner.model.reading.layout import Layout, Reading, lay_out
from spacy_hf_ner.model.reading.windowed import run_windows
from spacy_hf_ner.model.training.loss import (
    Targets,
    WrongSpan,
    compute_divergence,
    compute_loss,
)


class DoubleBackend(TorchBackend):
    """Logits in float64, where finite differences can be trusted."""

    def run(self, batch: Any) -> torch.Tensor:
        output = self._network(
            input_ids=torch.from_numpy(batch.ids),
            attention_mask=torch.from_numpy(batch.mask),
        )
        logits: torch.Tensor = output.logits
        return logits


def _lay_out(checkpoint: Checkpoint) -> Layout:
    nlp = spacy.blank("xx")
    docs = [
        nlp.make_doc(text)
        for text in ("Angela Merkel met Cook\nin San José.", "O'Brien-Smith lost", "Berlin")
    ]
    return lay_out(docs, checkpoint.tokenizer.encode(docs), Reading(16, 4))


def _rows(checkpoint: Checkpoint, tag_set: TagSet, subword_labels: SubwordLabels) -> torch.Tensor:
    layout = _lay_out(checkpoint)
    logits = run_windows(DoubleBackend(checkpoint.network), layout, checkpoint, Budget(64, 64))
    return score_units_for_training(
        logits, layout.alignment, tag_set, subword_labels=subword_labels
    )


@pytest.mark.parametrize("subword_labels", SUBWORD_LABELS_NAMES)
@pytest.mark.parametrize("label_smoothing", [0.0, 0.2])
def test_the_gradient_through_the_network_is_the_slope_of_the_loss(
    bert: Checkpoint, subword_labels: SubwordLabels, label_smoothing: float
) -> None:
    assert bert.tag_set is not None
    tag_set, network = bert.tag_set, bert.network.double()
    chance = np.random.default_rng(0)
    layout = _lay_out(bert)
    targets = [Targets(chance.integers(-1, len(tag_set), len(own))) for own in layout.units]
    wrong = WrongSpan(np.arange(len(layout.units[0])), start=0, end=2, type_i=0)
    targets[0] = Targets(targets[0].tags, wrong_spans=[wrong])
    weights = chance.uniform(0.5, 2.0, len(tag_set)).astype(np.float32)

    def loss_of(rows: torch.Tensor) -> tuple[float, list[Any]]:
        by_doc: Any = [doc.rows for doc in layout.split_rows(rows.detach().numpy())]
        return compute_loss(
            by_doc,
            targets,
            chain=make_chain(tag_set),
            class_weights=weights,
            label_smoothing=label_smoothing,
        )

    rows = _rows(bert, tag_set, subword_labels)
    loss, gradient = loss_of(rows)
    d_rows: Any = np.concatenate(gradient)
    torch.autograd.backward(rows, torch.from_numpy(d_rows).double())
    assert loss > 0
    for parameter in (network.get_input_embeddings().weight, *list(network.parameters())[-2:]):
        assert parameter.grad is not None
        at = int(parameter.grad.abs().argmax())
        slope = float(parameter.grad.view(-1)[at])
        flat = parameter.data.view(-1)
        around = []
        for step in (1e-5, -2e-5):
            flat[at] += step
            around.append(loss_of(_rows(bert, tag_set, subword_labels))[0])
        flat[at] += 1e-5
        assert slope == pytest.approx((around[0] - around[1]) / 2e-5, rel=2e-3, abs=1e-6)


def test_the_loss_is_torchs_cross_entropy_with_its_weights_and_its_smoothing() -> None:
    chance = np.random.default_rng(1)
    logits = torch.tensor(chance.normal(size=(6, 4)), dtype=torch.float32, requires_grad=True)
    gold = np.array([0, 3, -1, 1, 2, 2])
    weights = np.array([0.5, 1.0, 2.0, 4.0], dtype=np.float32)
    rows = logits.log_softmax(-1)
    loss, (gradient,) = compute_loss(
        [rows.detach().numpy()], [Targets(gold)], class_weights=weights
    )
    expected = torch.nn.functional.cross_entropy(
        logits, torch.from_numpy(gold), torch.from_numpy(weights), ignore_index=-1
    )
    assert loss == pytest.approx(float(expected.detach()), rel=1e-5)
    assert (gradient[2] == 0).all()
    smoothed, _ = compute_loss([rows.detach().numpy()], [Targets(gold)], label_smoothing=0.1)
    wanted = torch.nn.functional.cross_entropy(
        logits, torch.from_numpy(gold), label_smoothing=0.1, ignore_index=-1
    )
    assert smoothed == pytest.approx(float(wanted.detach()), rel=1e-5)


def test_a_batch_in_which_nothing_is_labelled_has_a_loss_of_zero() -> None:
    rows = [
        np.full((3, 2), np.log(0.5), dtype=np.float32),
        np.full((1, 2), np.nan, dtype=np.float32),
    ]
    loss, gradient = compute_loss(rows, [Targets(np.array([-1, -1, -1])), Targets(np.array([1]))])
    assert loss == 0.0
    assert all((g == 0).all() for g in gradient)


def _push(rows: list[list[float]]) -> tuple[float, Any]:
    """Return the loss of a wrong entity of the first token, in IOB2, and the gradient."""
    chain = make_chain(make_tag_set(["X"], SCHEMES["IOB2"]))
    log_probs = np.log(np.array(rows, dtype=np.float32))
    wrong = WrongSpan(np.arange(len(rows)), start=0, end=1, type_i=0)
    nothing = np.full(len(rows), -1)
    loss, (gradient,) = compute_loss(
        [log_probs], [Targets(nothing, wrong_spans=[wrong])], chain=chain
    )
    return loss, gradient


def test_a_wrong_span_is_pushed_down_and_the_surer_the_harder() -> None:
    low_loss, low = _push([[0.7, 0.2, 0.1]])
    high_loss, high = _push([[0.05, 0.9, 0.05]])
    assert low_loss == pytest.approx(-np.log(1 - 2 / 9), rel=1e-5)  # I-X is illegal here
    assert 0 < low_loss < high_loss
    assert 0 < low[0, 1] < high[0, 1]


def test_mass_of_a_wrong_span_goes_to_legal_tags_only() -> None:
    _, gradient = _push([[0.05, 0.9, 0.05]])
    assert gradient[0] == pytest.approx([-gradient[0, 1], gradient[0, 1], 0.0])


def test_no_wrong_span_pulls_harder_than_a_gold_tag() -> None:
    for prob in (0.9, 0.999, 1 - 1e-6):
        _, gradient = _push([[1 - prob, prob, 1e-9]])
        assert 0.8 < gradient[0, 1] < 1.01
    loss, gradient = _push([[1e-30, 1.0, 1e-30]])
    assert np.isfinite(loss)
    assert np.isfinite(gradient).all()


def test_the_divergence_from_oneself_is_zero_and_its_gradient_is_the_slope() -> None:
    chance = np.random.default_rng(2)
    logits = torch.tensor(chance.normal(size=(3, 4)), dtype=torch.float32, requires_grad=True)
    taught = torch.tensor(chance.normal(size=(3, 2))).log_softmax(-1).float().numpy()
    columns = np.array([2, 0])
    rows = logits.log_softmax(-1)
    same, _ = compute_divergence([taught], [taught], np.array([0, 1]))
    assert same == pytest.approx(0.0, abs=1e-6)
    loss, (gradient,) = compute_divergence([rows.detach().numpy()], [taught], columns)
    torch.autograd.backward(rows, torch.from_numpy(gradient))
    expected = torch.nn.functional.kl_div(
        logits[:, columns].log_softmax(-1),
        torch.from_numpy(taught),
        log_target=True,
        reduction="batchmean",
    )
    assert loss == pytest.approx(float(expected.detach()), rel=1e-5)
    (slope,) = torch.autograd.grad(expected, logits)
    assert logits.grad is not None
    assert torch.allclose(logits.grad, slope, atol=1e-6)


def test_a_sum_has_the_gradient_of_each_token_and_reports_the_mean_all_the_same() -> None:
    rows = [np.log(np.full((3, 2), 0.5, dtype=np.float32))]
    targets = [Targets(np.array([1, -1, 0]))]
    mean, (of_mean,) = compute_loss(rows, targets)
    total, (of_sum,) = compute_loss(rows, targets, reduction="sum")
    assert mean == total == pytest.approx(np.log(2))
    assert np.array_equal(of_sum, 2 * of_mean)
    taught = [np.log(np.array([[0.9, 0.1]] * 3, dtype=np.float32))]
    mean, (of_mean,) = compute_divergence(rows, taught, np.array([0, 1]))
    total, (of_sum,) = compute_divergence(rows, taught, np.array([0, 1]), reduction="sum")
    assert mean == total > 0
    assert np.allclose(of_sum, 3 * of_mean)
