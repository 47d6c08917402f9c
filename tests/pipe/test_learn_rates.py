"""Learn rates with which nothing can be learned."""

import math

import pytest
from thinc.api import SGD, Adam, Optimizer

from spacy_hf_ner.model.training.torch_optimizer import make_torch_optimizer_v1
from spacy_hf_ner.pipe.learn_rates import RateWatch


def _follow(rates: list[float], *, bears: float = 5e-4) -> None:
    """Let one component take steps with these rates, as a schedule gives them."""
    watch = RateWatch("ner")
    sgd = Adam(0.0)
    for rate in rates:
        sgd.learn_rate = rate
        watch.look_at(sgd, bears=bears)


@pytest.mark.parametrize(
    "rates",
    [[1e-4] * 5, [0.0, 1e-5, 2e-5, 1e-5, 0.0], [0.0, 0.0, 1e-5, 0.0, 0.0], [5e-4]],
)
def test_rates_that_work_are_not_named(
    rates: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    _follow(rates)
    assert not caplog.records


def test_a_rate_of_zero_is_named_once_with_the_line_to_write(
    caplog: pytest.LogCaptureFixture,
) -> None:
    _follow([0.0] * 20)
    (record,) = caplog.records
    assert "ner: the learn rate was 0 in the last 3 updates" in record.getMessage()
    assert "nlp.update(examples, sgd=thinc.api.Adam(1e-4))" in record.getMessage()


def test_a_rate_that_breaks_the_network_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    _follow([1e-3] * 5)
    (record,) = caplog.records
    assert "the learn rate is 0.001, and a transformer bears 0.0005" in record.getMessage()


def test_a_network_that_bears_any_rate_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    _follow([1.0], bears=math.inf)
    assert not caplog.records


def test_what_only_gathers_gradients_has_no_rate(caplog: pytest.LogCaptureFixture) -> None:
    assert not isinstance(print, Optimizer)
    RateWatch("ner").look_at(print, bears=5e-4)  # nlp.rehearse passes a callable
    assert not caplog.records


@pytest.mark.parametrize(
    ("sgd", "is_named"),
    [
        (SGD(0.1), False),
        (make_torch_optimizer_v1("SGD", learn_rate=0.1), False),
        (make_torch_optimizer_v1("AdamW", learn_rate=0.1), True),
    ],
)
def test_a_rate_is_judged_by_how_far_it_moves_a_weight(
    sgd: Optimizer, is_named: bool, caplog: pytest.LogCaptureFixture
) -> None:
    RateWatch("ner").look_at(sgd, bears=5e-4)
    assert bool(caplog.records) == is_named
