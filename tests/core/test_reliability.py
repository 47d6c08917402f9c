import numpy as np
import pytest

from spacy_hf_ner.core.reliability import (
    Binning,
    auroc,
    brier_score,
    calibration_noise,
    measure_reliability,
)


def test_bins_of_equal_width_cut_the_unit_interval() -> None:
    scores = np.array([0.05, 0.1, 0.11, 0.95])
    measured = measure_reliability(
        scores, np.array([False, True, True, True]), n_bins=10, binning="equal_width"
    )
    assert measured.n.tolist() == [2, 1, 1]
    assert measured.share_correct.tolist() == [0.5, 1.0, 1.0]


def test_bins_of_equal_mass_hold_equal_numbers() -> None:
    measured = measure_reliability(np.linspace(0, 1, 90), np.ones(90, dtype=bool), n_bins=9)
    assert measured.n.tolist() == [10] * 9


def test_equal_scores_are_never_parted() -> None:
    measured = measure_reliability(np.full(100, 0.7), np.arange(100) < 70, n_bins=15)
    assert measured.n.tolist() == [100]
    assert measured.expected_error == pytest.approx(0.0)


def test_the_expected_error_is_the_mean_gap_and_the_maximum_error_the_worst() -> None:
    scores = np.array([0.1] * 10 + [0.9] * 30)
    is_correct = np.array([True] * 3 + [False] * 7 + [True] * 30)
    measured = measure_reliability(scores, is_correct, n_bins=2, binning="equal_width")
    assert measured.expected_error == pytest.approx((10 * 0.2 + 30 * 0.1) / 40)
    assert measured.maximum_error == pytest.approx(0.2)


@pytest.mark.parametrize("binning", ["equal_width", "equal_mass"])
@pytest.mark.parametrize("n_bins", [1, 15])
def test_no_scores_have_no_error(binning: Binning, n_bins: int) -> None:
    measured = measure_reliability(
        np.zeros(0), np.zeros(0, dtype=bool), n_bins=n_bins, binning=binning
    )
    assert (len(measured.n), measured.expected_error, measured.maximum_error) == (0, 0.0, 0.0)
    assert brier_score(np.zeros(0), np.zeros(0, dtype=bool)) == 0.0


@pytest.mark.parametrize("binning", ["equal_width", "equal_mass"])
def test_every_score_is_in_one_bin_even_where_there_are_more_bins_than_scores(
    binning: Binning,
) -> None:
    scores = np.array([0.0, 1.0, 0.5])
    assert measure_reliability(scores, scores > 0.4, n_bins=15, binning=binning).n.sum() == 3


def test_noise_falls_with_the_number_of_scores() -> None:
    few, many = (calibration_noise(np.linspace(0.5, 1, n)) for n in (100, 10_000))
    assert many < few / 5
    assert many > 0


def test_calibrated_scores_show_an_error_of_the_size_of_the_noise() -> None:
    random = np.random.default_rng(1)
    scores = random.beta(5, 1, size=5000)
    error = measure_reliability(scores, random.random(5000) < scores).expected_error
    assert error < 2 * calibration_noise(scores)


@pytest.mark.parametrize(
    ("scores", "is_correct", "expected"),
    [
        ([0.9, 0.1], [1, 0], 1.0),
        ([0.1, 0.9], [1, 0], 0.0),
        ([0.5, 0.5], [1, 0], 0.5),
        ([0.5], [1], None),
        ([], [], None),
    ],
)
def test_auroc_is_the_chance_that_a_right_span_scores_higher(
    scores: list[float], is_correct: list[int], expected: float | None
) -> None:
    assert auroc(np.array(scores, dtype=float), np.array(is_correct, dtype=bool)) == expected


def test_auroc_equals_counting_all_pairs() -> None:
    random = np.random.default_rng(0)
    scores, is_correct = random.integers(0, 8, 60) / 8, random.random(60) < 0.6
    right, wrong = scores[is_correct], scores[~is_correct]
    counted = np.mean((right[:, None] > wrong) + 0.5 * (right[:, None] == wrong))
    assert auroc(scores, is_correct) == pytest.approx(counted)
