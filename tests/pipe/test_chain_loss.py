"""The chain loss, against sums over all paths, and through a real network."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import torch
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Adam

from spacy_hf_ner.core.arrays import Floats32, Ints
from spacy_hf_ner.core.chain import Chain, make_chain
from spacy_hf_ner.core.labels import make_tag_set
from spacy_hf_ner.core.schemes import SCHEMES
from spacy_hf_ner.core.units import UnitRows
from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.model.reading.units import find_units
from spacy_hf_ner.model.training.loss import MISSING, Targets, WrongSpan
from spacy_hf_ner.pipe.chain_loss import compute_chain_loss
from tests.checkpoints import make_checkpoint
from tests.core.brute_force import enumerate_paths, score_path

TAGS = make_tag_set(["PER"], SCHEMES["IOB2"])
CHAIN = make_chain(TAGS)
O, B, I = range(3)  # noqa: E741 - the tags, as everybody calls them
NLP = spacy.blank("en")


def _predict(texts: list[str]) -> tuple[list[Doc], list[UnitRows]]:
    """Return Docs, and random rows for them."""
    chance = np.random.default_rng(0)
    docs = [NLP.make_doc(text) for text in texts]
    predicted: list[UnitRows] = []
    for doc in docs:
        units = find_units(doc)
        logits = chance.normal(size=(len(units), len(TAGS)))
        rows = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        predicted.append(UnitRows(rows.astype(np.float32), units))
    return docs, predicted


def _sum_losses(rows: Floats32, gold: Ints, chain: Chain) -> float:
    """Return the negative log posterior of gold in one segment, path by path."""
    total = gold_total = -np.inf
    for path in itertools.product(range(len(TAGS)), repeat=len(rows)):
        score = score_path(path, rows.astype(np.float64), chain)
        total = float(np.logaddexp(total, score))
        if all(wanted in (MISSING, tag) for tag, wanted in zip(path, gold, strict=True)):
            gold_total = float(np.logaddexp(gold_total, score))
    return total - gold_total


def test_the_loss_is_the_negative_log_posterior_of_gold_for_each_labelled_unit() -> None:
    docs, predicted = _predict(["Angela Merkel met Tim", "Tim left"])
    targets = [Targets(np.array([B, I, O, MISSING])), Targets(np.array([B, O]))]
    loss, gradient = compute_chain_loss(docs, predicted, targets, chain=CHAIN)
    expected = 0.0
    for doc_rows, target in zip(predicted, targets, strict=True):
        expected += _sum_losses(doc_rows.rows, target.tags, CHAIN)
    assert loss == pytest.approx(expected / 5, rel=1e-5)
    assert [part.shape for part in gradient] == [(4, 3), (2, 3)]

    for row, column in [(0, B), (1, I), (2, B), (3, O)]:
        changed: list[float] = []
        for step in (1e-3, -1e-3):
            rows = predicted[0].rows.copy()
            rows[row, column] += step
            moved = [UnitRows(rows, predicted[0].units), predicted[1]]
            changed.append(compute_chain_loss(docs, moved, targets, chain=CHAIN)[0])
        slope = (changed[0] - changed[1]) / 2e-3
        assert gradient[0][row, column] == pytest.approx(slope, abs=1e-4)


def test_what_is_missing_is_summed_over_and_where_all_is_missing_nothing_is_learned() -> None:
    docs, predicted = _predict(["Angela Merkel met Tim"])
    nothing = [Targets(np.full(4, MISSING))]
    loss, (gradient,) = compute_chain_loss(docs, predicted, nothing, chain=CHAIN)
    assert loss == pytest.approx(0.0, abs=1e-6)
    assert gradient == pytest.approx(0.0, abs=1e-6)


def test_an_entity_that_a_sentence_start_cuts_is_learned_tag_by_tag() -> None:
    docs, predicted = _predict(["Angela Merkel met Tim"])
    docs[0][1].is_sent_start = True
    targets = [Targets(np.array([B, I, O, O]))]
    loss, (gradient,) = compute_chain_loss(docs, predicted, targets, chain=CHAIN)
    rows = predicted[0].rows
    alone = _sum_losses(rows[:1], np.array([B]), CHAIN)  # a sentence of one token
    assert loss == pytest.approx((alone - rows[1, I] - rows[2, O] - rows[3, O]) / 4, rel=1e-5)
    assert gradient[1].tolist() == [0.0, 0.0, -0.25]


def test_a_wrong_span_loses_its_posterior() -> None:
    docs, predicted = _predict(["Tim left"])
    wrong = WrongSpan(np.arange(2), start=0, end=1, type_i=0)
    targets = [Targets(np.full(2, MISSING), wrong_spans=[wrong])]
    loss, (gradient,) = compute_chain_loss(docs, predicted, targets, chain=CHAIN)
    posterior = enumerate_paths(predicted[0].rows.astype(np.float64), CHAIN, TAGS).posterior[
        0, 1, 0
    ]
    assert loss == pytest.approx(-np.log(1 - posterior), rel=1e-5)
    assert gradient[0, B] > 0


def _make_pipeline(checkpoint: Path, **config: Any) -> Any:
    nlp = spacy.blank("en")
    model = {"name": str(checkpoint), **config.pop("model", {})}
    nlp.add_pipe("hf_ner", config={"loss": "chain", "model": model, **config})
    return nlp


def _make_example(nlp: Any) -> Example:
    doc = nlp.make_doc("Angela Merkel met O'Brien-Smith in San José")
    entities = [(0, 13, "PER"), (18, 31, "PER"), (35, 43, "LOC")]
    return Example.from_dict(doc, {"entities": entities})


@pytest.mark.parametrize("subword_labels", ["first", "all", "all_inside"])
@pytest.mark.parametrize("aggregation", ["first", "mean"])
def test_the_gradient_of_a_network_is_the_slope_of_its_loss(
    subword_labels: str, aggregation: str, tmp_path: Path
) -> None:
    # bf16, which "auto" means where a CPU has it, rounds away what a small step changes.
    exact = {"mixed_precision": "none"}
    model = {"subword_labels": subword_labels, "aggregation": aggregation, **exact}
    nlp = _make_pipeline(make_checkpoint(tmp_path / "bert"), model=model)
    example = _make_example(nlp)
    nlp.initialize(lambda: [example])
    component = nlp.get_pipe("hf_ner")
    network = component.classifier.shim.checkpoint.network
    # The weights of a tiny network are so small that its rows are nearly alike.
    bias = network.classifier.bias
    with torch.no_grad():
        bias.copy_(torch.linspace(-1.0, 1.0, len(bias)))

    component.update([example])
    gradient = bias.grad.clone()
    assert gradient.abs().max() > 0.05
    for at in range(len(bias)):
        losses: list[float] = []
        for step in (1e-2, -1e-2):
            with torch.no_grad():
                bias[at] += step
            losses.append(component.update([example])["hf_ner"])
            with torch.no_grad():
                bias[at] -= step
        assert float(gradient[at]) == pytest.approx((losses[0] - losses[1]) / 2e-2, abs=1e-3)


def test_training_finds_the_entities(tmp_path: Path) -> None:
    nlp = _make_pipeline(make_checkpoint(tmp_path / "bert"))
    example = _make_example(nlp)
    sgd = Adam(0.01)
    nlp.initialize(lambda: [example], sgd=sgd)
    losses = [nlp.update([example], sgd=sgd)["hf_ner"] for _ in range(40)]
    assert losses[-1] < losses[0] / 10
    found = nlp(example.text)
    assert [(ent.text, ent.label_) for ent in found.ents] == [
        ("Angela Merkel", "PER"),
        ("O'Brien-Smith", "PER"),
        ("San José", "LOC"),
    ]


@pytest.mark.parametrize(
    ("setting", "value"),
    [("class_weights", {"PER": 2.0}), ("label_smoothing", 0.1), ("decoder", "greedy")],
)
def test_what_weighs_single_tags_is_refused(setting: str, value: object, tmp_path: Path) -> None:
    nlp = _make_pipeline(make_checkpoint(tmp_path / "bert"), **{setting: value})
    with pytest.raises(ConfigError, match='loss = "chain"') as caught:
        nlp.initialize(lambda: [_make_example(nlp)])
    assert setting in caught.value.settings


def test_any_other_loss_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='loss must be "tokens" or "chain"'):
        _make_pipeline(make_checkpoint(tmp_path / "bert")).get_pipe("hf_ner").loss = "crf"
