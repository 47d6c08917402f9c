"""Learn rates with which nothing can be learned, named as soon as they are used."""

import logging

from thinc.api import Optimizer

from spacy_hf_ner.model.training.torch_optimizer import TorchOptimizer

__all__ = ["RateWatch"]

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

    def look_at(self, sgd: object, *, bears: float) -> None:
        """Name the rate of a step if it cannot work.

        Args:
            sgd: What steps the weights; a callable, which ``nlp.rehearse`` passes, has no rate.
            bears: The highest rate that the model bears.
        """
        if self._is_done or not isinstance(sgd, Optimizer):
            return
        rate = float(sgd.learn_rate)
        self._n_at_zero += 1
        if rate > 0.0:
            self._n_at_zero = 0
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
        elif rate > bears and _moves_by_rate(sgd):
            self._is_done = True
            logger.warning(
                "%s: the learn rate is %g, and a transformer bears %g at most: beyond it, it loses "
                "what it has learned before, and finds nothing. Give update a rate of its own: "
                "nlp.update(examples, sgd=thinc.api.Adam(1e-4)).",
                self._name,
                rate,
                bears,
            )


def _moves_by_rate(sgd: Optimizer) -> bool:
    """Tell whether a step moves a weight by about the learn rate, however large its gradient is.

    Adam and its kin do. With SGD, which does not, transformers bear rates a thousand times as high.
    """
    if isinstance(sgd, TorchOptimizer):
        return sgd.moves_by_rate
    return bool(sgd.use_radam or (sgd.b1 and sgd.b2))
