"""Learn rates with which nothing can be learned, named as soon as they are used.

And one with which something can, in the config of a saved pipeline. spaCy imports this module
where a config names the callback.
"""

import logging
from collections.abc import Callable
from typing import Any

from spacy.language import Language
from thinc.api import Optimizer

from spacy_hf_ner.errors import ConfigError

__all__ = ["RateWatch", "make_constant_rate_v1"]

logger = logging.getLogger("spacy_hf_ner")

_MAX_STEPS_AT_ZERO = 3  # a schedule may begin or end at zero


class RateWatch:
    """Looks at the learn rate of each step, and names one that cannot work, once.

    Args:
        name: The name of the component.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._n_at_zero = 0
        self._is_done = False

    def look_at(self, sgd: Any, *, bears: float) -> None:  # noqa: ANN401 - spaCy passes callables, too
        """Name the rate of a step if it cannot work.

        Args:
            sgd: What steps the weights.
            bears: The highest rate that the model bears.
        """
        if self._is_done or not isinstance(sgd, Optimizer):
            return
        rate = float(sgd.learn_rate)
        self._n_at_zero = self._n_at_zero + 1 if rate == 0.0 else 0
        if self._n_at_zero == _MAX_STEPS_AT_ZERO:
            self._is_done = True
            logger.warning(
                "%s: the learn rate was 0 in the last %d updates, so nothing is learned: the "
                "optimizer has a schedule that begins or ends at 0, and that only `spacy train` "
                "steps. Give update a rate of its own: "
                "nlp.update(examples, sgd=thinc.api.Adam(1e-4)).",
                self._name,
                _MAX_STEPS_AT_ZERO,
            )
        elif rate > bears:
            self._is_done = True
            logger.warning(
                "%s: the learn rate is %g, and a transformer bears %g at most: beyond it, it loses "
                "what it has learned before, and finds nothing. Give update a rate of its own: "
                "nlp.update(examples, sgd=thinc.api.Adam(1e-4)).",
                self._name,
                rate,
                bears,
            )


def make_constant_rate_v1(learn_rate: float = 1e-4) -> Callable[[Language], Language]:
    """Return a callback for ``[training.before_to_disk]``.

    It gives the config of the saved pipeline a constant rate. A schedule of a rate begins at 0 and
    is stepped by ``spacy train`` alone, so with it ``nlp.resume_training`` returns an optimizer
    that never learns.

    Args:
        learn_rate: The rate; half of the highest one in training is a good one.

    Raises:
        ConfigError: The rate is not over 0.
    """
    if not learn_rate > 0:
        raise ConfigError(
            f"learn_rate must be over 0, got {learn_rate!r}: with 0 nothing is learned.",
            settings=("learn_rate",),
        )

    def set_rate(nlp: Language) -> Language:
        """Change the config alone: the optimizer of a training that goes on keeps its schedule."""
        nlp.config["training"]["optimizer"]["learn_rate"] = learn_rate
        return nlp

    return set_rate
