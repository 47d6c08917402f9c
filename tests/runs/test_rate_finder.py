"""A sweep finds where the loss is about to grow, and leaves nothing behind."""

import random
from itertools import pairwise
from pathlib import Path

import pytest
from spacy.cli._util import import_code
from spacy.language import Language
from spacy.util import load_config, registry
from thinc.api import Config

from spacy_hf_ner.commands import find_rate, train
from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.runs.rate_finder import RateSweep, RateTrial, sweep_rates, tabulate_rates
from tests.runs.small_run import make_config


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rates")
    import_code(make_config(folder).with_name("code.py"))
    return folder / "config.cfg"


def test_training_after_a_sweep_is_that_without_it(config: Path, tmp_path: Path) -> None:
    steps = {"training.max_steps": 2}
    train(config, tmp_path / "before", overrides=steps)
    random.seed(5)
    expected = random.random()
    random.seed(5)
    encoder = Path(load_config(config)["components"]["hf_ner"]["model"]["name"])
    weights = (encoder / "model.safetensors").read_bytes()
    sweep = find_rate(config, low=1e-4, high=10.0, n_steps=40)
    assert random.random() == expected
    assert (encoder / "model.safetensors").read_bytes() == weights
    train(config, tmp_path / "after", overrides=steps)
    saved = Path("model-last", "hf_ner", "model", "model.safetensors")
    assert (tmp_path / "after" / saved).read_bytes() == (tmp_path / "before" / saved).read_bytes()

    # It is a real sweep: the rates grow evenly, and no network bears the last ones.
    for before, after in pairwise(sweep.trials):
        assert after.rate / before.rate == pytest.approx(1e5 ** (1 / 39))
    assert sweep.trials[0].rate == pytest.approx(1e-4)
    assert sweep.lowest.smoothed < sweep.trials[0].smoothed
    assert 1e-5 < sweep.suggestion < 1.0
    assert sweep.configured == pytest.approx(0.01)


def test_the_suggestion_is_a_tenth_of_the_rate_of_the_lowest_loss() -> None:
    smoothed = [9.0] * 10 + [9.0, 8.0, 5.0, 4.0, 6.0, 30.0]
    trials = [RateTrial(10.0 ** (i - 15), 1.0, loss) for i, loss in enumerate(smoothed)]
    sweep = RateSweep(tuple(trials), configured=0.01)
    assert sweep.lowest.rate == pytest.approx(1e-2)
    assert sweep.suggestion == pytest.approx(1e-3)
    assert sweep.steepest.rate == pytest.approx(1e-3)  # from 8 to 5
    assert tabulate_rates(sweep)[-1] == ("1.0e+00", "1.000", "30.000")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"low": 1.0, "high": 0.1}, "high > low, got low = 1 and high = 0.1"),
        ({"n_steps": 10}, "n_steps must be over 10, got 10"),
    ],
)
def test_a_sweep_that_can_tell_nothing_is_refused(
    arguments: dict[str, float], message: str, config: Path
) -> None:
    with pytest.raises(ConfigError, match=message):
        find_rate(config, **arguments)  # type: ignore[arg-type]


def _drop_tagger(config: Path) -> Config:
    loaded = load_config(config, interpolate=False)
    loaded["nlp"]["pipeline"] = ["hf_ner"]
    loaded["components"].pop("tagger")
    return loaded


@pytest.mark.parametrize("has_tagger", [True, False])
def test_rates_that_are_all_too_high_are_named(config: Path, *, has_tagger: bool) -> None:
    loaded = load_config(config, interpolate=False) if has_tagger else _drop_tagger(config)
    with pytest.raises(ConfigError, match=r"got 1 of 20: it was nan at a learn rate") as caught:
        sweep_rates(loaded, low=1e30, high=1e35, n_steps=20)
    assert "Begin lower: low is 1e+30, low = 1e+27 would do" in str(caught.value)
    assert caught.value.settings == ("low",)


def test_a_sweep_ends_where_the_network_is_ruined(config: Path) -> None:
    sweep = sweep_rates(_drop_tagger(config), low=1e-3, high=1e30, n_steps=60)
    assert len(sweep.trials) < 60
    assert sweep.suggestion < 1e3


def test_a_loss_that_is_no_number_from_the_start_is_not_the_rates_fault(config: Path) -> None:
    def spoil(nlp: Language) -> Language:
        nlp.get_pipe("hf_ner").class_weights = {"PER": 1e38, "LOC": 1e38}  # type: ignore[attr-defined]
        return nlp

    registry.callbacks("tests.spoil.v1", func=lambda: spoil)
    loaded = load_config(config, interpolate=False)
    loaded["initialize"] = {"after_init": {"@callbacks": "tests.spoil.v1"}}
    with pytest.raises(ConfigError, match=r"got 0 of 20: it was .* before anything was learned"):
        sweep_rates(loaded, n_steps=20)
