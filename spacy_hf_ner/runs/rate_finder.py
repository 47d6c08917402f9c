"""Which learn rate a pipeline bears: real steps at rates that grow, until the loss does, too.

Each step of the sweep is one of training, on the batches with which training begins. The pipeline
of the sweep is made from the config and thrown away, so nothing of it is left in a training.

Source: Smith (2017), https://arxiv.org/abs/1506.01186. What is suggested is a tenth of the rate at
which the smoothed loss is the lowest, as there it is about to grow; where it falls most steeply is
reported beside it.
"""

import contextlib
import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from spacy.language import Language
from spacy.training.initialize import init_nlp
from spacy.training.loop import create_train_batches, subdivide_batch
from spacy.util import registry
from thinc.api import Config, Optimizer

from spacy_hf_ner.errors import ConfigError, TrainingError
from spacy_hf_ner.runs.random_states import read_random_states, set_random_states
from spacy_hf_ner.runs.training_settings import begin_training

__all__ = ["RATE_HEADER", "RateSweep", "RateTrial", "sweep_rates", "tabulate_rates"]

RATE_HEADER: Final = ("learn rate", "loss", "smoothed")

# How much of the smoothed loss is that of the steps before.
_INERTIA: Final = 0.9

# A smoothed loss of so many times the lowest has left for good.
_DIVERGED: Final = 4.0

_FIRST_JUDGED: Final = 10  # steps before which a smoothed loss says nothing
_LOWER: Final = 1000.0  # by which the first rate is divided where it was too high already
_SAFETY: Final = 10.0  # by which the rate of the lowest loss is divided
_MAX_COUNTED: Final = 100_000  # steps of a schedule that is asked for its highest rate
_N_ROWS: Final = 20  # of the table


@dataclass(frozen=True, slots=True)
class RateTrial:
    """One step of a sweep.

    Attributes:
        rate: Its learn rate.
        loss: The loss before it, summed over components.
        smoothed: The same, smoothed over the steps before.
    """

    rate: float
    loss: float
    smoothed: float


@dataclass(frozen=True, slots=True)
class RateSweep:
    """What a sweep of learn rates found.

    Attributes:
        trials: Its steps, up to the one where the loss had left for good.
        configured: The highest rate of the config.
    """

    trials: tuple[RateTrial, ...]
    configured: float

    @property
    def lowest(self) -> RateTrial:
        """The step with the lowest smoothed loss."""
        return min(self._judged, key=lambda trial: trial.smoothed)

    @property
    def steepest(self) -> RateTrial:
        """The step at which the smoothed loss falls fastest, before it is the lowest."""
        steps = self._judged[: self._judged.index(self.lowest) + 1]
        best = steps[0]
        fall = 0.0
        for before, after in pairwise(steps):
            if before.smoothed - after.smoothed > fall:
                best = after
                fall = before.smoothed - after.smoothed
        return best

    @property
    def suggestion(self) -> float:
        """A rate to begin with, with one digit."""
        return float(f"{self.lowest.rate / _SAFETY:.0e}")

    @property
    def _judged(self) -> tuple[RateTrial, ...]:
        return self.trials[min(_FIRST_JUDGED, len(self.trials) - 1) :]


def sweep_rates(
    config: Config,
    *,
    low: float = 1e-7,
    high: float = 1.0,
    n_steps: int = 100,
    use_gpu: int = -1,
) -> RateSweep:
    """Return what comes of training a pipeline with learn rates that grow from step to step.

    Args:
        config: The config of a training, not interpolated.
        low: The rate of the first step.
        high: The rate of the last one, if the loss has not left for good before.
        n_steps: How many steps to make.
        use_gpu: GPU number, or -1 for the CPU.

    Raises:
        ConfigError: The rates do not grow, or the steps are too few to tell something, or the loss
            is no finite number in the first of them.
    """
    if not 0.0 < low < high:
        raise ConfigError(
            f"expected low > 0 and high > low, got low = {low:g} and high = {high:g}: the rates "
            "of a sweep grow from step to step.",
            settings=("low", "high"),
        )
    if n_steps <= _FIRST_JUDGED:
        raise ConfigError(
            f"n_steps must be over {_FIRST_JUDGED}, got {n_steps}: a loss is smoothed over steps.",
            settings=("n_steps",),
        )
    states = read_random_states()
    try:
        nlp = init_nlp(config, use_gpu=use_gpu)
        with _without_warnings():
            return _sweep(nlp, low=low, high=high, n_steps=n_steps)
    finally:
        set_random_states(states)


def tabulate_rates(sweep: RateSweep) -> list[tuple[str, str, str]]:
    """Return rows for :data:`RATE_HEADER`: about twenty steps, and the last."""
    stride = max(1, len(sweep.trials) // _N_ROWS)
    chosen = [*sweep.trials[::stride], sweep.trials[-1]]
    rows: list[tuple[str, str, str]] = []
    for trial in dict.fromkeys(chosen):
        rows.append((f"{trial.rate:.1e}", f"{trial.loss:.3f}", f"{trial.smoothed:.3f}"))
    return rows


def _sweep(nlp: Language, *, low: float, high: float, n_steps: int) -> RateSweep:
    training = begin_training(nlp)
    settings = training.values
    # As many passes as the steps take, of a stream or of a list, as the config has it.
    max_epochs = min(settings["max_epochs"], 0)
    batches = create_train_batches(nlp, training.train_corpus, settings["batcher"], max_epochs)
    dropout = settings["dropout"]
    optimizer = training.optimizer
    configured = _find_highest(nlp.config.interpolate()["training"])
    optimizer.schedules.pop("learn_rate", None)

    trials: list[RateTrial] = []
    mean = 0.0
    lowest = math.inf
    for step, (_, batch) in zip(range(n_steps), batches, strict=False):
        rate = low * (high / low) ** (step / (n_steps - 1))
        optimizer.learn_rate = rate
        drop = dropout if isinstance(dropout, float) else next(dropout)
        try:
            loss = _learn(nlp, batch, optimizer, settings, drop=drop)
        except ValueError as error:
            if not _is_divergence(error):
                raise
            loss = math.nan
        mean = _INERTIA * mean + (1.0 - _INERTIA) * loss
        smoothed = mean / (1.0 - _INERTIA ** (step + 1))
        if not math.isfinite(loss):
            if len(trials) <= _FIRST_JUDGED:
                raise _explain_early_end(trials, loss=loss, rate=rate, n_steps=n_steps)
            break
        trials.append(RateTrial(rate, loss, smoothed))
        if step >= _FIRST_JUDGED:
            lowest = min(lowest, smoothed)
        if smoothed > _DIVERGED * lowest:
            break
    return RateSweep(tuple(trials), configured)


def _is_divergence(error: ValueError) -> bool:
    """Tell whether a component found that its weights are no numbers any more."""
    # spaCy's own components raise E940.
    return isinstance(error, TrainingError) or str(error).startswith("[E940]")


def _explain_early_end(
    trials: Sequence[RateTrial], *, loss: float, rate: float, n_steps: int
) -> ConfigError:
    """Return the error of a sweep whose loss left for good before it said anything.

    Args:
        trials: Its steps with a loss that is a number.
        loss: That of the step after them.
        rate: The learn rate of that step.
        n_steps: How many there were to be.
    """
    expected = (
        f"a sweep must have more than {_FIRST_JUDGED} steps with a loss that is a finite number, "
        f"got {len(trials)} of {n_steps}"
    )
    if not trials:
        return ConfigError(
            f"{expected}: it was {loss} before anything was learned, so no learn rate is to blame. "
            'Look at weights and settings of the loss: with mixed_precision = "none" nothing '
            "overflows that is whole, and class_weights should be near 1.",
            settings=("mixed_precision", "class_weights"),
        )
    low = trials[0].rate
    return ConfigError(
        f"{expected}: it was {loss} at a learn rate of {rate:.0e}. The rates that the network "
        f"bears are lower. Begin lower: low is {low:.0e}, low = {low / _LOWER:.0e} would do.",
        settings=("low",),
    )


def _learn(
    nlp: Language,
    batch: Sequence[Any],
    optimizer: Optimizer,
    settings: dict[str, Any],
    *,
    drop: float,
) -> float:
    """Make one step as spaCy's loop does, and return the loss before it."""
    frozen = settings["frozen_components"]
    losses: dict[str, float] = {}
    parts = subdivide_batch(  # type: ignore[no-untyped-call]
        batch, settings["accumulate_gradient"]
    )
    for part in parts:
        nlp.update(
            part,
            drop=drop,
            losses=losses,
            sgd=False,  # type: ignore[arg-type] # spaCy's own way to step later
            exclude=frozen,
            annotates=settings["annotating_components"],
        )
    for name, pipe in nlp.pipeline:
        if name not in frozen and getattr(pipe, "is_trainable", False):
            pipe.finish_update(optimizer)  # type: ignore[attr-defined]
    optimizer.step_schedules()  # type: ignore[no-untyped-call]
    return float(sum(losses.values()))


def _find_highest(training: Config) -> float:
    """Return the highest learn rate that a training's schedule comes to."""
    optimizer = registry.resolve({"optimizer": training["optimizer"]})["optimizer"]
    highest = float(optimizer.learn_rate)
    for _ in range(min(training["max_steps"] or _MAX_COUNTED, _MAX_COUNTED)):
        optimizer.step_schedules()
        highest = max(highest, float(optimizer.learn_rate))
    return highest


@contextlib.contextmanager
def _without_warnings() -> Iterator[None]:
    """Say nothing of learn rates that are too high, nor of numbers that overflow.

    The sweep goes there on purpose.
    """
    logger = logging.getLogger("spacy_hf_ner")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            yield
    finally:
        logger.setLevel(level)
