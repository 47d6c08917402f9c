import numpy as np
import pytest

from spacy_hf_ner.evaluation.confidence import (
    ThresholdPoint,
    collect_scores,
    measure_confidence,
    trace_thresholds,
)
from spacy_hf_ner.evaluation.pairing import DocPair, Entity
from spacy_hf_ner.evaluation.strict import Counts, score_strict


def make_pair(gold: list[Entity], predicted: list[Entity]) -> DocPair:
    return DocPair("x" * 100, tuple(gold), tuple(predicted), (), np.zeros((0, 2), dtype=np.int64))


PAIRS = [
    make_pair(
        [Entity(0, 1, "A"), Entity(2, 3, "A")], [Entity(0, 1, "A", 0.9), Entity(2, 4, "A", 0.5)]
    ),
    make_pair(
        [Entity(0, 1, "B"), Entity(8, 9, "A")], [Entity(0, 1, "B", 0.8), Entity(8, 9, "A", 0.4)]
    ),
]


def test_collect_scores_marks_right_predictions() -> None:
    spans = collect_scores(PAIRS)
    assert spans.scores.tolist() == [0.9, 0.5, 0.8, 0.4]
    assert spans.is_correct.tolist() == [True, False, True, True]
    assert spans.entity_types == ("A", "A", "B", "A")
    assert spans.doc_i.tolist() == [0, 0, 1, 1]
    assert spans.base_counts == {"A": Counts(n_gold=3), "B": Counts(n_gold=1)}


def test_predictions_without_score_are_counted_apart() -> None:
    spans = collect_scores([make_pair([], [Entity(0, 1, "A"), Entity(2, 3, "A", 0.5)])])
    assert (len(spans.scores), spans.n_unscored) == (1, 1)


def test_no_threshold_drops_predictions_without_a_score() -> None:
    scored = [Entity(0, 1, "A", 0.9), Entity(2, 4, "A", 0.4)]
    unscored = [Entity(4, 5, "A"), Entity(6, 7, "B"), Entity(8, 9, "B")]
    pair = make_pair(
        [Entity(0, 1, "A"), Entity(4, 5, "A"), Entity(6, 7, "B")], [*scored, *unscored]
    )
    all_types, of_a = trace_thresholds(collect_scores([pair]))
    assert [(p.precision, p.recall) for p in of_a.points] == [
        (1.0, 1.0),
        (pytest.approx(2 / 3), 1.0),
    ]
    counts = score_strict([pair]).micro
    assert all_types.points[-1] == ThresholdPoint(0.4, counts.precision, counts.recall)
    assert all_types.best_f1.threshold == 0.9


def test_the_curve_of_all_types_is_told_from_a_type_of_that_name() -> None:
    entity = Entity(0, 1, "all types", 0.5)
    curves = trace_thresholds(collect_scores([make_pair([entity], [entity])]))
    assert [curve.entity_type for curve in curves] == ["(all types)", "all types"]


def test_confidence_without_scores_is_none() -> None:
    assert measure_confidence(collect_scores([make_pair([], [Entity(0, 1, "A")])])) is None


def test_confidence_tells_error_and_order() -> None:
    confidence = measure_confidence(collect_scores(PAIRS))
    assert confidence is not None
    assert confidence.brier == pytest.approx((0.01 + 0.25 + 0.04 + 0.36) / 4)
    assert confidence.auroc == pytest.approx(2 / 3)
    assert confidence.equal_mass.n.sum() == 4


def test_the_curve_gives_precision_and_recall_at_every_threshold() -> None:
    curve = trace_thresholds(collect_scores(PAIRS))[0]
    assert [(p.threshold, p.precision, p.recall) for p in curve.points] == [
        (0.9, 1.0, 0.25),
        (0.8, 1.0, 0.5),
        (0.5, pytest.approx(2 / 3), 0.5),
        (0.4, 0.75, 0.75),
    ]
    assert curve.best_f1.threshold == 0.4
    assert curve.high_precision is not None
    assert curve.high_precision.threshold == 0.8


def test_equal_scores_are_one_point() -> None:
    pair = make_pair([Entity(0, 1, "A")], [Entity(0, 1, "A", 0.5), Entity(2, 3, "A", 0.5)])
    curve = trace_thresholds(collect_scores([pair]))[0]
    assert [(p.precision, p.recall) for p in curve.points] == [(0.5, 1.0)]
    assert curve.high_precision is None


def test_curves_are_thinned_without_losing_their_ends() -> None:
    entities = [Entity(2 * i, 2 * i + 1, "A", 1 - i / 1000) for i in range(500)]
    curve = trace_thresholds(collect_scores([make_pair(entities, entities)]), max_points=50)[0]
    assert len(curve.points) == 50
    assert (curve.points[0].threshold, curve.points[-1].recall) == (1.0, 1.0)


def test_types_without_predictions_have_no_curve() -> None:
    spans = collect_scores(
        [make_pair([Entity(0, 1, "A"), Entity(2, 3, "B")], [Entity(0, 1, "A", 0.5)])]
    )
    assert [curve.entity_type for curve in trace_thresholds(spans)] == ["all types", "A"]
