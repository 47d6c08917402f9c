"""What a config says about a model that owns a Hugging Face token classifier."""

from collections.abc import Callable
from dataclasses import dataclass
from types import UnionType
from typing import Any, Literal

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.model.checkpoint import Attention
from spacy_hf_ner.model.engines.choice import BackendName
from spacy_hf_ner.model.engines.torch_engine import MixedPrecision, Precision
from spacy_hf_ner.model.reading.aggregation import Aggregation, SubwordLabels

# The type of a setting, as a config lets numbers in quotes pass, its range, and both in words.
_NUMBERS: dict[str, tuple[type | UnionType, Callable[[Any], bool], str]] = {
    "window": (int | None, lambda n: n >= 2, "an integer of 2 or more, or null"),  # noqa: PLR2004 - as it says
    "overlap": (int | None, lambda n: n >= 0, "an integer of 0 or more, or null"),
    "dropout": (float | int | None, lambda rate: 0.0 <= rate < 1.0, "a number in [0, 1), or null"),
    "head_learn_rate": (float | int, lambda factor: factor > 0.0, "a number greater than 0"),
    "frozen_layers": (int, lambda n: n >= -1, "an integer of -1 or more"),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What the config says about a model. It is never saved with the weights: the config is.

    For the meaning of each see :func:`spacy_hf_ner.pipe.architectures.make_hf_token_classifier_v1`.

    Raises:
        ConfigError: A value is out of its range, or contradicts another.
    """

    name: str
    revision: str | None = None
    labels: tuple[str, ...] | None = None
    aggregation: Aggregation = "first"
    subword_labels: SubwordLabels | None = None
    window: int | None = None
    overlap: int | None = None
    context: Literal["document", "sentence"] = "document"
    backend: BackendName = "torch"
    precision: Precision = "auto"
    mixed_precision: MixedPrecision = "auto"
    attention: Attention = "auto"
    dropout: float | None = None
    mark_case: bool = False
    head_learn_rate: float = 1.0
    frozen_layers: int = 0
    allow_pickle: bool = False

    def __post_init__(self) -> None:
        for name, (kind, is_in_range, expected) in _NUMBERS.items():
            value = getattr(self, name)
            if not isinstance(value, kind) or (value is not None and not is_in_range(value)):
                raise ConfigError(f"{name} must be {expected}, got {value!r}.")
        if self.backend == "onnx" and self.precision not in {"auto", "fp32"}:
            raise ConfigError(
                f'expected precision = "auto" or "fp32" with backend = "onnx", got {self.precision!r}.'
            )
