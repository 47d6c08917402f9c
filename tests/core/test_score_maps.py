import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_hf_ner.core.arrays import Bools, Floats
from spacy_hf_ner.core.reliability import auroc, measure_reliability
from spacy_hf_ner.core.score_maps import (
    MIN_PER_TYPE,
    TEMPERATURES,
    IsotonicMap,
    MapKind,
    PlattMap,
    SpanCalibration,
    choose_span_calibration,
    fit_isotonic,
    fit_platt,
    fit_span_calibration,
    fit_temperature,
    read_span_calibration,
)
from spacy_hf_ner.errors import ConfigError


def _log_softmax(logits: Floats) -> Floats:
    result: Floats = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return result


def _overconfident(n: int, *, seed: int = 0) -> tuple[Floats, Bools]:
    """Return scores that claim more than is true, in the shape of NER: nearly all close to 1."""
    random = np.random.default_rng(seed)
    true = random.beta(6, 1, size=n)
    logit = np.log(true / (1 - true))
    return 1 / (1 + np.exp(-2.5 * logit)), random.random(n) < true


@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
def test_fit_temperature_finds_the_one_that_the_data_was_made_with(temperature: float) -> None:
    random = np.random.default_rng(0)
    log_probs = _log_softmax(random.normal(scale=2.0, size=(20_000, 5)))
    true = np.exp(_log_softmax(log_probs / temperature))
    gold = (random.random((len(true), 1)) > true.cumsum(axis=1)).sum(axis=1).clip(max=4)
    assert fit_temperature(log_probs, gold) == pytest.approx(temperature, rel=0.05)


def test_fit_temperature_minimises_the_loss() -> None:
    random = np.random.default_rng(3)
    log_probs = _log_softmax(random.normal(size=(200, 4)))
    gold = random.integers(0, 4, 200)

    def loss(temperature: float) -> float:
        return -float(_log_softmax(log_probs / temperature)[np.arange(200), gold].mean())

    best = fit_temperature(log_probs, gold)
    assert loss(best) <= min(loss(t) for t in np.geomspace(*TEMPERATURES, 400)) + 1e-9


def test_fit_temperature_leaves_out_tokens_without_gold_tag() -> None:
    log_probs = _log_softmax(np.random.default_rng(0).normal(size=(50, 3)))
    gold = np.random.default_rng(1).integers(0, 3, 50)
    alone = fit_temperature(log_probs[:25], gold[:25])
    assert fit_temperature(log_probs, np.where(np.arange(50) < 25, gold, -1)) == pytest.approx(
        alone
    )


def test_fit_temperature_bears_illegal_tags() -> None:
    log_probs = np.log(np.array([[0.9, 0.1, 1e-300], [0.6, 0.4, 1e-300]]))
    log_probs[:, 2] = -np.inf
    assert np.isfinite(fit_temperature(log_probs, np.array([0, 1])))


@pytest.mark.parametrize(("n_tokens", "expected"), [(1, 0.98), (20, 0.75), (1000, 0.35)])
def test_right_tokens_alone_lower_the_temperature_no_further_than_their_number_can_say(
    n_tokens: int, expected: float
) -> None:
    log_probs = np.log([[0.9, 0.1]] * n_tokens)
    always_right = np.zeros(n_tokens, dtype=np.int64)
    assert fit_temperature(log_probs, always_right) == pytest.approx(expected, abs=0.01)


def test_fit_temperature_without_gold_tags_is_refused() -> None:
    with pytest.raises(ConfigError, match="got none"):
        fit_temperature(np.zeros((2, 3)), np.array([-1, -1]))


def test_the_default_map_changes_nothing() -> None:
    scores = np.array([0.0, 0.2, 0.999, 1.0])
    assert SpanCalibration().apply(scores, ["A"] * 4) == pytest.approx(scores, abs=1e-8)


@pytest.mark.parametrize("kind", ["platt", "isotonic", "platt per type", "isotonic per type"])
def test_every_map_mends_scores_that_claim_too_much(kind: MapKind) -> None:
    scores, is_correct = _overconfident(8000)
    types = ["A", "B"] * 4000
    fitted = fit_span_calibration(
        scores[:4000], is_correct[:4000], entity_types=types[:4000], kind=kind
    )
    before = measure_reliability(scores[4000:], is_correct[4000:]).expected_error
    after = measure_reliability(
        fitted.apply(scores[4000:], types[4000:]), is_correct[4000:]
    ).expected_error
    assert before > 0.05
    assert after < 0.025


def test_platt_recovers_the_slope() -> None:
    scores, is_correct = _overconfident(20_000)
    fitted = fit_platt(scores, is_correct)
    assert fitted.slope == pytest.approx(1 / 2.5, rel=0.08)
    assert fitted.intercept == pytest.approx(0.0, abs=0.08)


@pytest.mark.parametrize("all_right", [True, False])
def test_platt_without_contrast_changes_nothing(all_right: bool) -> None:
    assert fit_platt(np.array([0.4, 0.8]), np.array([all_right, all_right])) == PlattMap()


def test_isotonic_equals_pooling_by_hand() -> None:
    fitted = fit_isotonic(
        np.array([0.2, 0.2, 0.5, 0.6, 0.9]), np.array([True, False, False, True, True])
    )
    assert np.array(fitted.knots) == pytest.approx(np.array([[0.3, 1 / 3], [0.75, 6 / 7]]))


outcomes = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=40)


@given(outcomes)
def test_maps_rise_and_stay_between_0_and_1(pairs: list[tuple[float, bool]]) -> None:
    scores, is_correct = np.array([s for s, _ in pairs]), np.array([c for _, c in pairs])
    grid = np.linspace(0, 1, 101)
    for fitted in (fit_platt(scores, is_correct), fit_isotonic(scores, is_correct)):
        calibrated = fitted.apply(grid)
        assert np.all(np.diff(calibrated) >= 0)
        assert calibrated.min() > 0
        assert calibrated.max() < 1


def test_maps_keep_the_order_of_spans() -> None:
    scores, is_correct = _overconfident(3000)
    for fitted in (fit_platt(scores, is_correct), fit_isotonic(scores, is_correct)):
        assert auroc(fitted.apply(scores), is_correct) == pytest.approx(
            auroc(scores, is_correct), abs=1e-9
        )


def test_a_rare_type_shares_the_common_map() -> None:
    scores, is_correct = _overconfident(500)
    types = ["RARE"] * (MIN_PER_TYPE - 1) + ["COMMON"] * (501 - MIN_PER_TYPE)
    fitted = fit_span_calibration(scores, is_correct, entity_types=types, kind="platt per type")
    assert set(fitted.per_type) == {"COMMON"}
    assert fitted.default.apply(scores[:3]) == pytest.approx(fitted.apply(scores[:3], ["RARE"] * 3))


def test_cross_validation_prefers_maps_per_type_where_types_differ() -> None:
    scores, is_correct = _overconfident(6000)
    flipped, right = _overconfident(6000, seed=1)
    calibrated = PlattMap(1 / 2.5).apply(flipped)  # this type's scores are true as they are
    choice = choose_span_calibration(
        np.concatenate([scores, calibrated]),
        np.concatenate([is_correct, right]),
        entity_types=["OVER"] * 6000 + ["FINE"] * 6000,
        doc_i=np.tile(np.arange(600), 20),
    )
    assert choice.kind.endswith("per type")
    assert choice.brier[choice.kind] < choice.brier["platt"] < choice.brier["none"]


def test_cross_validation_leaves_calibrated_scores_alone_or_nearly_so() -> None:
    random = np.random.default_rng(0)
    scores = random.beta(5, 1, size=3000)
    is_correct = random.random(3000) < scores
    choice = choose_span_calibration(
        scores, is_correct, entity_types=["A"] * 3000, doc_i=np.arange(3000) // 10
    )
    assert choice.calibration.apply(scores, ["A"] * 3000) == pytest.approx(scores, abs=0.1)


def test_nothing_to_choose_from_gives_no_map() -> None:
    none = np.zeros(0)
    choice = choose_span_calibration(
        none, none.astype(bool), entity_types=[], doc_i=none.astype(np.int64)
    )
    assert (choice.kind, choice.calibration) == ("none", SpanCalibration())


@pytest.mark.parametrize(
    ("slope", "intercept"), [(0.0, 0.0), (-1.0, 0.0), (np.nan, 0.0), (1, np.inf)]
)
def test_a_logistic_map_that_does_not_rise_is_refused(slope: float, intercept: float) -> None:
    with pytest.raises(ConfigError, match="finite numbers and a slope over 0"):
        PlattMap(slope, intercept)


@pytest.mark.parametrize(
    "knots",
    [
        (),
        ((0.0, 5.0), (1.0, -3.0)),
        ((0.0, 0.5), (1.0, 0.4)),
        ((0.5, 0.0), (0.4, 1.0)),
        ((0.0, np.nan),),
    ],
)
def test_an_isotonic_map_whose_knots_do_not_rise_or_leave_0_to_1_is_refused(
    knots: tuple[tuple[float, float], ...],
) -> None:
    with pytest.raises(ConfigError, match=r"knots .* that rise, to 1 at most"):
        IsotonicMap(knots)


def test_maps_survive_json() -> None:
    calibration = SpanCalibration(
        PlattMap(0.4, -0.1), {"PER": IsotonicMap(((0.1, 0.0), (0.9, 0.95)))}
    )
    assert read_span_calibration(json.loads(json.dumps(calibration.to_json()))) == calibration
