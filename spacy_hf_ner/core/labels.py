"""A checkpoint's labels ⇄ tags: which prefix, which entity type, which scheme, which label means "outside"."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from spacy_hf_ner.core.schemes import OUTSIDE, SCHEMES, Scheme, Tag, get_scheme, scheme_of_prefixes
from spacy_hf_ner.errors import CheckpointError, TagError

# Labels that publishers of checkpoints use for "no entity". "O" wins; another name counts only where there is no "O".
OUTSIDE_NAMES = ("O", "OUT", "OUTSIDE", "NONE", "NIL", "NO_ENTITY", "OTHER", "_", "-", "0")
# Labels of padding and special tokens: never an entity type.
PADDING_NAMES = frozenset({"PAD", "[PAD]", "<PAD>", "[CLS]", "[SEP]", "<S>", "</S>", "X_PAD"})

_PREFIXED = tuple(re.compile(f"([BIELMSU]){separator}(.+)") for separator in "-_")
_UNNAMED = re.compile(r"LABEL_\d+")


@dataclass(frozen=True, slots=True)
class TagSet:
    """The tags that a model scores, in the order of its columns.

    Attributes:
        tags: One tag for each column. Several columns may mean "outside".
        scheme: The scheme the tags are in.
    """

    tags: tuple[Tag, ...]
    scheme: Scheme

    def __len__(self) -> int:
        return len(self.tags)

    @property
    def entity_types(self) -> tuple[str, ...]:
        """The entity types, in the order of their first tag."""
        return tuple(dict.fromkeys(tag.entity_type for tag in self.tags if tag.entity_type))

    @property
    def labels(self) -> tuple[str, ...]:
        """The tags as text, such as ``"B-PER"``."""
        return tuple(str(tag) for tag in self.tags)


def make_tag_set(entity_types: Iterable[str], scheme: Scheme) -> TagSet:
    """Return the tag set of a model that is to be trained: "O", then each type's tags.

    Raises:
        TagError: An entity type is empty, or named twice.

    >>> make_tag_set(["PER"], SCHEMES["IOB2"]).labels
    ('O', 'B-PER', 'I-PER')
    """
    types = list(entity_types)
    if len(set(types)) != len(types) or not all(types):
        raise TagError(f"entity types must be distinct and not empty, got {types}.")
    return TagSet((OUTSIDE, *(Tag(p, t) for t in types for p in scheme.prefixes)), scheme)


def add_entity_type(tag_set: TagSet, entity_type: str) -> TagSet:
    """Return a tag set with one more type, whose columns come after all others.

    >>> add_entity_type(make_tag_set(["PER"], SCHEMES["IO"]), "LOC").labels
    ('O', 'I-PER', 'I-LOC')
    """
    new = tuple(Tag(prefix, entity_type) for prefix in tag_set.scheme.prefixes)
    return TagSet((*tag_set.tags, *new), tag_set.scheme)


def read_labels(labels: Sequence[str], *, scheme: str = "auto") -> TagSet:
    """Return the tag set that a checkpoint's labels describe.

    Labels are prefixed with one separator (``B-PER``, else ``B_PER``) and the prefixes of one scheme; a type may hold
    further hyphens. Where none are, they are bare types and the scheme is IO. Where only some are, the bare ones
    count as inside tags, or, in a scheme where those cannot start an entity, as tags of single tokens.

    Args:
        labels: The labels in the order of the model's columns.
        scheme: A scheme's name, or ``"auto"`` to tell it from the prefixes.

    Raises:
        CheckpointError: The labels are placeholders such as ``LABEL_0``.
        TagError: The prefixes do not fit the named scheme, or leave a type that it could never start or end.

    >>> read_labels(["O", "B-creative-work", "I-creative-work"]).tags[1]
    Tag(prefix='B', entity_type='creative-work')
    >>> read_labels(["OUT", "date-time"]).tags
    (Tag(prefix='O', entity_type=''), Tag(prefix='I', entity_type='date-time'))
    """
    if labels and all(_UNNAMED.fullmatch(label) for label in labels):
        raise CheckpointError(
            f"the checkpoint names its {len(labels)} labels {labels[0]} … {labels[-1]}, which says nothing about "
            'entities. Name them in the order of the ids, e.g. labels = ["O", "B-PER", "I-PER", …].'
        )
    outside = _outside_labels(labels)
    prefixed, found = _read_prefixes([label for label in labels if label not in outside])
    chosen = found if scheme == "auto" else get_scheme(scheme)
    bare = chosen.inside if chosen.can_start(chosen.inside) else chosen.single
    known = dict.fromkeys(outside, OUTSIDE) | prefixed
    tag_set = TagSet(tuple(known.get(label) or Tag(bare, label) for label in labels), chosen)
    _check_tags(tag_set, found)
    return tag_set


def _outside_labels(labels: Sequence[str]) -> set[str]:
    """Return the labels that mean "no entity": the first known outside name, and those of padding."""
    outside = {label for label in labels if label.upper() in PADDING_NAMES}
    for name in OUTSIDE_NAMES:
        found = [label for label in labels if label.upper() == name]
        if found:
            return outside | set(found)
    return outside


def _read_prefixes(labels: Sequence[str]) -> tuple[dict[str, Tag], Scheme]:
    """Return the tags of the labels that are prefixed, and their scheme; none and IO where all are bare types.

    What looks like a prefix is one if each type has a prefix that may start an entity, and, beside bare types, one of
    them is "B": ``E_MAIL`` or ``I_BAN`` beside ``PHONE`` is a bare type; ``B-PER`` and ``I-PER`` beside ``DATE`` are
    prefixed.
    """
    for pattern in _PREFIXED:
        tags = {label: Tag(match[1], match[2]) for label in labels if (match := pattern.fullmatch(label))}
        found = scheme_of_prefixes(tag.prefix for tag in tags.values())
        starting = {tag.entity_type for tag in tags.values() if tag.prefix in "BISU"}
        if found is None or starting != {tag.entity_type for tag in tags.values()}:
            continue
        if len(tags) == len(labels) or any(tag.prefix == "B" for tag in tags.values()):
            return tags, found
    return {}, SCHEMES["IO"]


def _check_tags(tag_set: TagSet, found: Scheme) -> None:
    """Check that a scheme other than the one found has all prefixes, and can start and end an entity of every type."""
    scheme = tag_set.scheme
    if scheme == found:
        return
    unknown = sorted({tag.prefix for tag in tag_set.tags if tag.entity_type} - set(scheme.prefixes))
    if unknown:
        raise TagError(
            f"the labels use the prefixes {', '.join(unknown)}, which are not in scheme {scheme.name} "
            f'({", ".join(scheme.prefixes)}). Set scheme = "auto" or "{found.name}".'
        )
    startable = {tag.entity_type for tag in tag_set.tags if scheme.can_start(tag.prefix)}
    endable = {tag.entity_type for tag in tag_set.tags if scheme.can_end(tag.prefix)}
    stuck = [entity_type for entity_type in tag_set.entity_types if entity_type not in startable & endable]
    if stuck:
        raise TagError(
            f"no entity of type {', '.join(stuck)} could ever be found in scheme {scheme.name}: among the labels "
            f"{', '.join(tag_set.labels)}, none of that type may start one, or none may end one. "
            f'Set scheme = "auto" or "{found.name}".'
        )
