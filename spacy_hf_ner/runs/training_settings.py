"""What a config says of its training, resolved as spaCy's own loop does before its first step."""

from dataclasses import dataclass
from typing import Any

from spacy.language import Language
from spacy.schemas import ConfigSchemaTraining
from spacy.util import registry, resolve_dot_names
from thinc.api import Optimizer, fix_random_seed, set_gpu_allocator

__all__ = ["TrainingSettings", "begin_training"]


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """The settings of a training, and what they name.

    Attributes:
        values: The section ``[training]``, with its objects made.
        train_corpus: The reader of the training data.
        dev_corpus: The reader of the data that evaluations are made on.
    """

    values: dict[str, Any]
    train_corpus: Any
    dev_corpus: Any

    @property
    def optimizer(self) -> Optimizer:
        """The optimizer, at its first step."""
        optimizer: Optimizer = self.values["optimizer"]
        return optimizer


def begin_training(nlp: Language, *, use_gpu: int = -1) -> TrainingSettings:
    """Seed the random numbers as a pipeline's config says, and return its settings of training.

    Args:
        nlp: The pipeline, initialized.
        use_gpu: GPU number, or -1 for the CPU.
    """
    config = nlp.config.interpolate()
    training = config["training"]
    # First of all: what is resolved may draw from them.
    if training["seed"] is not None:
        fix_random_seed(training["seed"])
    if use_gpu >= 0 and training["gpu_allocator"]:
        set_gpu_allocator(training["gpu_allocator"])
    values: dict[str, Any] = registry.resolve(training, schema=ConfigSchemaTraining)
    names = [values["train_corpus"], values["dev_corpus"]]
    train_corpus, dev_corpus = resolve_dot_names(config, names)
    return TrainingSettings(values, train_corpus, dev_corpus)
