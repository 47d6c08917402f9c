"""What a config says about a model that owns a Hugging Face token classifier."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from types import UnionType
from typing import Any, Literal, get_args

from spacy_hf_ner.core.windows import check_window
from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.model.checkpoint import Checkpoint
from spacy_hf_ner.model.engines.precision import MixedPrecision
from spacy_hf_ner.model.engines.table import ENGINES, get_engine
from spacy_hf_ner.model.network import Attention
from spacy_hf_ner.model.reading.aggregation import AGGREGATIONS, Aggregation, SubwordLabels
from spacy_hf_ner.model.reading.layout import LabelUnit, Reading
from spacy_hf_ner.model.reading.limits import Limits

__all__ = ["DEFAULT_WINDOW", "LONGEST_DEFAULT_WINDOW", "Context", "LabelUnitChoice", "Settings"]

Context = Literal["document", "sentence"]
LabelUnitChoice = Literal["auto", LabelUnit]

DEFAULT_WINDOW = 128  # subwords, where neither the config nor the checkpoint names a number
# The same for networks that reach further by sliding windows: attention to more costs too much.
LONGEST_DEFAULT_WINDOW = 1024

# What these settings may be. Tables are looked at when a setting is checked: they can grow.
_CHOICES: dict[str, Collection[str]] = {
    "aggregation": AGGREGATIONS,
    "subword_labels": get_args(SubwordLabels),
    "label_unit": get_args(LabelUnitChoice),
    "context": get_args(Context),
    "backend": ENGINES,
    "mixed_precision": get_args(MixedPrecision),
    "attention": get_args(Attention),
}

# Settings of which null leaves the choice to the checkpoint.
_LEFT_TO_CHECKPOINTS = {"aggregation", "subword_labels"}

# The type of a number, as a config lets numbers in quotes pass, its range, and both in words.
_NUMBERS: dict[str, tuple[type | UnionType, Callable[[Any], bool], str]] = {
    "window": (int | None, lambda n: n >= 2, "an integer of 2 or more, or null"),  # noqa: PLR2004 - as it says
    "overlap": (int | None, lambda n: n >= 0, "an integer of 0 or more, or null"),
    "dropout": (float | int | None, lambda rate: 0.0 <= rate < 1.0, "a number in [0, 1), or null"),
    "head_learn_rate": (float | int, lambda factor: factor > 0.0, "a number greater than 0"),
    "layer_decay": (float | int, lambda factor: 0.0 < factor <= 1.0, "a number in (0, 1]"),
    "frozen_layers": (int, lambda n: n >= -1, "an integer of -1 or more"),
    "unfreeze_every": (int, lambda n: n >= 0, "an integer of 0 or more"),
}


_FLAGS = ("mark_case", "gradient_checkpointing", "allow_pickle")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the config says about a model. It is never saved with the weights: the config is.

    For the meaning of each see
    :func:`spacy_hf_ner.pipe.architectures.make_hf_token_classifier_v1`.

    Raises:
        ConfigError: A value is out of its range, or contradicts another.
    """

    name: str
    revision: str | None = None
    labels: tuple[str, ...] | None = None
    aggregation: Aggregation | None = None
    subword_labels: SubwordLabels | None = None
    label_unit: LabelUnitChoice = "auto"
    window: int | None = None
    overlap: int | None = None
    context: Context = "document"
    backend: str = "torch"
    precision: str = "auto"
    mixed_precision: MixedPrecision = "auto"
    attention: Attention = "auto"
    dropout: float | None = None
    mark_case: bool = False
    head_learn_rate: float = 1.0
    layer_decay: float = 1.0
    frozen_layers: int = 0
    unfreeze_every: int = 0
    gradient_checkpointing: bool = False
    allow_pickle: bool = False
    check_sizes: bool = True

    def __post_init__(self) -> None:
        for setting, choices in _CHOICES.items():
            value = getattr(self, setting)
            allowed: Collection[str | None] = choices
            if setting in _LEFT_TO_CHECKPOINTS:
                allowed = (None, *choices)
            is_name = value is None or isinstance(value, str)
            if not is_name or value not in allowed:
                expected = _list_choices(allowed)
                raise ConfigError(
                    f"{setting} must be {expected}, got {value!r}.", settings=(setting,)
                )
        for setting, (kind, is_in_range, expected) in _NUMBERS.items():
            value = getattr(self, setting)
            is_right_kind = isinstance(value, kind)
            if not is_right_kind or (value is not None and not is_in_range(value)):
                raise ConfigError(
                    f"{setting} must be {expected}, got {value!r}.", settings=(setting,)
                )
        for setting in _FLAGS:
            value = getattr(self, setting)
            if not isinstance(value, bool):
                raise ConfigError(
                    f"{setting} must be true or false, got {value!r}.", settings=(setting,)
                )
        precisions = get_engine(self.backend).precisions
        if self.precision not in precisions:
            raise ConfigError(
                f"expected precision = {_list_choices(precisions)} with "
                f'backend = "{self.backend}", got {self.precision!r}.',
                settings=("precision", "backend"),
            )

    def choose_label_unit(self, checkpoint: Checkpoint) -> LabelUnit:
        """Return what the labels of a checkpoint run over."""
        if self.label_unit == "auto":
            return checkpoint.label_unit or "token"
        return self.label_unit

    def choose_reading(self, checkpoint: Checkpoint) -> Reading:
        """Return how texts are cut into windows for a checkpoint.

        Raises:
            ConfigError: The window does not fit the network, or the overlap the window.
        """
        limit = checkpoint.limits.max_subwords
        window = self.window or checkpoint.window or _choose_window(checkpoint.limits)
        overlap = window // 4 if self.overlap is None else self.overlap
        check_window(window, overlap, limit=limit, name=checkpoint.name)
        return Reading(window, overlap, by_sentence=self.context == "sentence")


def _choose_window(limits: Limits) -> int:
    """Return the window of a checkpoint that nobody has given one.

    A network in which each layer sees only neighbours was made for long texts: in a window that is
    shorter than its layers reach together, much of what they are used to see is cut off.
    """
    reach = limits.reach or 0
    window = min(max(reach, DEFAULT_WINDOW), LONGEST_DEFAULT_WINDOW)
    return min(window, limits.max_subwords)


def _list_choices(choices: Collection[str | None]) -> str:
    """Return choices as they are written in a config.

    >>> _list_choices((None, "first", "all"))
    'null, "first" or "all"'
    """
    written = ["null" if choice is None else f'"{choice}"' for choice in choices]
    if len(written) == 1:
        return written[0]
    return ", ".join(written[:-1]) + f" or {written[-1]}"
