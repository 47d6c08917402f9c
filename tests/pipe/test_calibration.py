"""Calibrated scores of the component."""

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from spacy_hf_ner.core.score_maps import IsotonicMap, PlattMap, SpanCalibration
from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.pipe.calibration import Calibration, read_calibration
from tests.checkpoints import make_checkpoint

WORDS = [
    "Angela",
    "Merkel",
    "met",
    "Tim",
    "Cook",
    "in",
    "Berlin",
    "on",
    "Friday",
    "and",
    "Kofi",
    "Annan",
    "flew",
    "to",
    "Kumasi",
    "with",
    "Mary",
]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("checkpoint"), head_scale=60.0)


def make_pipeline(checkpoint: Path, **config: object) -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe(
        "hf_ner", config={"model": {"name": str(checkpoint), "precision": "fp32"}, **config}
    )
    return nlp


def make_texts() -> list[str]:
    return [" ".join(WORDS[i % 7 : i % 7 + 5 + i % 4]) + f" {i}." for i in range(60)]


def make_examples(nlp: Language) -> list[Example]:
    """Return gold that has every second prediction, so that the raw scores are far too sure."""
    examples = []
    for text in make_texts():
        gold = nlp(text)
        gold.set_ents([ent for i, ent in enumerate(gold.ents) if i % 2 == 0], default="outside")
        examples.append(Example(nlp.make_doc(text), gold))
    return examples


def read_ents(docs: list[Doc]) -> list[list[tuple[int, int, str]]]:
    return [[(ent.start, ent.end, ent.label_) for ent in doc.ents] for doc in docs]


def mean_score(docs: list[Doc]) -> float:
    return float(np.mean([ent._.score for doc in docs for ent in doc.ents]))


def test_calibration_changes_scores_and_no_entity(checkpoint: Path) -> None:
    nlp = make_pipeline(checkpoint)
    raw = list(nlp.pipe(make_texts()))
    report = nlp.get_pipe("hf_ner").calibrate(make_examples(nlp))  # type: ignore[attr-defined]
    calibrated = list(nlp.pipe(make_texts()))
    assert read_ents(calibrated) == read_ents(raw)
    share_right = 0.55  # half of them, and a bit more where a Doc has an odd number
    assert abs(mean_score(calibrated) - share_right) < abs(mean_score(raw) - share_right)
    assert report.n_spans == sum(len(doc.ents) for doc in raw)


def test_the_report_judges_each_half_by_maps_of_the_other(checkpoint: Path) -> None:
    nlp = make_pipeline(checkpoint)
    report = nlp.get_pipe("hf_ner").calibrate(make_examples(nlp))  # type: ignore[attr-defined]
    assert max(half.error or 1.0 for half in report.new) < min(
        half.error or 0.0 for half in report.raw
    )
    assert report.temperature > 1.0
    assert all(0.0 < (half.noise or 0.0) < 0.5 for half in (*report.raw, *report.new))


def test_calibration_is_saved_and_can_be_switched_off(checkpoint: Path, tmp_path: Path) -> None:
    nlp = make_pipeline(checkpoint)
    raw = list(nlp.pipe(make_texts()))
    nlp.get_pipe("hf_ner").calibrate(make_examples(nlp))  # type: ignore[attr-defined]
    nlp.to_disk(tmp_path)
    again = list(spacy.load(tmp_path).pipe(make_texts()))
    assert mean_score(again) == pytest.approx(mean_score(list(nlp.pipe(make_texts()))))
    off = spacy.load(tmp_path, config={"components.hf_ner.calibrated": False})
    assert mean_score(list(off.pipe(make_texts()))) == pytest.approx(mean_score(raw))


def test_calibrating_switches_on_what_was_off(checkpoint: Path) -> None:
    nlp = make_pipeline(checkpoint, calibrated=False)
    raw = mean_score(list(nlp.pipe(make_texts())))
    nlp.get_pipe("hf_ner").calibrate(make_examples(nlp))  # type: ignore[attr-defined]
    assert mean_score(list(nlp.pipe(make_texts()))) < raw


def test_training_undoes_calibration(checkpoint: Path) -> None:
    nlp = make_pipeline(checkpoint)
    examples = make_examples(nlp)
    nlp.get_pipe("hf_ner").calibrate(examples)  # type: ignore[attr-defined]
    nlp.update(examples[:2], sgd=nlp.resume_training())
    assert nlp.get_pipe("hf_ner").cfg["calibration"] is None  # type: ignore[attr-defined]


def test_what_is_stored_is_read_back() -> None:
    calibration = Calibration("viterbi", 2.0, SpanCalibration(PlattMap(0.5, -0.7)))
    assert read_calibration(calibration.to_json()) == calibration


DAMAGED: list[Any] = [
    {"decoder": "viterbi", "temperature": 1.0},
    {"decoder": "beam", "temperature": 1.0, "spans": {}},
    {"decoder": "viterbi", "temperature": "1", "spans": {"default": {"kind": "none"}}},
    {"decoder": "viterbi", "temperature": 0.0, "spans": SpanCalibration().to_json()},
    {
        "decoder": "viterbi",
        "temperature": 1.0,
        "spans": {"default": {"kind": "isotonic", "knots": [[0, 5], [1, -3]]}, "per_type": {}},
    },
    {
        "decoder": "viterbi",
        "temperature": 1.0,
        "spans": {"default": {"kind": "isotonic", "knots": [0, 1]}, "per_type": {}},
    },
    "viterbi",
]


@pytest.mark.parametrize("stored", DAMAGED)
def test_a_damaged_calibration_is_refused_when_it_is_loaded(
    checkpoint: Path, tmp_path: Path, stored: Any
) -> None:
    make_pipeline(checkpoint).to_disk(tmp_path)
    cfg = tmp_path / "hf_ner" / "cfg"
    values = json.loads(cfg.read_text(encoding="utf8"))
    cfg.write_text(json.dumps({**values, "calibration": stored}), encoding="utf8")
    with pytest.raises(ConfigError, match="the stored calibration is damaged"):
        spacy.load(tmp_path)


def test_scores_of_another_decoder_stay_as_they_are(checkpoint: Path) -> None:
    nlp = make_pipeline(checkpoint, decoder="greedy")
    raw = mean_score(list(nlp.pipe(make_texts())))
    nlp.get_pipe("hf_ner").cfg["calibration"] = Calibration("viterbi", 9.0).to_json()  # type: ignore[attr-defined]
    assert mean_score(list(nlp.pipe(make_texts()))) == raw


def test_scores_are_those_of_the_calibration_that_is_stored_now(
    checkpoint: Path, tmp_path: Path
) -> None:
    nlp = make_pipeline(checkpoint)
    component = nlp.get_pipe("hf_ner")
    scores = []
    for temperature in (9.0, 3.0):
        component.cfg["calibration"] = Calibration("viterbi", temperature).to_json()  # type: ignore[attr-defined]
        scores.append(mean_score(list(nlp.pipe(make_texts()))))
        nlp.to_disk(tmp_path / str(temperature))
    assert scores[0] < scores[1]
    component.from_disk(tmp_path / "9.0" / "hf_ner", exclude=["vocab"])  # type: ignore[attr-defined]
    assert mean_score(list(nlp.pipe(make_texts()))) == scores[0]
    packed = spacy.load(tmp_path / "3.0").get_pipe("hf_ner").to_bytes()  # type: ignore[attr-defined]
    component.from_bytes(packed)  # type: ignore[attr-defined]
    assert mean_score(list(nlp.pipe(make_texts()))) == scores[1]
    copy = pickle.loads(pickle.dumps(component))  # noqa: S301
    doc = nlp.make_doc(make_texts()[0])
    assert copy.predict([doc]) == component.predict([doc])  # type: ignore[attr-defined]


def test_a_temperature_keeps_the_order_of_tags() -> None:
    rows = np.log(np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]]))
    scaled = Calibration("viterbi", 3.0, SpanCalibration()).scale_rows(rows)
    assert np.array_equal(scaled.argsort(axis=1), rows.argsort(axis=1))
    assert np.exp(scaled).sum(axis=1) == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize("threshold", [0.05, 0.4, 0.9])
def test_no_score_under_the_lower_bound_reaches_the_threshold(threshold: float) -> None:
    calibration = Calibration("viterbi", 1.0, SpanCalibration(PlattMap(0.5, -0.7)))
    least = calibration.lower_bound(threshold, "PER")
    below = np.linspace(0.0, max(least - 1e-6, 0.0), 50)
    assert (calibration.spans.apply(below, ["PER"] * 50) < threshold).all()


@pytest.mark.parametrize("threshold", [0.05, 0.4, 0.9])
def test_the_lower_bound_is_at_most_a_step_below_the_raw_score_that_reaches_the_threshold(
    threshold: float,
) -> None:
    calibration = Calibration("viterbi", 1.0, SpanCalibration(PlattMap(0.5, -0.7)))
    bound = calibration.lower_bound(threshold, "PER")
    steps = np.array([bound, bound + 0.001])
    below, above = calibration.spans.apply(steps, ["PER"] * 2)
    assert below < threshold <= above


def test_a_threshold_that_no_score_reaches_has_the_lower_bound_one() -> None:
    never = SpanCalibration(IsotonicMap(((0.2, 0.1), (0.8, 0.6))))
    assert Calibration("viterbi", 1.0, never).lower_bound(0.9, "PER") == 1.0


def test_overlapping_spans_are_chosen_by_calibrated_scores(checkpoint: Path) -> None:
    nlp = make_pipeline(checkpoint, annotate="spans", threshold=0.3)
    component = nlp.get_pipe("hf_ner")
    calibration = Calibration("viterbi", 1.0, SpanCalibration(PlattMap(1.0, -2.0)))
    component.cfg["calibration"] = calibration.to_json()  # type: ignore[attr-defined]
    few = [len(doc.spans["hf_ner"]) for doc in nlp.pipe(make_texts())]
    scores = [s for doc in nlp.pipe(make_texts()) for s in doc.spans["hf_ner"].attrs["scores"]]
    component.cfg["calibration"] = None  # type: ignore[attr-defined]
    many = [len(doc.spans["hf_ner"]) for doc in nlp.pipe(make_texts())]
    assert min(scores) >= 0.3
    assert sum(few) < sum(many)


def test_calibration_without_gold_is_refused(checkpoint: Path) -> None:
    nlp = make_pipeline(checkpoint)
    doc = nlp.make_doc("Nobody knows what this says.")
    with pytest.raises(ConfigError, match="annotated documents"):
        nlp.get_pipe("hf_ner").calibrate([Example(doc, nlp.make_doc(doc.text))])  # type: ignore[attr-defined]


def test_calibration_does_not_look_at_entities_of_the_predicted_docs(checkpoint: Path) -> None:
    nlp = make_pipeline(checkpoint)
    examples = make_examples(nlp)
    expected = nlp.get_pipe("hf_ner").calibrate(examples)  # type: ignore[attr-defined]
    nlp.get_pipe("hf_ner").cfg["calibration"] = None  # type: ignore[attr-defined]
    docs = [nlp(example.predicted) for example in examples]
    entities = read_ents(docs)
    again = [Example(doc, example.reference) for doc, example in zip(docs, examples, strict=True)]
    assert nlp.get_pipe("hf_ner").calibrate(again) == expected  # type: ignore[attr-defined]
    assert expected.n_spans > 0
    assert read_ents(docs) == entities


def test_other_tags_undo_calibration_and_the_same_tags_do_not(checkpoint: Path) -> None:
    nlp = make_pipeline(checkpoint)
    examples = make_examples(nlp)
    component: Any = nlp.get_pipe("hf_ner")
    component.calibrate(examples)
    component.add_label("PER")
    component.initialize(lambda: examples, labels=list(component.labels))
    assert component.cfg["calibration"] is not None
    component.add_label("NEW")
    assert component.cfg["calibration"] is None
    component.calibrate(examples)
    component.initialize(lambda: examples, labels=[*component.labels, "OTHER"])
    assert component.cfg["calibration"] is None
