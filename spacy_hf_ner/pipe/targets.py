"""What an Example teaches: a tag for each token as the pipeline tokenises the text, and spans known to be wrong."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from spacy.errors import Errors
from spacy.training import Example

from spacy_hf_ner.core.alignment import Units
from spacy_hf_ner.core.arrays import Ints
from spacy_hf_ner.core.labels import TagSet, make_tag_set, read_labels
from spacy_hf_ner.core.schemes import OUTSIDE, SCHEMES, Scheme, Tag, get_scheme
from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.core.tags import write_tags
from spacy_hf_ner.errors import ConfigError, TagError
from spacy_hf_ner.model.training.loss import MISSING, Targets

logger = logging.getLogger("spacy_hf_ner")

NEW_HEAD_SCHEME = SCHEMES["IOB2"]

ClassWeights = Literal["balanced"] | Mapping[str, float] | None


WrongPath = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class TokenTargets:
    """What gold says of the tokens of a Doc.

    Attributes:
        tags: The column of each token's gold tag, or -1 where the annotation is missing.
            Shape: (n_tokens,).
        wrong_paths: Runs of (token, column) that together name a span known to be wrong.
    """

    tags: Ints
    wrong_paths: Sequence[WrongPath] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to learn."""
        return not self.wrong_paths and bool((self.tags == MISSING).all())

    def of_units(self, units: Units) -> Targets:
        """Return what gold says of the units of the same Doc; paths need a unit for each token."""
        unit_of_token = np.full(len(self.tags), -1, dtype=np.int64)
        unit_of_token[units.token_i] = np.arange(len(units))
        wrong_paths: list[WrongPath] = []
        for path in self.wrong_paths:
            unit_path = tuple((int(unit_of_token[token_i]), column) for token_i, column in path)
            if all(unit >= 0 for unit, _ in unit_path):
                wrong_paths.append(unit_path)
        return Targets(self.tags[units.token_i], wrong_paths)


def read_targets(
    example: Example, tag_set: TagSet, *, incorrect_spans_key: str | None = None
) -> TokenTargets:
    """Return what an Example teaches.

    Missing annotation (``-``, tokens whose gold entity cannot be aligned, Docs without any) has no tag.

    Args:
        example: The Example; gold comes from its reference, tokens from its predicted Doc.
        tag_set: The tags of the model.
        incorrect_spans_key: The key in the reference's ``spans`` of spans known to be wrong.

    Raises:
        TagError: A gold entity has a type that the model does not know.
        ValueError: A gold entity is marked as wrong as well (spaCy's E868).
    """
    biluo = example.get_aligned_ner()
    tags = np.full(len(biluo), MISSING, dtype=np.int64)
    for i, text in enumerate(biluo):
        if text:
            tags[i] = _find_column(
                _read_biluo(text, tag_set.scheme, before=biluo[i - 1] if i else None), tag_set
            )
    return TokenTargets(tags, _find_wrong_paths(example, tag_set, incorrect_spans_key))


def find_entity_types(examples: Iterable[Example]) -> list[str]:
    """Return the entity types in the gold annotation of examples, sorted.

    Raises:
        ValueError: A type begins with ``!``, spaCy 2's way to mark wrong spans (spaCy's E869).
    """
    types = {ent.label_ for example in examples for ent in example.reference.ents}
    for entity_type in types:
        if entity_type.startswith("!"):
            raise ValueError(Errors.E869.format(label=entity_type))
    return sorted(types - {""})


def merge_types(
    types: Iterable[str], known: TagSet | None, *, keep_known: bool, name: str
) -> list[str]:
    """Return the entity types to train: those wanted, and those that the checkpoint knows besides if they are kept.

    Args:
        types: The types wanted.
        known: The tags of the checkpoint, or None if its head was never trained.
        keep_known: Keep types that are not wanted; else what is dropped is logged.
        name: The component's name, for the log.
    """
    wanted = list(dict.fromkeys(types))
    extra = [t for t in known.entity_types if t not in wanted] if known else []
    if extra and not keep_known:
        logger.warning(
            "%s: the checkpoint's entity types %s are not in the training data and are dropped. "
            "Set keep_checkpoint_labels = true to keep them.",
            name,
            ", ".join(extra),
        )
    return [*wanted, *extra] if keep_known else wanted


def choose_tag_set(types: Sequence[str], *, known: TagSet | None, scheme: str) -> TagSet:
    """Return the tags to train: the checkpoint's own, if they can be read in the scheme and lack none, else new ones.

    Args:
        types: The entity types wanted; none are those of the checkpoint, in whatever tags it has for them.
        known: The tags of the checkpoint, or None if its head was never trained.
        scheme: A scheme's name, or ``"auto"`` for the checkpoint's own.

    >>> choose_tag_set(["PER"], known=read_labels(["O", "I-PER"]), scheme="IOB2").labels
    ('O', 'B-PER', 'I-PER')
    """
    if known is None:
        return make_tag_set(types, NEW_HEAD_SCHEME if scheme == "auto" else get_scheme(scheme))
    own = _read_in_scheme(known, scheme)
    if own is not None:
        needed = make_tag_set(types, own.scheme)
        if not types or (
            own.entity_types == needed.entity_types and own.columns.keys() >= needed.columns.keys()
        ):
            return own
    default = NEW_HEAD_SCHEME if known.scheme.lenient else known.scheme  # IOB1 or IOB2? IOB2
    return make_tag_set(
        types or known.entity_types, default if scheme == "auto" else get_scheme(scheme)
    )


def _read_in_scheme(known: TagSet, scheme: str) -> TagSet | None:
    """Return the same columns in another scheme, or None if they cannot be read in it."""
    if scheme in ("auto", known.scheme.name):
        return known
    try:
        return read_labels(known.labels, scheme=scheme)
    except TagError:
        return None


def resolve_class_weights(
    class_weights: ClassWeights, tag_set: TagSet, get_examples: Callable[[], Iterable[Example]]
) -> list[float] | None:
    """Return the weight of each tag in the loss, or None where all are alike.

    ``"balanced"``: inverse to a tag's frequency in the data, "O" included, with a mean of 1; tags that the data lacks
    get 1. A table per entity type applies to all tags of the type, "O" being named so.

    Raises:
        ConfigError: The table names an unknown type, or a weight is not positive.
    """
    if class_weights is None:
        return None
    if class_weights == "balanced":
        counts: Counter[int] = Counter()
        for example in get_examples():
            counts.update(read_targets(example, tag_set).tags.tolist())
        seen = [k for k in range(len(tag_set)) if counts[k]]
        inverse = {k: 1.0 / counts[k] for k in seen}
        mean = sum(inverse.values()) / max(len(seen), 1)
        return [inverse[k] / mean if k in inverse else 1.0 for k in range(len(tag_set))]
    unknown = sorted(set(class_weights) - {*tag_set.entity_types, "O"})
    if unknown or not all(weight > 0 for weight in class_weights.values()):
        raise ConfigError(
            f"class_weights must give positive weights to entity types of {', '.join(tag_set.entity_types)} or O, "
            f"got {dict(class_weights)}."
        )
    return [float(class_weights.get(tag.entity_type or "O", 1.0)) for tag in tag_set.tags]


def find_class_weights(
    class_weights: ClassWeights, tag_set: TagSet, *, resolved: Sequence[float] | None
) -> npt.NDArray[np.float32] | None:
    """Return the weight of each tag in the loss; tags that were added since the others were counted get 1.

    A table per entity type can be applied at any time, so that training may go on with another one.

    Args:
        class_weights: The setting.
        tag_set: The tags of the model.
        resolved: What :func:`resolve_class_weights` returned in ``initialize``; None if that was not called.

    Raises:
        ConfigError: The table has no sense, or the frequencies that balanced weights need were never counted.
    """
    if class_weights is None:
        return None
    if class_weights != "balanced":
        resolved = resolve_class_weights(class_weights, tag_set, tuple)
    if resolved is None:
        raise ConfigError(
            'class_weights = "balanced" expects the frequencies of the tags, got none: nlp.initialize, which counts '
            "them, was not called. Call it before training, or give a table per entity type."
        )
    return np.array([*resolved, *[1.0] * (len(tag_set) - len(resolved))], dtype=np.float32)


def _read_biluo(text: str, scheme: Scheme, *, before: str | None) -> Tag:
    """Return the tag that spaCy's BILUO tag is in another scheme."""
    prefix, _, entity_type = text.partition("-")
    if not entity_type:
        return OUTSIDE
    touches = before is not None and before[:2] in ("L-", "U-") and before[2:] == entity_type
    position, length = {"U": (0, 1), "B": (0, 2), "I": (1, 3), "L": (1, 2)}[prefix]
    return Tag(scheme.role(position, length, touches=touches), entity_type)


def _find_column(tag: Tag, tag_set: TagSet) -> int:
    if tag not in tag_set.columns:
        known = ", ".join(tag_set.entity_types) or "none"
        raise TagError(
            f"a gold entity has the type {tag.entity_type!r}, but the model knows {known} (and no tag {str(tag)!r}). "
            "Call add_label before training, or initialize with data that has all types."
        )
    return tag_set.columns[tag]


def _find_wrong_paths(
    example: Example, tag_set: TagSet, key: str | None
) -> Sequence[tuple[tuple[int, int], ...]]:
    """Return, for each span known to be wrong, the tags that would name it."""
    if key is None or key not in example.reference.spans:
        return ()
    gold = {(ent.start_char, ent.end_char, ent.label_) for ent in example.reference.ents}
    wrong = example.reference.spans[key]
    for span in wrong:
        if (span.start_char, span.end_char, span.label_) in gold:
            raise ValueError(Errors.E868.format(span=(span.start, span.end), label=span.label_))
    paths = []
    for span in example.get_aligned_spans_y2x(wrong, allow_overlap=True):
        if span.label_ in tag_set.entity_types:
            n_tokens = span.end - span.start
            tags = write_tags([TokenSpan(0, n_tokens, span.label_)], n_tokens, tag_set.scheme)
            paths.append(
                tuple((span.start + i, _find_column(tag, tag_set)) for i, tag in enumerate(tags))
            )
    return paths
