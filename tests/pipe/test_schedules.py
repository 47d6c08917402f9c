"""The registered schedule: as long as the run, and constant where there is none."""

from itertools import islice
from typing import Any

import pytest
from spacy.util import load_model_from_config, registry
from thinc.api import Config, warmup_linear

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.pipe.schedules import make_warmup_linear_v1

CONFIG = """
[nlp]
lang = "en"
pipeline = []

[components]

[training]
max_steps = 40

[training.optimizer]
@optimizers = "Adam.v1"

[training.optimizer.learn_rate]
@schedules = "spacy_hf_ner.warmup_linear.v1"
initial_rate = 0.01
total_steps = ${training.max_steps}
"""


def read_rates(schedule: Any, n: int) -> list[float]:
    return list(islice(schedule, n))


def test_the_rate_rises_for_a_share_of_the_run_and_falls_to_zero() -> None:
    rates = read_rates(make_warmup_linear_v1(0.2, 600, 0.1), 601)
    assert rates == read_rates(warmup_linear(0.2, 60, 600), 601)
    assert max(rates) == rates[60] == 0.2
    assert rates[600] == 0.0


def test_the_schedule_is_as_long_as_the_run_whatever_max_steps_says() -> None:
    for max_steps in (40, 8):
        config = Config().from_str(CONFIG, overrides={"training.max_steps": max_steps})
        training = registry.resolve(config["training"], schema=None, validate=False)
        learn_rate = training["optimizer"].schedules["learn_rate"]
        rates = [training["optimizer"].learn_rate, *read_rates(learn_rate, max_steps)]
        assert max(rates) == 0.01
        assert rates[-1] == 0.0
        assert rates[-2] > 0.0


@pytest.mark.parametrize("begin", ["initialize", "resume_training"])
def test_outside_of_a_run_the_rate_is_constant_and_works(begin: str) -> None:
    nlp = load_model_from_config(
        Config().from_str(CONFIG, interpolate=False), auto_fill=True, validate=False
    )
    optimizer = getattr(nlp, begin)()
    for _ in range(3):
        assert optimizer.learn_rate == 0.01
        optimizer.step_schedules()


def test_a_run_whose_end_nobody_knows_keeps_its_rate_and_says_so() -> None:
    with pytest.warns(UserWarning, match="init-config --train FILE --epochs N"):
        schedule = make_warmup_linear_v1(0.2, 0)
    assert read_rates(schedule, 3) == [0.2, 0.2, 0.2]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"total_steps": 10, "warmup": 60}, "a share of all steps.*It is no number of steps"),
        ({"total_steps": 10, "warmup": -0.1}, "warmup must be a share"),
        ({"total_steps": -1}, "total_steps must be a number of steps, got -1"),
        ({"total_steps": "many"}, "training.max_steps}, got 'many'"),
    ],
)
def test_what_cannot_be_a_schedule_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make_warmup_linear_v1(0.2, **settings)


def test_the_schedule_is_registered() -> None:
    assert registry.has("schedules", "spacy_hf_ner.warmup_linear.v1")
