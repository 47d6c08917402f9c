"""The registered schedule of the learn rate: a line up, and a line down to zero at the last step.

spaCy imports this module in every process that resolves a config, so it imports next to nothing.
"""

import itertools
import warnings
from collections.abc import Iterator

from thinc.api import warmup_linear

from spacy_hf_ner.errors import ConfigError

__all__ = ["make_warmup_linear_v1"]


def make_warmup_linear_v1(
    initial_rate: float, total_steps: int | str, warmup: float = 0.1
) -> Iterator[float]:
    """Return a rate that rises for a share of all steps, and then falls to zero at the last.

    ``total_steps = ${training.max_steps}`` makes the schedule as long as the run, whatever the
    command line says. ``nlp.initialize()`` and ``nlp.resume_training()`` resolve the optimizer
    without the other sections, so the reference reaches this function as text. No run is known
    then, and the rate is constant.

    Args:
        initial_rate: The highest rate.
        total_steps: The steps of the run, or an unresolved reference to them.
        warmup: The share of the steps in which the rate rises, in [0, 1).

    Raises:
        ConfigError: A value is out of its range.
    """
    if not 0.0 <= warmup < 1.0:
        raise ConfigError(
            f"warmup must be a share of all steps, in [0, 1), got {warmup}. It is no number of "
            "steps: warmup = 0.1 is a tenth of training.max_steps.",
            settings=("warmup",),
        )
    if isinstance(total_steps, str):
        _check_reference(total_steps)
        return itertools.repeat(initial_rate)
    if total_steps < 0:
        raise ConfigError(
            f"total_steps must be a number of steps, got {total_steps}.", settings=("total_steps",)
        )
    if total_steps == 0:
        warnings.warn(
            f"training.max_steps = 0: nobody knows where the run ends, so the learn rate stays at "
            f"{initial_rate:g} and does not fall. Set training.max_steps; `python -m spacy hf-ner "
            "init-config --train FILE --epochs N` counts the steps of epochs.",
            stacklevel=2,
        )
        return itertools.repeat(initial_rate)
    return iter(warmup_linear(initial_rate, round(warmup * total_steps), total_steps))


def _check_reference(text: str) -> None:
    if not text.startswith("${"):
        raise ConfigError(
            f"total_steps must be a number of steps or ${{training.max_steps}}, got {text!r}.",
            settings=("total_steps",),
        )
