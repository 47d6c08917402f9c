"""The settings of components, each described once: its name, type, default, meaning and range.

spaCy imports the factories, and with them this module, in every process: it imports next to
nothing. ``factory.py`` repeats names and types, because spaCy reads a factory's signature.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from difflib import get_close_matches
from numbers import Real
from typing import Any, Literal, get_args

from spacy_hf_ner.core.schemes import SCHEMES, SchemeChoice
from spacy_hf_ner.core.thresholds import Threshold
from spacy_hf_ner.errors import ConfigError

__all__ = [
    "Annotate",
    "Bias",
    "ClassWeights",
    "ClassifierSettings",
    "Decoder",
    "HFNerSettings",
    "HFTaggerSettings",
    "Loss",
    "Overwrite",
    "Threshold",
    "TokenAlignment",
    "check_bias",
    "check_loss",
    "check_setting",
    "check_threshold",
    "default_settings",
]

Annotate = Literal["ents", "spans"]
TokenAlignment = Literal["expand", "contract", "split"]
Bias = float | Mapping[str, float]
ClassWeights = Literal["balanced"] | Mapping[str, float] | None
Decoder = Literal["viterbi", "greedy"]
Loss = Literal["tokens", "chain"]
Overwrite = bool | Literal["overlapping"]

# Nats: e^100 outweighs whatever a network can say of one token.
_MAX_BIAS = 100.0

# What spaCy sets on components, besides what their class has.
_SET_BY_SPACY = frozenset({"cfg", "error_handler", "model", "name", "scorer", "vocab"})


# Components inherit from these classes, so that a setting is an attribute of its component. They
# are compared as objects (eq=False): spaCy's components are, and are hashed so.
@dataclass(eq=False, repr=False, kw_only=True)
class ClassifierSettings:
    """Settings of any component that trains a token classifier.

    Attributes:
        class_weights: Weights of tags in the loss: None, ``"balanced"`` (inverse frequency in the
            data that ``initialize`` gets), or a table per label.
        label_smoothing: Share of the target that is spread over all tags, in [0, 1).
        keep_checkpoint_labels: Keep the checkpoint's labels that the training data lacks.
        calibrated: Pass the scores through what ``calibrate`` fitted, if it was called.

    Raises:
        ConfigError: A setting is of the wrong type, or out of its range; here, and whenever it is
            set later. So is an attribute that the component does not have.
    """

    class_weights: ClassWeights = None
    label_smoothing: float = 0.0
    keep_checkpoint_labels: bool = False
    calibrated: bool = True

    def __setattr__(self, name: str, value: Any) -> None:  # noqa: ANN401 - of any attribute
        """Set an attribute, if it is one that somebody reads, to a value that it may have."""
        if name in self.list_settings():
            self.check_value(name, value)
        elif not (name.startswith("_") or name in _SET_BY_SPACY or hasattr(type(self), name)):
            raise ConfigError(_describe_unknown(name, self.list_settings()))
        super().__setattr__(name, value)

    @classmethod
    def list_settings(cls) -> tuple[str, ...]:
        """Return the names of the settings."""
        return tuple(field.name for field in fields(cls))

    @classmethod
    def check_value(cls, name: str, value: Any) -> None:  # noqa: ANN401 - of any setting
        """Check the type and the range of a setting.

        Raises:
            ConfigError: It has no such value.
        """
        check_setting(name, value)

    def read_settings(self) -> dict[str, Any]:
        """Return the settings with their present values."""
        return {name: getattr(self, name) for name in self.list_settings()}


@dataclass(eq=False, repr=False, kw_only=True)
class HFNerSettings(ClassifierSettings):
    """Settings of ``hf_ner``.

    Attributes:
        scheme: The tag scheme. ``"auto"``: the one stored with the model or recognised from its
            labels, and IOB2 for new heads.
        annotate: ``"ents"``: set ``doc.ents``, and the same spans with scores in
            ``doc.spans[spans_key]``; ``"spans"``: only the latter.
        alignment: What becomes of an entity that begins or ends inside of a token. ``"expand"``: it
            gets all tokens that it touches; ``"contract"``: those that lie inside of it as a whole,
            and where there is none it is in ``doc.spans`` only; ``"split"``: tokens are split at
            its borders.
        spans_key: The key in ``doc.spans``; None for the name of the component.
        decoder: ``"viterbi"``: the best legal tag path, with exact span posteriors as scores;
            ``"greedy"``: each token's best tag, with mean token probabilities.
        bias: What is added to the log score of each entity in decoding (over 0: of those that
            follow no other directly), or a table per entity type: over 0 more entities are found,
            under 0 fewer. Scores are posteriors under it.
        threshold: The lowest score that a span may have, in [0, 1], or a table of them per entity
            type. With ``annotate = "spans"`` every span whose posterior reaches it is returned,
            even where spans overlap.
        overwrite: What happens to entities that were set earlier. False: they are kept, and new
            entities are found only on the other tokens; ``"overlapping"``: those go that a new
            entity overlaps; True: all go.
        loss: What training makes small: ``"tokens"``: the cross-entropy of each token's tag;
            ``"chain"``: the negative log posterior of the gold path under the chain that decodes.
        incorrect_spans_key: The key in the gold Doc's ``spans`` of spans known to be wrong.
    """

    scheme: SchemeChoice = "auto"
    annotate: Annotate = "ents"
    alignment: TokenAlignment = "expand"
    spans_key: str | None = None
    decoder: Decoder = "viterbi"
    bias: Bias = 0.0
    threshold: Threshold = None
    overwrite: Overwrite = False
    loss: Loss = "tokens"
    incorrect_spans_key: str | None = None


@dataclass(eq=False, repr=False, kw_only=True)
class HFTaggerSettings(ClassifierSettings):
    """Settings of ``hf_tagger``.

    Attributes:
        target: Where a token's label is written: ``"pos"``, ``"tag"``, ``"morph"``, or the name of
            an extension, ``token._.NAME``.
        overwrite: Whether labels go that were set earlier; else they are kept.
    """

    target: str = "pos"
    overwrite: bool = False

    @classmethod
    def check_value(cls, name: str, value: Any) -> None:  # noqa: ANN401 - of any setting
        """Check the type and the range of a setting.

        Raises:
            ConfigError: It has no such value.
        """
        if name == "overwrite":
            _check_range(name, value, _FLAG)
        else:
            super().check_value(name, value)


@dataclass(frozen=True, slots=True)
class _Range:
    """What a setting may be: a test, and the same in words, which follow "must be"."""

    holds: Callable[[Any], bool]
    words: str


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


def _is_key(value: object) -> bool:
    return value is None or (isinstance(value, str) and value != "")


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value.isidentifier()


def _is_smoothing(value: Any) -> bool:  # noqa: ANN401 - whatever a setting was given
    return _is_number(value) and 0.0 <= value < 1.0


def _is_overwrite(value: object) -> bool:
    return _is_bool(value) or value == "overlapping"


def _is_threshold(value: Any) -> bool:  # noqa: ANN401 - whatever a setting was given
    if value is None:
        return True
    lowest_scores = value.values() if isinstance(value, Mapping) else [value]
    return all(_is_number(score) and 0.0 <= score <= 1.0 for score in lowest_scores)


def _is_bias(value: Any) -> bool:  # noqa: ANN401 - whatever a setting was given
    biases = value.values() if isinstance(value, Mapping) else [value]
    return all(_is_number(bias) and abs(bias) <= _MAX_BIAS for bias in biases)


def _is_weights(value: Any) -> bool:  # noqa: ANN401 - whatever a setting was given
    if value is None or value == "balanced":
        return True
    if not isinstance(value, Mapping):
        return False
    return all(_is_number(weight) and weight > 0 for weight in value.values())


def _one_of(*choices: str) -> _Range:
    """Return the range of a setting that has a few values."""
    quoted = [f'"{choice}"' for choice in choices]
    others = ", ".join(quoted[:-1])
    return _Range(lambda value: value in choices, f"{others} or {quoted[-1]}")


_KEY = _Range(_is_key, "the key of a span group, or None")
_FLAG = _Range(_is_bool, "true or false")
_RANGES: dict[str, _Range] = {
    "target": _Range(_is_name, '"pos", "tag", "morph", or the name of an extension of tokens'),
    "alignment": _one_of(*get_args(TokenAlignment)),
    "annotate": _one_of(*get_args(Annotate)),
    "decoder": _one_of(*get_args(Decoder)),
    "loss": _one_of(*get_args(Loss)),
    "spans_key": _KEY,
    "incorrect_spans_key": _KEY,
    "keep_checkpoint_labels": _FLAG,
    "calibrated": _FLAG,
    "overwrite": _Range(_is_overwrite, 'true, false or "overlapping"'),
    "label_smoothing": _Range(_is_smoothing, "in [0, 1)"),
    "bias": _Range(
        _is_bias,
        f"a number from -{_MAX_BIAS:g} to {_MAX_BIAS:g}, or a table of such numbers per entity "
        "type",
    ),
    "threshold": _Range(
        _is_threshold, "in [0, 1], or a table of such values per entity type, or None"
    ),
    "class_weights": _Range(
        _is_weights, 'None, "balanced", or a table with a positive number for some labels'
    ),
}


def check_setting(name: str, value: Any) -> None:  # noqa: ANN401 - of any setting
    """Check the type and the range of a setting, wherever it comes from.

    Raises:
        ConfigError: It has no such value.

    >>> check_setting("threshold", 0.5)
    """
    # Schemes are looked at when a setting is checked: the table can grow.
    expected = _one_of("auto", *SCHEMES) if name == "scheme" else _RANGES[name]
    _check_range(name, value, expected)


def _check_range(name: str, value: Any, expected: _Range) -> None:  # noqa: ANN401 - of any setting
    if expected.holds(value):
        return
    hint = ""
    if isinstance(value, str) and _is_written_number(value):
        hint = f" In quotes it is text, which compares with no number: set {name} = {value}."
    raise ConfigError(f"{name} must be {expected.words}, got {value!r}.{hint}", settings=(name,))


def _is_written_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _describe_unknown(name: str, settings: Sequence[str]) -> str:
    """Return what is wrong with an attribute that no component has."""
    close = get_close_matches(name, settings, n=1)
    meant = f" Did you mean {close[0]}?" if close else ""
    return (
        f"there is no setting {name!r}, so setting it would change nothing.{meant} The settings "
        f"are {', '.join(settings)}; those of the model are in the config."
    )


def check_threshold(threshold: Threshold, entity_types: Sequence[str] | None = None) -> None:
    """Check a threshold's range, and the types that it names.

    Args:
        threshold: The lowest score, or a table of lowest scores per entity type.
        entity_types: The entity types of the model; None where they are not known yet.

    Raises:
        ConfigError: A score is not in [0, 1], or the table names an unknown type.
    """
    check_setting("threshold", threshold)
    if entity_types is not None:
        _check_types("threshold", threshold, entity_types)


def check_bias(bias: Bias, entity_types: Sequence[str], *, decoder: Decoder) -> None:
    """Check a bias's range, the types that it names, and that something decodes with it.

    Args:
        bias: The bias, or a table per entity type.
        entity_types: The entity types of the model.
        decoder: How a tag path is chosen.

    Raises:
        ConfigError: A bias is out of range, the table names an unknown type, or the decoder knows
            no bias.
    """
    check_setting("bias", bias)
    _check_types("bias", bias, entity_types)
    is_set = any(bias.values()) if isinstance(bias, Mapping) else bool(bias)
    if is_set and decoder == "greedy":
        raise ConfigError(
            'a bias moves what decoder = "viterbi" finds; "greedy" takes the best tag of each '
            'token by itself, so it would change nothing. Set bias = 0, or decoder = "viterbi".',
            settings=("bias", "decoder"),
        )


def check_loss(
    loss: Loss, *, decoder: Decoder, class_weights: ClassWeights, label_smoothing: float
) -> None:
    """Check that the loss goes with what else is said of training.

    Args:
        loss: What training makes small.
        decoder: How a tag path is chosen.
        class_weights: Weights of tags.
        label_smoothing: Share of the target that is spread over all tags.

    Raises:
        ConfigError: The posterior of a path knows nothing of one of the others.
    """
    if loss == "tokens":
        return
    if decoder == "greedy":
        raise ConfigError(
            'loss = "chain" trains the path that decoder = "viterbi" finds; "greedy" takes the '
            'best tag of each token by itself. Set loss = "tokens", or decoder = "viterbi".',
            settings=("loss", "decoder"),
        )
    if class_weights is not None or label_smoothing > 0.0:
        raise ConfigError(
            f'loss = "chain" expects class_weights = null and label_smoothing = 0, got '
            f"{class_weights!r} and {label_smoothing:g}: they weigh and spread the target of each "
            'token, and there the target is a whole path. Set loss = "tokens", or leave them out.',
            settings=("loss", "class_weights", "label_smoothing"),
        )


def _check_types(name: str, value: object, entity_types: Sequence[str]) -> None:
    """Check that a setting, if it is a table, names types of the model only.

    Raises:
        ConfigError: It names another one.
    """
    if not isinstance(value, Mapping):
        return
    unknown = [str(key) for key in value if key not in entity_types]
    if unknown:
        raise ConfigError(
            f"{name} must name entity types of {', '.join(entity_types)}, got "
            f"{dict(value)}: the model has no {', '.join(unknown)}.",
            settings=(name,),
        )


def default_settings(settings: type[ClassifierSettings]) -> dict[str, Any]:
    """Return the default of each setting of a component, as spaCy's ``default_config`` takes it.

    >>> default_settings(HFTaggerSettings)["target"]
    'pos'
    """
    defaults = {field.name: field.default for field in fields(settings)}
    assert MISSING not in defaults.values()
    return defaults
