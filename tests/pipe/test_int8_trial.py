"""8-bit integers are taken where they find the same, and given up where weights change."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_hf_ner.model.engines.cpu.int8_linear import can_multiply_int8
from spacy_hf_ner.pipe.int8_trial import agree, try_int8
from tests.checkpoints import make_checkpoint

if TYPE_CHECKING:
    from spacy_hf_ner.model.hf_classifier import HFTokenClassifier
    from spacy_hf_ner.pipe.hf_ner import HFNer

TEXTS = [f"Angela Merkel met Tim Cook in Berlin, and {i} others." for i in range(12)]
needs_int8 = pytest.mark.skipif(not can_multiply_int8(), reason="this CPU has no VNNI")


def _load(tmp_path: Path, **model: str) -> tuple[Language, "HFNer", list[Doc]]:
    nlp = spacy.blank("en")
    name = str(make_checkpoint(tmp_path / "checkpoint", head_scale=20.0))
    nlp.add_pipe("hf_ner", config={"model": {"name": name, **model}})
    component = cast("HFNer", nlp.get_pipe("hf_ner"))
    return nlp, component, [nlp.make_doc(text) for text in TEXTS]


def _prefers_int8(component: "HFNer") -> bool:
    classifier = cast("HFTokenClassifier", component.classifier)
    return classifier.shim.load(component.scheme).engine.prefers_int8


def test_agreement_is_f1() -> None:
    assert agree(set(), set()) is None
    assert agree({(0, "a"), (1, "b")}, {(0, "a"), (1, "b")}) == 1.0
    assert agree({(0, "a")}, {(1, "a")}) == 0.0


@needs_int8
def test_they_are_taken_stored_and_given_up_in_training(tmp_path: Path) -> None:
    nlp, component, docs = _load(tmp_path)
    trial = try_int8(component, docs, min_agreement=0.0)
    assert trial.is_taken
    assert trial.n_found > 0
    assert trial.agreement is not None
    assert _prefers_int8(component)
    assert not any(doc.ents for doc in docs)  # those that were read stay as they were
    nlp.to_disk(tmp_path / "saved")
    loaded = spacy.load(tmp_path / "saved")
    again = cast("HFNer", loaded.get_pipe("hf_ner"))
    assert _prefers_int8(again)
    gold = loaded.make_doc(TEXTS[0])
    gold.set_ents([Span(gold, 0, 2, label="PER")])
    optimizer = loaded.resume_training()
    loaded.update([Example(loaded.make_doc(TEXTS[0]), gold)], sgd=optimizer)
    assert not _prefers_int8(again)


@needs_int8
def test_they_are_refused_where_they_find_something_else(tmp_path: Path) -> None:
    _, component, docs = _load(tmp_path)
    trial = try_int8(component, docs, min_agreement=1.01)  # which no F1 is
    assert not trial.is_taken
    assert trial.problem is not None
    assert "expected 101.00% or more" in trial.problem
    assert not _prefers_int8(component)


@needs_int8
def test_nothing_found_proves_nothing(tmp_path: Path) -> None:
    _, component, _ = _load(tmp_path)
    trial = try_int8(component, [])
    assert trial.problem == "nothing is found in the data, so nothing can be compared"
    assert not _prefers_int8(component)


def test_a_precision_that_the_config_names_stays(tmp_path: Path) -> None:
    _, component, docs = _load(tmp_path, precision="fp32")
    trial = try_int8(component, docs)
    assert trial.problem == 'its config says precision = "fp32"'
    assert trial.agreement is None


def test_a_machine_without_them_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spacy_hf_ner.model.engines.precision.can_multiply_int8", lambda: False)
    _, component, docs = _load(tmp_path)
    trial = try_int8(component, docs)
    assert trial.problem is not None
    assert "no CPU with VNNI" in trial.problem
