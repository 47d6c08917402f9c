"""A network that is no longer made of numbers: said, rather than taken for one that learns nothing.

In rows, NaN means that no subword speaks for a unit, which teaches nothing. So the loss of a
network whose weights have overflowed would be 0, the best that there is.
"""

from spacy_hf_ner.errors import TrainingError

__all__ = ["explain_divergence"]


def explain_divergence(name: str) -> TrainingError:
    """Return the error that says why a network gives no numbers.

    Args:
        name: What the network is called.
    """
    return TrainingError(
        f"{name}: expected numbers from the network in training, got NaN: its weights have grown "
        "out of all bounds, mostly because the learn rate is too high, and nothing brings them "
        "back. Load the pipeline as it was before, and train it with a lower learn rate "
        "(`hf-ner find-rate` suggests one)."
    )
