"""The settings of components, each described once: its name, type, default, meaning and range.

spaCy imports the factories, and with them this module, in every process: it imports next to
nothing. ``factory.py`` repeats names and types, because spaCy reads a factory's signature.
"""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any, Literal

from spacy_hf_ner.core.schemes import SchemeChoice
from spacy_hf_ner.errors import ConfigError

__all__ = [
    "Annotate",
    "ClassWeights",
    "ClassifierSettings",
    "Decoder",
    "HFNerSettings",
    "Threshold",
    "check_threshold",
    "default_settings",
]

Annotate = Literal["ents", "spans"]
ClassWeights = Literal["balanced"] | Mapping[str, float] | None
Decoder = Literal["viterbi", "greedy"]
Threshold = float | Mapping[str, float] | None


# Components inherit from these classes, so that a setting is an attribute of its component. They
# are compared as objects (eq=False): spaCy's components are, and are hashed so.
@dataclass(eq=False, repr=False, kw_only=True)
class ClassifierSettings:
    """Settings of any component that trains a token classifier.

    Attributes:
        scheme: The tag scheme. ``"auto"``: the one stored with the model or recognised from its
            labels, and IOB2 for new heads.
        class_weights: Weights of tags in the loss: None, ``"balanced"`` (inverse frequency in the
            data that ``initialize`` gets), or a table per entity type.
        label_smoothing: Share of the target that is spread over all tags, in [0, 1).
        keep_checkpoint_labels: Keep the checkpoint's labels that the training data lacks.
    """

    scheme: SchemeChoice = "auto"
    class_weights: ClassWeights = None
    label_smoothing: float = 0.0
    keep_checkpoint_labels: bool = False

    def __post_init__(self) -> None:
        if not 0.0 <= self.label_smoothing < 1.0:
            raise ConfigError(
                f"label_smoothing must be in [0, 1), got {self.label_smoothing}.",
                settings=("label_smoothing",),
            )


@dataclass(eq=False, repr=False, kw_only=True)
class HFNerSettings(ClassifierSettings):
    """Settings of ``hf_ner``.

    Attributes:
        annotate: ``"ents"``: set ``doc.ents``, and the same spans with scores in
            ``doc.spans[spans_key]``; ``"spans"``: only the latter.
        spans_key: The key in ``doc.spans``. Components that set entities may share one.
        decoder: ``"viterbi"``: the best legal tag path, with exact span posteriors as scores;
            ``"greedy"``: each token's best tag, with mean token probabilities.
        threshold: The lowest score that a span may have, in [0, 1], or a table of them per entity
            type. With ``annotate = "spans"`` every span whose posterior reaches it is returned,
            even where spans overlap.
        overwrite: Replace entities that were set earlier. By default they are kept, and new
            entities are found only on the other tokens.
        incorrect_spans_key: The key in the gold Doc's ``spans`` of spans known to be wrong.
        calibrated: Pass the scores through what ``calibrate`` fitted, if it was called.
    """

    annotate: Annotate = "ents"
    spans_key: str = "hf_ner"
    decoder: Decoder = "viterbi"
    threshold: Threshold = None
    overwrite: bool = False
    incorrect_spans_key: str | None = None
    calibrated: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_threshold(self.threshold)


def check_threshold(threshold: Threshold, entity_types: Sequence[str] | None = None) -> None:
    """Check a threshold's range, and the types that it names.

    Args:
        threshold: The lowest score, or a table of lowest scores per entity type.
        entity_types: The entity types of the model; None where they are not known yet.

    Raises:
        ConfigError: A score is not in [0, 1], or the table names an unknown type.
    """
    if isinstance(threshold, Mapping):
        lowest_scores = list(threshold.values())
    else:
        lowest_scores = [threshold or 0.0]
    if not all(0.0 <= score <= 1.0 for score in lowest_scores):
        raise ConfigError(
            "threshold must be in [0, 1], or a table of such values per entity type, got "
            f"{threshold!r}.",
            settings=("threshold",),
        )
    if not isinstance(threshold, Mapping) or entity_types is None:
        return
    if not set(threshold).issubset(entity_types):
        raise ConfigError(
            f"threshold must name entity types of {', '.join(entity_types)}, got "
            f"{dict(threshold)}.",
            settings=("threshold",),
        )


def default_settings(settings: type[ClassifierSettings]) -> dict[str, Any]:
    """Return the default of each setting of a component, as spaCy's ``default_config`` takes it.

    >>> default_settings(ClassifierSettings)["scheme"]
    'auto'
    """
    defaults = {field.name: field.default for field in fields(settings)}
    assert MISSING not in defaults.values()
    return defaults
