"""Labels of a tag column to tags: how they are spelled, and whether they have prefixes.

A *label* is spelled somehow (``PER-B``, ``b_per``), and means a *tag* (``B-PER``). Unlike the
labels of a checkpoint, those of a data file hold accidents, which are repaired and noted.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from spacy_hf_ner.core.labels import OUTSIDE_NAMES, read_labels, respell
from spacy_hf_ner.core.schemes import OUTSIDE, SCHEMES, Tag
from spacy_hf_ner.core.wording import shorten
from spacy_hf_ner.corpus.cells import OUTSIDE_DIGIT, is_prefixed, is_untyped
from spacy_hf_ner.errors import CheckpointError, CorpusError, TagError

__all__ = ["BARE", "LabelSpelling", "LabelTags", "read_label_tags", "spell_labels"]

BARE: Final = "bare"  # types without prefixes; read as the scheme IO
N_SHOWN: Final = 8  # labels in a message


@dataclass(frozen=True, slots=True)
class LabelSpelling:
    """How the labels of a column would be spelled in the usual way.

    Attributes:
        spelled: For each label of the file its usual spelling, such as ``B-PER`` for ``per_b``, or
            O.
        repairs: For each label that had to be repaired, how.
    """

    spelled: Mapping[str, str]
    repairs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LabelTags:
    """What the labels of a column mean.

    Attributes:
        tags: The tag of each label of the file.
        are_bare: Whether they are types without prefixes.
        repairs: For each label that had to be repaired, how.
    """

    tags: Mapping[str, Tag]
    are_bare: bool
    repairs: Mapping[str, str]


def spell_labels(labels: Iterable[str]) -> LabelSpelling:
    """Return how the labels are spelled in the usual way.

    Among labels with prefixes, a prefix without a type is outside, and so is a digit 0 beside "O".

    >>> spell_labels(["PER-B", "PER-I", "O"]).spelled
    {'O': 'O', 'PER-B': 'B-PER', 'PER-I': 'I-PER'}
    """
    known = sorted(labels)
    spelled = respell(known)
    repairs: dict[str, str] = {}
    # WNUT-17 has a bare "U" among its tags; where all labels are such prefixes, they may be types:
    # "B", "S".
    if any(map(is_prefixed, spelled.values())):
        for label in filter(is_untyped, known):
            spelled[label] = "O"
            repairs[label] = "prefix without a type, read as O"
        if OUTSIDE_DIGIT in spelled and OUTSIDE.prefix in spelled:
            spelled[OUTSIDE_DIGIT] = OUTSIDE.prefix
            repairs[OUTSIDE_DIGIT] = "digit 0 for the letter O, read as O"
    return LabelSpelling(spelled, repairs)


def read_label_tags(spelling: LabelSpelling, scheme: str = "auto") -> LabelTags:
    """Return what the labels of a column mean; among tags, a bare type is a tag, and noted.

    Raises:
        CorpusError: The labels cannot be read as tags.

    >>> meaning = read_label_tags(spell_labels(["O", "B-PER", "LOC"]))
    >>> [f"{label} {tag}" for label, tag in meaning.tags.items()]
    ['B-PER B-PER', 'LOC I-LOC', 'O O']
    >>> meaning.repairs
    {'LOC': 'type without a prefix, read as I-'}
    """
    distinct = sorted(set(spelling.spelled.values()))
    read = _read_distinct(distinct, scheme)
    bare: set[str] = set()
    prefixed: set[str] = set()
    for spelled, tag in read.items():
        if not tag.entity_type:
            continue
        kind = bare if spelled == tag.entity_type else prefixed
        kind.add(spelled)
    are_bare = bool(bare) and not prefixed

    tags: dict[str, Tag] = {}
    repairs = dict(spelling.repairs)
    for label, spelled in spelling.spelled.items():
        tags[label] = read[spelled]
        if spelled in bare and not are_bare:
            repairs[label] = f"type without a prefix, read as {read[spelled].prefix}-"
    return LabelTags(tags, are_bare=are_bare, repairs=repairs)


def _read_distinct(labels: Sequence[str], scheme: str) -> dict[str, Tag]:
    """Return the tag of each label in its usual spelling."""
    try:
        if scheme == BARE:
            return _read_bare(labels)
        named = _read_in_scheme(labels, scheme)
        return _read_prefixed(labels) if named is None else named
    except (TagError, CheckpointError) as error:
        shown = shorten(", ".join(labels[:N_SHOWN]), 200)
        raise CorpusError(f"the tags {shown} cannot be read: {error}") from error


def _read_bare(labels: Iterable[str]) -> dict[str, Tag]:
    """Return the tag of each label: all but the names of "outside" are types."""
    tags: dict[str, Tag] = {}
    for label in labels:
        is_outside = label.upper() in OUTSIDE_NAMES
        tags[label] = OUTSIDE if is_outside else Tag("I", label)
    return tags


def _read_in_scheme(labels: Iterable[str], scheme: str) -> dict[str, Tag] | None:
    """Return the tag of each label if all have prefixes of the scheme that the user names.

    Without a name, ``E-X`` alone might be a type.
    """
    if scheme not in SCHEMES:
        return None
    tags: dict[str, Tag] = {}
    for label in labels:
        if label.upper() == OUTSIDE.prefix:
            tags[label] = OUTSIDE
        elif is_prefixed(label) and label[0] in SCHEMES[scheme].prefixes:
            tags[label] = Tag(label[0], label[2:])
        else:
            return None
    return tags


def _read_prefixed(labels: Sequence[str]) -> dict[str, Tag]:
    """Return the tag of each label; unlike those of checkpoints, labels in data hold accidents."""
    tag_set = read_labels(labels, as_they_are=True)
    tags = dict(zip(labels, tag_set.tags, strict=True))
    prefixed: dict[str, Tag] = {}
    for label in filter(is_prefixed, labels):
        prefixed[label] = Tag(label[0], label[2:])
    if not _are_prefixes(tags, prefixed):
        return tags
    for label, tag in tags.items():
        if label in prefixed:
            tags[label] = prefixed[label]
        elif tag.entity_type:
            tags[label] = Tag("I", label)
    return tags


def _are_prefixes(tags: Mapping[str, Tag], prefixed: Mapping[str, Tag]) -> bool:
    """Tell whether labels read as bare types have prefixes, though some type never starts.

    A checkpoint's labels with ``M-Y`` and no ``B-Y`` are types called so; in data, one slip makes
    ``M-Y`` of ``M-X``. The prefixes are meant if nothing but them has a type and one of them is B,
    or if one type has two of them.

    Args:
        tags: How the labels were read.
        prefixed: The tags of those that look as if they had prefixes.
    """
    types: set[str] = set()
    for label, tag in tags.items():
        if tag.entity_type not in ("", label):
            return False  # they were read with prefixes
        if tag.entity_type:
            types.add(label)
    prefixes = {tag.prefix for tag in prefixed.values()}
    if types == set(prefixed) and "B" in prefixes:
        return True
    entity_types = {tag.entity_type for tag in prefixed.values()}
    return len(entity_types) < len(prefixed)
