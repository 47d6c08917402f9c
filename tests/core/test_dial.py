"""The dial between precision and recall: what it reads, and where an aim is reached."""

import numpy as np
import pytest

from spacy_hf_ner.core.arrays import Ints
from spacy_hf_ner.core.dial import (
    Aim,
    AimNotReachedError,
    Dial,
    Measure,
    Tally,
    read_aim,
    read_dial,
)
from spacy_hf_ner.errors import ConfigError

N_GOLD = 10  # entities of each document
MOST = 20  # that are ever found


def gold_of(n_docs: int) -> Ints:
    return np.full(n_docs, N_GOLD)


class Finder:
    """Finds more in each document the greater the bias: the ten right ones before any wrong one."""

    def __init__(self, n_docs: int = 4, *, at_zero: float = 8.0, slope: float = 2.0) -> None:
        self.n_docs = n_docs
        self.at_zero = at_zero
        self.slope = slope
        self.asked: list[float] = []

    def __call__(self, bias: float) -> Tally:
        self.asked.append(bias)
        n_found = int(np.clip(self.at_zero + self.slope * bias, 0, MOST))
        return Tally(
            n_right=np.full(self.n_docs, min(n_found, N_GOLD)),
            n_judged=np.full(self.n_docs, n_found),
        )

    def turn(self, aim: Aim | None = None) -> Dial:
        return read_dial(self, n_gold=gold_of(self.n_docs), bias=0.0, aim=aim)


def test_the_curve_is_read_from_one_end_to_the_other() -> None:
    dial = Finder().turn()
    biases = [point.bias for point in dial.points]
    assert biases == sorted(biases)
    assert biases[0] == -biases[-1]
    recalls = [point.recall for point in dial.points]
    assert recalls == sorted(recalls)
    assert (recalls[0], recalls[-1]) == (0.0, 1.0)
    assert dial.before == dial.after
    assert (dial.before.precision, dial.before.recall) == (1.0, 0.8)
    assert dial.before.f1 == pytest.approx(2 * 0.8 / 1.8)
    assert dial.points[0].f1 == 0.0


@pytest.mark.parametrize(
    ("aim", "bias"),
    [
        (Aim("recall", 0.9), 0.5),  # 9 of 10 gold entities from bias 0.5 on
        (Aim("recall", 0.75), 0.0),  # reached already, and precision has nothing to gain
        (Aim("precision", 0.8), 1.0),  # all right ones from 1 on, and no wrong one before 1.5
        (Aim("precision", 1.0), 1.0),
    ],
)
def test_an_aim_is_reached_at_the_least_cost_of_the_other_measure(aim: Aim, bias: float) -> None:
    dial = Finder().turn(aim)
    assert dial.after.read(aim.measure) >= aim.value
    assert (dial.aim, dial.after.bias) == (aim, bias)
    other: Measure = "recall" if aim.measure == "precision" else "precision"
    for point in dial.points:
        if point.read(aim.measure) >= aim.value:
            assert dial.after.read(other) >= point.read(other)


def test_the_border_between_two_steps_is_searched() -> None:
    # An entity more for each unit of bias: all ten from bias 7 on, between steps 6 and 8.
    finder = Finder(at_zero=3.0, slope=1.0)
    dial = finder.turn(Aim("recall", 1.0))
    assert dial.after.bias == pytest.approx(7.0, abs=0.02)
    assert len(finder.asked) == len(set(finder.asked)) < 50


def test_no_bias_reaches_what_the_model_does_not_find() -> None:
    with pytest.raises(AimNotReachedError) as caught:
        Finder(at_zero=4.0, slope=0.05).turn(Aim("recall", 0.9))
    message = str(caught.value)
    assert "reaches a recall of 0.9 on these documents" in message
    assert "the best is recall 0.500, with bias 24, where precision is 1.000" in message


def test_halves_are_judged_under_the_bias_that_the_other_half_asks_for() -> None:
    def tally(bias: float) -> Tally:
        # The first and third document give all they have from bias 1 on, the others from 4 on.
        n_found = np.array([N_GOLD if bias >= border else 0 for border in (1.0, 4.0, 1.0, 4.0)])
        return Tally(n_found, n_found)

    dial = read_dial(tally, n_gold=gold_of(4), bias=0.0, aim=Aim("recall", 1.0))
    first, second = dial.halves
    assert first is not None
    assert second is not None
    assert (first.bias, first.recall) == (4.0, 1.0)
    assert (second.bias, second.recall) == (1.0, 0.0)
    assert dial.after.bias == 4.0


def test_a_single_document_has_no_other_half() -> None:
    assert Finder(1).turn(Aim("recall", 0.9)).halves[0] is None


@pytest.mark.parametrize("text", ["recall=0.98", "precision=1", "recall=1e-3"])
def test_an_aim_is_read_from_text(text: str) -> None:
    measure, value = text.split("=")
    assert read_aim(text) == Aim(measure, float(value))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["", "recall", "recall=", "recall=98", "f1=0.9", "recall=0", "recall=nan", "0.98"]
)
def test_what_is_no_aim_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConfigError, match=r"such as recall=0\.98, got") as caught:
        read_aim(text)
    assert caught.value.settings == ("aim",)
