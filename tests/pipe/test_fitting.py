"""What calibration is fitted on, and what its report says of it."""

from collections.abc import Callable

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_hf_ner.core.reliability import auroc, calibration_noise, measure_reliability
from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.evaluation.pairing import pair_docs
from spacy_hf_ner.pipe.fitting import CalibrationReport, Half, TooFewSpansError
from spacy_hf_ner.pipe.hf_ner import HFNer
from tests.checkpoints import make_checkpoint

# Of different lengths: scores of texts that are nearly the same differ in their last bits only, and
# these depend on the batch.
TEXTS = [
    f"Angela Merkel met {'good ' * i}friends in Berlin, and Tim Cook flew to Kumasi with {name}."
    for i, name in enumerate(["Mary", "Kofi Annan", "Ada", "the Union", "José"] * 8)
]


Make = Callable[..., tuple[Language, HFNer]]


@pytest.fixture(scope="module")
def make_pipeline(tmp_path_factory: pytest.TempPathFactory) -> Make:
    name = str(make_checkpoint(tmp_path_factory.mktemp("checkpoint"), head_scale=60.0))

    def make(**config: object) -> tuple[Language, HFNer]:
        nlp = spacy.blank("en")
        nlp.add_pipe("hf_ner", config={"model": {"name": name, "precision": "fp32"}, **config})
        component = nlp.get_pipe("hf_ner")
        assert isinstance(component, HFNer)
        return nlp, component

    return make


def make_golds(nlp: Language) -> list[Doc]:
    """Return gold that agrees with some predictions, so that the raw scores are far too sure."""
    golds = list(nlp.pipe(TEXTS))
    for i, gold in enumerate(golds):
        gold.set_ents([ent for j, ent in enumerate(gold.ents) if (i + j) % 3], default="outside")
        gold.spans.clear()
    return golds


def measure(nlp: Language, golds: list[Doc]) -> Half:
    """Return what the scores of a pipeline are worth, read from what it predicts."""
    scores, is_correct = [], []
    for gold, doc in zip(golds, nlp.pipe(gold.text for gold in golds), strict=True):
        pair = pair_docs(gold, doc)
        scores += [entity.score for entity in pair.predicted]
        is_correct += [entity in pair.gold for entity in pair.predicted]
    columns = np.array(scores, dtype=np.float64), np.array(is_correct)
    return Half(
        measure_reliability(*columns).expected_error, calibration_noise(columns[0]), auroc(*columns)
    )


def calibrate(nlp: Language, component: HFNer, golds: list[Doc]) -> CalibrationReport:
    return component.calibrate([Example(nlp.make_doc(gold.text), gold) for gold in golds])


def is_close(half: Half, other: Half) -> bool:
    pairs = ((half.error, other.error), (half.noise, other.noise), (half.auroc, other.auroc))
    return all(one == pytest.approx(another, abs=1e-5) for one, another in pairs)


def test_raw_figures_are_those_of_the_pipeline_without_any_calibration(make_pipeline: Make) -> None:
    nlp, component = make_pipeline()
    golds = make_golds(nlp)
    expected = [measure(nlp, golds[::2]), measure(nlp, golds[1::2])]
    report = calibrate(nlp, component, golds)
    assert report.temperature > 1.5  # so that raw scores are others
    assert all(map(is_close, report.raw, expected))


def test_each_half_is_judged_with_temperature_and_maps_of_the_other_half(
    make_pipeline: Make,
) -> None:
    nlp, component = make_pipeline()
    golds = make_golds(nlp)
    report = calibrate(nlp, component, golds)
    for new, judged, fitted_on in (
        (report.new[0], golds[::2], golds[1::2]),
        (report.new[1], golds[1::2], golds[::2]),
    ):
        calibrate(nlp, component, fitted_on)
        assert is_close(new, measure(nlp, judged))


def test_documents_without_annotation_change_nothing(make_pipeline: Make) -> None:
    nlp, component = make_pipeline()
    golds = make_golds(nlp)
    expected = calibrate(nlp, component, golds)
    mixed = [doc for gold in golds for doc in (gold, nlp.make_doc("Nobody has read this."))]
    assert calibrate(nlp, component, mixed) == expected
    assert expected.n_docs == len(golds)


def test_one_document_says_nothing_of_others(make_pipeline: Make) -> None:
    nlp, component = make_pipeline()
    whole = nlp(" ".join(TEXTS))
    gold = [ent for i, ent in enumerate(whole.ents) if i % 3]
    whole.set_ents(gold, default="outside")
    report = calibrate(nlp, component, [whole])
    assert report.is_thin
    assert report.raw[0].noise is not None
    assert report.raw[1] == report.new[0] == report.new[1] == Half()


def test_few_right_or_few_wrong_entities_are_refused_with_their_number(make_pipeline: Make) -> None:
    nlp, component = make_pipeline()
    all_right = list(nlp.pipe(TEXTS))
    n_entities = sum(len(doc.ents) for doc in all_right)
    with pytest.raises(TooFewSpansError, match=f"got {n_entities} right and 0 wrong"):
        calibrate(nlp, component, all_right)
    none_right = list(nlp.pipe(TEXTS))
    for doc in none_right:
        doc.set_ents([], default="outside")
    with pytest.raises(TooFewSpansError, match=f"got 0 right and {n_entities} wrong"):
        calibrate(nlp, component, none_right)
    assert component.cfg["calibration"] is None


def test_gold_of_other_types_is_refused_and_a_type_that_it_lacks_is_named(
    make_pipeline: Make, caplog: pytest.LogCaptureFixture
) -> None:
    nlp, component = make_pipeline()
    golds = make_golds(nlp)
    others = []
    for gold in golds:
        doc = gold.copy()
        doc.set_ents([ent for ent in doc.ents if ent.label_ != "LOC"], default="outside")
        others.append(doc)
    calibrate(nlp, component, others)
    assert "the gold has no entity of type LOC" in caplog.text
    for doc in others:
        doc.set_ents([Span(doc, e.start, e.end, "DRUG") for e in doc.ents], default="outside")
    with pytest.raises(ConfigError, match="the gold entities are DRUG: no type is in both"):
        calibrate(nlp, component, others)


def test_what_evaluation_judges_is_what_calibration_is_fitted_on(make_pipeline: Make) -> None:
    nlp, component = make_pipeline()
    golds, examples = make_golds(nlp), []
    for gold in golds[::4]:
        gold.set_ents([], missing=[gold[:6]], default="unmodified")
    for gold in golds:
        # The full stop belongs to the last word, so gold tokens do not align with its token.
        spaces = [True] * gold.text.count(" ") + [False]
        doc = Doc(nlp.vocab, words=gold.text.split(), spaces=spaces)
        examples.append(Example(doc, gold))
    n_judged = sum(
        len(pair_docs(gold, component(eg.predicted.copy())).predicted)
        for eg, gold in zip(examples, golds, strict=True)
    )
    assert component.calibrate(examples).n_spans == n_judged


def test_the_recall_is_that_of_each_half_under_the_calibration_of_the_other(
    make_pipeline: Make,
) -> None:
    nlp, component = make_pipeline()
    golds = make_golds(nlp)
    assert component.estimate_recall() is None
    expected = dict.fromkeys((0.0, 0.5, 0.6, 0.7, 0.8, 0.9), 0)
    for judged, fitted_on in ((golds[::2], golds[1::2]), (golds[1::2], golds[::2])):
        calibrate(nlp, component, fitted_on)
        for gold in judged:
            pair = pair_docs(gold, nlp(gold.text))
            right = [entity for entity in pair.predicted if entity in pair.gold]
            for threshold in expected:
                expected[threshold] += sum((entity.score or 0.0) >= threshold for entity in right)
    assert len(set(expected.values())) > 1
    report = calibrate(nlp, component, golds)
    n_gold = sum(len(gold.ents) for gold in golds)
    for threshold, n_found in expected.items():
        estimate = component.estimate_recall(threshold)
        assert estimate is not None
        assert estimate.recall * estimate.n_gold == pytest.approx(n_found)
        assert estimate.n_gold == n_gold
    assert report.recall == component.estimate_recall()
    # Stored, and dropped, with the calibration.
    _, copied = make_pipeline()
    copied.from_bytes(component.to_bytes())
    assert copied.estimate_recall(0.5) == component.estimate_recall(0.5)
    component.bias = 2.0
    assert component.estimate_recall() is None
