import json
from dataclasses import replace

import pytest
import spacy
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example

from spacy_hf_ner.evaluation.prediction import Prediction
from spacy_hf_ner.evaluation.results import Evaluation, judge
from spacy_hf_ner.evaluation.tables import (
    FORMAT_VERSION,
    as_json,
    interval_of,
    per_type_rows,
    program_rows,
)


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    """Return four documents, in each of which one of two entities has the wrong type."""
    nlp = spacy.blank("en")
    examples: list[Example] = []
    for _ in range(4):
        gold = Doc(nlp.vocab, words=["Merkel", "saw", "Paris"])
        gold.ents = [Span(gold, 0, 1, "PER"), Span(gold, 2, 3, "LOC")]
        predicted = Doc(nlp.vocab, words=["Merkel", "saw", "Paris"])
        predicted.ents = [Span(predicted, 0, 1, "PER"), Span(predicted, 2, 3, "PER")]
        predicted.spans["hf_ner"] = SpanGroup(
            predicted, spans=list(predicted.ents), attrs={"scores": [0.9, 0.6]}
        )
        examples.append(Example(predicted, gold))
    return judge(nlp, Prediction(tuple(examples), n_words=12, seconds=2.0))


def test_types_come_before_the_averages(evaluation: Evaluation) -> None:
    assert per_type_rows(evaluation) == [
        ("LOC", "0.00", "0.00", "0.00", "0.0–0.0", "0", "0", "4"),
        ("PER", "50.00", "100.00", "66.67", "66.7–66.7", "4", "8", "4"),
        ("micro average", "50.00", "50.00", "50.00", "50.0–50.0", "4", "8", "8"),
        ("macro average", "25.00", "50.00", "33.33", "", "", "", ""),
    ]


def test_an_average_is_told_from_a_type_of_that_name(evaluation: Evaluation) -> None:
    per_type = {"micro average": evaluation.strict.per_type["PER"]}
    named = replace(evaluation, strict=replace(evaluation.strict, per_type=per_type))
    rows = per_type_rows(replace(named, intervals=None))
    assert [row[0] for row in rows] == ["micro average", "(micro average)", "macro average"]


def test_every_program_has_a_row(evaluation: Evaluation) -> None:
    assert program_rows(evaluation) == [
        ("strict spans, by characters", "50.00", "50.00", "50.00", "33.33"),
        ("seqeval, default mode", "50.00", "50.00", "50.00", "33.33"),
        ("seqeval, strict mode", "50.00", "50.00", "50.00", "33.33"),
    ]


def test_spacys_scorer_has_a_row_for_ents_and_for_each_span_group(evaluation: Evaluation) -> None:
    scores = {
        "ents_p": 0.5,
        "ents_r": 0.25,
        "ents_f": 1 / 3,
        "ents_per_type": {},
        "spans_hf_ner_p": 1.0,
        "spans_hf_ner_r": 1.0,
        "spans_hf_ner_f": 1.0,
    }
    rows = program_rows(replace(evaluation, seqeval=(), spacy_scores=scores))
    assert rows[1:] == [
        ("spaCy's Scorer, by tokens", "50.00", "25.00", "33.33", ""),
        ("spaCy's Scorer, by tokens", "100.00", "100.00", "100.00", ""),
    ]


def test_scores_that_spacy_does_not_know_have_no_row(evaluation: Evaluation) -> None:
    unknown = {"ents_p": None, "ents_r": None, "ents_f": None}
    rows = program_rows(replace(evaluation, seqeval=(), spacy_scores=unknown))
    assert [row[0] for row in rows] == ["strict spans, by characters"]


def test_an_interval_is_that_of_a_type_or_of_all(evaluation: Evaluation) -> None:
    assert interval_of(evaluation, "PER") == "66.7–66.7"
    assert interval_of(evaluation) == "50.0–50.0"
    assert interval_of(replace(evaluation, intervals=None)) == ""


def test_metrics_are_json_without_texts(evaluation: Evaluation) -> None:
    metrics = json.loads(json.dumps(as_json(evaluation), allow_nan=False))
    assert metrics["format_version"] == FORMAT_VERSION
    assert (metrics["n_docs"], metrics["n_words"], metrics["words_per_second"]) == (4, 12, 6.0)
    assert metrics["strict"]["micro"] == {
        "precision": 0.5,
        "recall": 0.5,
        "f1": 0.5,
        "n_correct": 4,
        "n_predicted": 8,
        "n_gold": 8,
    }
    assert metrics["strict"]["intervals_95"]["f1"] == {"low": 0.5, "high": 0.5}
    assert metrics["strict"]["per_type"]["PER"]["recall"] == 1.0
    assert metrics["semeval"]["strict"]["correct"] == 4
    assert metrics["seqeval"]["strict"]["per_type"]["PER"]["precision"] == 0.5
    assert metrics["confidence"]["n"] == 8
    assert metrics["thresholds"]["PER"] == {
        "best_f1": {"threshold": 0.9, "precision": 1.0, "recall": 1.0, "f1": 1.0},
        "high_precision": {"threshold": 0.9, "precision": 1.0, "recall": 1.0, "f1": 1.0},
    }
    assert "Merkel" not in json.dumps(metrics)


def test_what_an_evaluation_lacks_is_null(evaluation: Evaluation) -> None:
    curve = replace(evaluation.thresholds[0], high_precision=None)
    bare = replace(evaluation, intervals=None, confidence=None, thresholds=(curve,))
    metrics = as_json(bare)
    assert metrics["strict"]["intervals_95"] is None
    assert metrics["confidence"] is None
    assert metrics["thresholds"]["all types"]["high_precision"] is None
