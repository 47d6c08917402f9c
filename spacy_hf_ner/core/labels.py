"""A checkpoint's labels ⇄ tags.

Which prefix, which entity type and which scheme labels name, and which of them mean "outside".
"""

import re
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain

from spacy_hf_ner.core.schemes import (
    OUTSIDE,
    PLAIN,
    SCHEMES,
    Scheme,
    Tag,
    get_scheme,
    scheme_of_prefixes,
)
from spacy_hf_ner.errors import CheckpointError, TagError

__all__ = [
    "OUTSIDE_NAMES",
    "PADDING_NAMES",
    "TagSet",
    "add_entity_type",
    "check_entity_types",
    "make_plain_tag_set",
    "make_tag_set",
    "read_labels",
    "respell",
]

# Labels that publishers of checkpoints use for "no entity". "O" wins; another name counts only
# where there is no "O".
_OUTSIDE_WORDS = ("O", "OUT", "OUTSIDE", "NONE", "NIL", "NO_ENTITY", "OTHER", "0")
_OUTSIDE_MARKS = ("_", "-")
OUTSIDE_NAMES = _OUTSIDE_WORDS + _OUTSIDE_MARKS
# Labels of padding and special tokens: never an entity type.
PADDING_NAMES = frozenset({"PAD", "[PAD]", "<PAD>", "[CLS]", "[SEP]", "<S>", "</S>", "X_PAD"})

_UNNAMED = re.compile(r"LABEL_\d+")
_NUMBERED = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class _Spellings:
    """The ways in which labels name a prefix and a type.

    Attributes:
        prefixed: "B-PER", else "B_PER".
        lower: "b-per".
        others: Any separator, with the prefix in front or behind.
    """

    prefixed: tuple[re.Pattern[str], ...]
    lower: re.Pattern[str]
    others: tuple[re.Pattern[str], ...]


def _make_spellings() -> _Spellings:
    """Return the spellings of the prefixes of all schemes."""
    return _compile_spellings(tuple(sorted(_list_prefixes())))


def _list_prefixes() -> set[str]:
    """Return the prefixes of all schemes."""
    prefixes: set[str] = set()
    for scheme in SCHEMES.values():
        prefixes.update(scheme.prefixes)
    return prefixes


@lru_cache(maxsize=8)
def _compile_spellings(prefixes: tuple[str, ...]) -> _Spellings:
    upper = "|".join(map(re.escape, prefixes))
    lower = upper.lower()
    either = f"{upper}|{lower}"
    entity_type = "(?P<type>.+)"
    return _Spellings(
        prefixed=(
            re.compile(f"(?P<prefix>{upper})-{entity_type}", re.DOTALL),
            re.compile(f"(?P<prefix>{upper})_{entity_type}", re.DOTALL),
        ),
        lower=re.compile(f"(?P<prefix>{lower})[-_]{entity_type}", re.DOTALL),
        others=(
            re.compile(f"(?P<prefix>{either})[-_ .:/]{entity_type}", re.DOTALL),
            re.compile(f"{entity_type}[-_ .:/](?P<prefix>{either})", re.DOTALL),
        ),
    )


@dataclass(frozen=True)  # without slots, for what is cached
class TagSet:
    """The tags that a model scores, in the order of its columns.

    Attributes:
        tags: One tag for each column. Several may mean "outside": "O" is the one that gold has, and
            the others, such as those of padding, have their name as a prefix and no entity type.
        scheme: The scheme the tags are in.
    """

    tags: tuple[Tag, ...]
    scheme: Scheme

    def __len__(self) -> int:
        return len(self.tags)

    @cached_property
    def entity_types(self) -> tuple[str, ...]:
        """The entity types, in the order of their first tag."""
        types = [tag.entity_type for tag in self.tags if tag.entity_type]
        return tuple(dict.fromkeys(types))

    @cached_property
    def type_i(self) -> tuple[int, ...]:
        """The index of each column's entity type, or -1 for outside."""
        type_i = {entity_type: i for i, entity_type in enumerate(self.entity_types)}
        return tuple(type_i.get(tag.entity_type, -1) for tag in self.tags)

    @cached_property
    def columns(self) -> Mapping[Tag, int]:
        """The column of each tag; the first, where several have the same."""
        columns: dict[Tag, int] = {}
        for column, tag in enumerate(self.tags):
            columns.setdefault(tag, column)
        return columns

    @property
    def labels(self) -> tuple[str, ...]:
        """The tags as text, such as ``"B-PER"``."""
        return tuple(map(str, self.tags))

    def columns_in(self, other: "TagSet") -> list[int | None]:
        """Return, for each column, the one of the same tag in another tag set, or None.

        No column of the other set is given twice.

        >>> read_labels(["O", "B-A", "O", "O"]).columns_in(read_labels(["B-A", "O", "I-A", "O"]))
        [1, 0, 3, None]
        """
        unused: defaultdict[Tag, deque[int]] = defaultdict(deque)
        for column, tag in enumerate(other.tags):
            unused[tag].append(column)

        columns: list[int | None] = []
        for tag in self.tags:
            candidates = unused[tag]
            columns.append(candidates.popleft() if candidates else None)
        return columns


def make_tag_set(entity_types: Iterable[str], scheme: Scheme) -> TagSet:
    """Return the tag set of a model that is to be trained: "O", then each type's tags.

    Raises:
        TagError: An entity type is empty, or named twice.

    >>> make_tag_set(["PER"], SCHEMES["IOB2"]).labels
    ('O', 'B-PER', 'I-PER')
    """
    tags = [OUTSIDE]
    for entity_type in check_entity_types(entity_types):
        tags += _make_tags(entity_type, scheme)
    return TagSet(tuple(tags), scheme)


def make_plain_tag_set(labels: Iterable[str]) -> TagSet:
    """Return the tag set of a model whose labels are those of tokens by themselves.

    Raises:
        TagError: A label is empty, or named twice.

    >>> make_plain_tag_set(["NOUN", "VERB"]).labels
    ('NOUN', 'VERB')
    """
    distinct = list(labels)
    if len(set(distinct)) != len(distinct) or not all(distinct):
        raise TagError(f"labels of tokens must be distinct and not empty, got {distinct}.")
    return TagSet(tuple(Tag("", label) for label in distinct), PLAIN)


def check_entity_types(entity_types: Iterable[str]) -> list[str]:
    """Return the entity types of a model.

    Raises:
        TagError: One is empty, or named twice.
    """
    types = list(entity_types)
    if len(set(types)) != len(types) or not all(types):
        raise TagError(f"entity types must be distinct and not empty, got {types}.")
    return types


def add_entity_type(tag_set: TagSet, entity_type: str) -> TagSet:
    """Return a tag set with one more type, whose columns come after all others.

    >>> add_entity_type(make_tag_set(["PER"], SCHEMES["IO"]), "LOC").labels
    ('O', 'I-PER', 'I-LOC')
    """
    check_entity_types([*tag_set.entity_types, entity_type])
    new_tags = _make_tags(entity_type, tag_set.scheme)
    return TagSet((*tag_set.tags, *new_tags), tag_set.scheme)


def _make_tags(entity_type: str, scheme: Scheme) -> list[Tag]:
    return [Tag(prefix, entity_type) for prefix in scheme.prefixes]


def read_labels(
    labels: Sequence[str], *, scheme: str = "auto", as_they_are: bool = False
) -> TagSet:
    """Return the tag set that a checkpoint's labels describe.

    Labels are prefixed with one separator (``B-PER``, else ``B_PER``) and the prefixes of one
    scheme, or all are spelled in one of the ways that :func:`respell` knows; a type may hold
    further hyphens. Where none are prefixed, they are bare types and the scheme is IO. Where only
    some are, the bare ones count as inside tags, or, in a scheme where those cannot start and end
    an entity, as tags of single tokens.

    Args:
        labels: The labels in the order of the model's columns.
        scheme: A scheme's name, or ``"auto"`` to tell it from the prefixes; ``"plain"`` if labels
            are those of tokens by themselves, which mean what they are called.
        as_they_are: Refuse none as doubtful: they are those of a data file, which may hold
            accidents, or of a model that was saved, and so was accepted before.

    Raises:
        CheckpointError: The labels are placeholders such as ``LABEL_0``, or there is only one.
        TagError: The prefixes do not fit the named scheme, or leave a type that it could never
            start or end; bare types look as if they had prefixes; prefixes have no type; or
            several labels may mean "no entity".

    >>> read_labels(["O", "B-creative-work", "I-creative-work"]).tags[1]
    Tag(prefix='B', entity_type='creative-work')
    >>> read_labels(["OUT", "date-time"]).tags
    (Tag(prefix='O', entity_type=''), Tag(prefix='I', entity_type='date-time'))
    >>> read_labels(["[PAD]", "o", "per-b", "per-i"]).labels
    ('[PAD]', 'O', 'B-per', 'I-per')
    """
    if scheme == PLAIN.name:
        return _read_plain(labels, as_they_are=as_they_are)
    outside = _read_outside(labels)
    named = [label for label in labels if label not in outside]
    if not as_they_are:
        _refuse_single_label(labels, outside)
        _refuse_placeholders(labels, _NUMBERED)
        _refuse_several_outsides(labels)
        _refuse_missing_types(named)
    _refuse_placeholders(labels, _UNNAMED)
    spelled = respell(labels)
    prefixed, found = _read_prefixes([spelled[label] for label in named])
    chosen = found if scheme == "auto" else get_scheme(scheme)
    known = prefixed | outside
    bare = {label for label in labels if spelled[label] not in known}
    if bare and not as_they_are:
        _refuse_doubtful(labels, bare=bare)

    bare_prefix = _choose_bare_prefix(chosen) if prefixed else chosen.inside
    tags: list[Tag] = []
    for label in labels:
        if label in bare:
            tags.append(Tag(bare_prefix, label))
        else:
            tags.append(known[spelled[label]])
    tag_set = TagSet(tuple(tags), chosen)
    _check_tags(tag_set, found, labels)
    return tag_set


def _read_plain(labels: Sequence[str], *, as_they_are: bool) -> TagSet:
    """Return the tag set of labels of tokens by themselves; those of padding are of no token."""
    if not as_they_are:
        _refuse_single_label(labels, {})
    _refuse_placeholders(labels, _UNNAMED)
    tags: list[Tag] = []
    for label in labels:
        is_padding = label.upper() in PADDING_NAMES
        tags.append(Tag(label, "") if is_padding else Tag("", label))
    return TagSet(tuple(tags), PLAIN)


def _choose_bare_prefix(scheme: Scheme) -> str:
    """Return the prefix of bare types beside prefixed ones: one that can be a whole entity."""
    if scheme.can_start(scheme.inside) and scheme.can_end(scheme.inside):
        return scheme.inside
    return scheme.single


def respell(labels: Iterable[str]) -> dict[str, str]:
    """Return each label as ``B-PER``, if all that name entities are spelled in one other way.

    The other ways are prefixes in lower case, ``b-per``; and, where some type has both "B" and what
    goes on inside, so that nothing else can be meant, prefixes at the end and other separators:
    ``PER-B``, ``B:PER``, ``B PER``. All other labels stay as they are.

    >>> respell(["O", "PER-B", "PER-I"])
    {'O': 'O', 'PER-B': 'B-PER', 'PER-I': 'I-PER'}
    >>> respell(["O", "VITAMIN-B", "VITAMIN-E"])
    {'O': 'O', 'VITAMIN-B': 'VITAMIN-B', 'VITAMIN-E': 'VITAMIN-E'}
    """
    spelled = {label: label for label in labels}
    outside = PADDING_NAMES.union(OUTSIDE_NAMES)
    named = [label for label in spelled if label.upper() not in outside]
    spellings = _make_spellings()
    for pattern in spellings.prefixed:
        if _match_all(pattern, named):
            return spelled
    for pattern in (spellings.lower, *spellings.others):
        tags = _match_all(pattern, named)
        if len(tags) < len(named):
            continue
        if pattern is spellings.lower or _find_begun_types(tags.values()):
            for label, tag in tags.items():
                spelled[label] = str(tag)
            break
    return spelled


def _match_all(pattern: re.Pattern[str], labels: Iterable[str]) -> dict[str, Tag]:
    """Return the tags of the labels that a spelling fits."""
    tags: dict[str, Tag] = {}
    for label in labels:
        match = pattern.fullmatch(label)
        if match is not None:
            tags[label] = Tag(match["prefix"].upper(), match["type"])
    return tags


def _find_begun_types(tags: Iterable[Tag]) -> set[str]:
    """Return the types that have both a border, such as "B", and its inside: hardly by chance."""
    all_tags = set(tags)
    begun: set[str] = set()
    for scheme in SCHEMES.values():
        for prefix, entity_type in all_tags:
            has_border = prefix == scheme.border
            if has_border and Tag(scheme.inside, entity_type) in all_tags:
                begun.add(entity_type)
    return begun


def _read_outside(labels: Iterable[str]) -> dict[str, Tag]:
    """Return the tags of the labels that mean "no entity".

    They are those of the first known outside name, and of padding. One of them is "O"; the others
    keep their names, so that nothing takes them for it.
    """
    found = _find_outsides(labels)
    outside = sorted(found[0]) if found else []  # "O" before "o"
    outside += [label for label in labels if label.upper() in PADDING_NAMES]
    tags = {label: Tag(label, "") for label in outside}
    if outside:
        tags[outside[0]] = OUTSIDE
    return tags


def _find_outsides(labels: Iterable[str]) -> list[list[str]]:
    """Return the labels with each outside name that there is, in whatever case.

    "-" and "_" beside other marks are marks, as in a model of punctuation, and no outside names.
    """
    by_name: defaultdict[str, list[str]] = defaultdict(list)
    marks: set[str] = set()
    for label in labels:
        by_name[label.upper()].append(label)
        if not any(map(str.isalnum, label)):
            marks.add(label)
    names: tuple[str, ...] = OUTSIDE_NAMES
    if len(marks) > 1:
        names = _OUTSIDE_WORDS
    return [by_name[name] for name in names if name in by_name]


def _read_prefixes(labels: Sequence[str]) -> tuple[dict[str, Tag], Scheme]:
    """Return the tags of the labels that are prefixed, and their scheme.

    Where all are bare types, there are no tags, and the scheme is IO. What looks like a prefix is
    one if each type has a prefix that may start an entity, and, beside bare types, one of them is
    "B": ``E_MAIL`` or ``I_BAN`` beside ``PHONE`` is a bare type; ``B-PER`` and ``I-PER`` beside
    ``DATE`` are prefixed. Where only last tokens differ (IOE), some type must have both "I" and
    "E".
    """
    for pattern in _make_spellings().prefixed:
        tags = _match_all(pattern, labels)
        found = scheme_of_prefixes(tag.prefix for tag in tags.values())
        if found is None or not _can_all_start(tags.values(), found):
            continue
        if found.is_known_by_end and not _find_begun_types(tags.values()):
            continue
        has_border = any(tag.prefix == found.border for tag in tags.values())
        if has_border or len(tags) == len(labels):
            return tags, found
    return {}, SCHEMES["IO"]


def _can_all_start(tags: Iterable[Tag], found: Scheme) -> bool:
    """Tell whether each type has a prefix that may start an entity in one of the schemes.

    A prefix that ends entities starts them, too, only if the scheme that was found says so: else
    ``E-MAIL`` would be prefixed beside ``B-PER`` and ``I-PER``.
    """
    schemes = [found]
    for scheme in SCHEMES.values():
        if not scheme.is_known_by_end:
            schemes.append(scheme)
    starting: set[str] = set()
    types: set[str] = set()
    for prefix, entity_type in tags:
        types.add(entity_type)
        if any(scheme.can_start(prefix) for scheme in schemes):
            starting.add(entity_type)
    return starting == types


def _refuse_doubtful(labels: Sequence[str], *, bare: set[str]) -> None:
    """Refuse bare types that look like the tags of one type."""
    for pattern in _make_spellings().others:
        tags = _match_all(pattern, labels)
        begun = _find_begun_types(tags.values())
        doubtful: list[str] = []
        for label, tag in tags.items():
            if label in bare and tag.entity_type in begun:
                doubtful.append(repr(label))
        if doubtful:
            raise TagError(
                f"the labels {', '.join(doubtful)} may be tags, or entity types that look like "
                "tags: the labels are not all spelled in one way, or not of one scheme. Name all "
                "of them in the order of the ids, each with its prefix, e.g. labels = "
                '["O", "B-PER", "I-PER", …].'
            )


def _refuse_placeholders(labels: Sequence[str], pattern: re.Pattern[str]) -> None:
    """Refuse labels that are only numbered."""
    if labels and all(pattern.fullmatch(label) for label in labels):
        raise CheckpointError(
            f"the checkpoint names its {len(labels)} labels {labels[0]} … {labels[-1]}, which says "
            "nothing about what they mean. Name them in the order of the ids, e.g. labels = "
            '["O", "B-PER", "I-PER", …].'
        )


def _refuse_several_outsides(labels: Sequence[str]) -> None:
    """Refuse several outside names of which none is "O": some may be entity types."""
    outsides = _find_outsides(labels)
    if len(outsides) < 2 or outsides[0][0].upper() == OUTSIDE.prefix:  # noqa: PLR2004 - several
        return
    named = " and ".join(map(repr, chain.from_iterable(outsides)))
    raise TagError(
        f'the labels {named} may each mean "no entity", or be an entity type. Name all labels in '
        'the order of the ids, with "O" for each that means "no entity", e.g. labels = '
        '["O", "O", "B-PER", "I-PER", …].'
    )


def _refuse_missing_types(named: Sequence[str]) -> None:
    """Refuse prefixes without an entity type: ``B-``, or nothing but ``B`` and ``I``."""
    prefixes = _list_prefixes()
    bare = [label for label in named if label.upper() in prefixes]
    cut: list[str] = []
    for label in named:
        if label[:-1].upper() in prefixes and label[-1] in "-_":
            cut.append(label)
    if cut or (bare and len(bare) == len(named)):
        raise TagError(
            f"the labels {', '.join(map(repr, [*bare, *cut]))} are prefixes without an entity "
            "type. Name all labels in the order of the ids, each with a type of your own, e.g. "
            'labels = ["O", "B-ENTITY", "I-ENTITY"].'
        )


def _refuse_single_label(labels: Sequence[str], outside: Mapping[str, Tag]) -> None:
    """Refuse a head with one column, unless that finds nothing."""
    if len(labels) == 1 and labels[0] not in outside:
        raise CheckpointError(
            f"the checkpoint has a single label, {labels[0]!r}: its network gives each subword "
            "one number, to be read with a sigmoid. This package chooses among labels, and among "
            'one there is no choice. Use a checkpoint that has a label for "no entity", too.'
        )


def _check_tags(tag_set: TagSet, found: Scheme, labels: Sequence[str]) -> None:
    """Check a scheme other than the one found.

    It must have all prefixes, and be able to start and end an entity of each type.
    """
    scheme = tag_set.scheme
    if scheme == found:
        return
    remedy = (
        f'Set scheme = "auto" or "{found.name}", or train the model, which gives it a new head '
        f"in {scheme.name}."
    )
    prefixes = {tag.prefix for tag in tag_set.tags if tag.entity_type}
    unknown = sorted(prefixes - set(scheme.prefixes))
    if unknown:
        raise TagError(
            f"the labels use the prefixes {', '.join(unknown)}, which are not in scheme "
            f"{scheme.name} ({', '.join(scheme.prefixes)}). {remedy}"
        )
    stuck = _find_stuck_types(tag_set)
    if stuck:
        raise TagError(
            f"no entity of type {', '.join(stuck)} could ever be found in scheme {scheme.name}: "
            f"among the labels {', '.join(labels)}, none of that type may start one, or none may "
            f"end one. {remedy}"
        )


def _find_stuck_types(tag_set: TagSet) -> list[str]:
    """Return the types of which no tag may start an entity, or none may end one."""
    scheme = tag_set.scheme
    startable: set[str] = set()
    endable: set[str] = set()
    for tag in tag_set.tags:
        if scheme.can_start(tag.prefix):
            startable.add(tag.entity_type)
        if scheme.can_end(tag.prefix):
            endable.add(tag.entity_type)
    usable = startable & endable
    return [entity_type for entity_type in tag_set.entity_types if entity_type not in usable]
