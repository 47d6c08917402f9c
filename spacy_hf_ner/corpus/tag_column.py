"""Cells of a tag column to entities and back: what cells mean, in which scheme, what breaks it.

A column is read twice: the first time its pairs of neighbouring cells are counted, in constant
memory, from which :func:`interpret_tags` tells the scheme; then :meth:`TagColumn.read` turns one
sentence's cells into spans.

A *cell* is what the file has in one row; it holds one *label*, or several, one for each level of
nested entities (``B-corp,B-product``). A label is spelled somehow (``PER-B``, ``b_per``), and means
a *tag* (``B-PER``).
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Final

from spacy_hf_ner.core.labels import OUTSIDE_NAMES, read_labels, respell
from spacy_hf_ner.core.schemes import OUTSIDE, SCHEMES, Scheme, Tag, get_scheme
from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.core.tags import (
    Borders,
    SchemeGuess,
    guess_scheme,
    obedience,
    read_tags,
    write_tags,
)
from spacy_hf_ner.corpus.sentence import Problem, Sentence, keep_outermost
from spacy_hf_ner.errors import CheckpointError, CorpusError, TagError

__all__ = [
    "BARE",
    "DEFAULT_SCHEME",
    "JOINING_SCHEMES",
    "MISSING",
    "MISSING_POS",
    "Annotation",
    "CellPairs",
    "LabelSpelling",
    "LabelTags",
    "TagColumn",
    "align_levels",
    "are_untyped",
    "choose_scheme",
    "interpret_tags",
    "is_tag_like",
    "is_untyped",
    "pair_cells",
    "read_label_tags",
    "spell_labels",
    "split_levels",
    "types_of",
    "write_cells",
    "write_sentence_tags",
]

# Cells that say nothing about their word.
MISSING: Final = frozenset({"", "-", "_"})
MISSING_POS: Final = MISSING | {"-X-"}

DEFAULT_SCHEME: Final = "IOB2"  # where nobody says what the tags were
BARE: Final = "bare"  # types without prefixes; read as the scheme IO
# In these, two entities of one type that touch are one.
JOINING_SCHEMES: Final = frozenset({"IO", BARE})


def _join_prefixes() -> str:
    """Return the prefixes of all schemes, each of which is one letter, as a set of characters."""
    prefixes: set[str] = set()
    for scheme in SCHEMES.values():
        prefixes.update(scheme.prefixes)
    return "".join(sorted(prefixes))


_UPPER = _join_prefixes()
_LOWER = _UPPER.lower()
_PREFIXED = re.compile(f"[{_UPPER}][-_].+")
_TAG = re.compile(f"[Oo]|[{_UPPER}{_LOWER}][-_].+")
_NO_TYPE = re.compile(f"[{_UPPER}{_LOWER}][-_]?")

Level = Tag | None
"""What a cell says on one level; None where the annotation is missing."""

CellPairs = Counter[tuple[str | None, str | None]]
"""How often one cell stands above another in a column; None is a start or end of a sentence."""


def pair_cells(cells: Sequence[str]) -> Iterable[tuple[str | None, str | None]]:
    """Return the pairs of neighbouring cells of one sentence, for a :data:`CellPairs` to count."""
    return pairwise((None, *cells, None))


# ----------------------------------------------------------------------------------------------
# what a cell looks like


def is_tag_like(cell: str) -> bool:
    """Tell whether a cell is a tag in some scheme with prefixes, the outside tag included.

    >>> [is_tag_like(cell) for cell in ("B-PER", "O", "B-a,B-b", "O,I-b", "PER", "-")]
    [True, True, True, True, False, False]
    """
    return all(map(_TAG.fullmatch, cell.split(",")))


def is_untyped(cell: str) -> bool:
    """Tell whether a cell is a prefix without a type."""
    return _NO_TYPE.fullmatch(cell) is not None


def are_untyped(pairs: CellPairs) -> bool:
    """Tell whether all tags of a column but the outside ones are prefixes without types.

    >>> columns = (["B", "I", "O"], ["B", "PER"], ["O"])
    >>> [are_untyped(Counter(pair_cells(cells))) for cells in columns]
    [True, False, False]
    """
    labels: set[str] = set()
    for cell in _list_cells(pairs):
        labels.update(cell.split(","))
    has_untyped = False
    for label in labels - MISSING:
        if label.upper() in OUTSIDE_NAMES:
            continue
        if not is_untyped(label):
            return False
        has_untyped = True
    return has_untyped


def types_of(cells: Iterable[str]) -> frozenset[str]:
    """Return the types of the prefixed tags among the cells."""
    labels: set[str] = set()
    for cell in cells:
        if is_tag_like(cell):
            labels.update(cell.split(","))
    types: set[str] = set()
    for label in labels:
        if len(label) > 1:  # not "O"
            types.add(label[2:])
    return frozenset(types)


# ----------------------------------------------------------------------------------------------
# what a column means


@dataclass(frozen=True, slots=True)
class Annotation:
    """What a sentence's tag cells say.

    Attributes:
        spans: The outermost entities.
        layers: The entities of all levels, if there is more than one.
        missing: Indices of the words whose annotation is missing.
        problems: Cells that break the scheme.
    """

    spans: tuple[TokenSpan, ...]
    layers: tuple[TokenSpan, ...] = ()
    missing: tuple[int, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class TagColumn:
    """What the cells of a column mean.

    Attributes:
        scheme: The scheme they are read in.
        name: Its name, or ``"bare"`` for types without prefixes.
        share: Share of entity borders that obey the scheme, in [0, 1].
        levels: For each cell its tags, in the order of the cell; None where the annotation is
            missing.
        repairs: For each cell that had to be repaired, how.
    """

    scheme: Scheme
    name: str
    share: float
    levels: Mapping[str, tuple[Level, ...]]
    repairs: Mapping[str, str]

    def read(self, cells: Sequence[str], lines: Sequence[int]) -> Annotation:
        """Return the entities of one sentence, from its cells and their line numbers."""
        rows = align_levels([self.levels[cell] for cell in cells])
        problems = self._find_repairs(cells, lines)
        layers: list[tuple[TokenSpan, ...]] = []
        for level in range(max(map(len, rows), default=1)):
            reading = read_tags(_pick_level(rows, level), self.scheme)
            layers.append(reading.spans)
            for violation in reading.violations:
                kind = f"{self.name}: entity {violation.kind}"
                problems.append(Problem(kind, lines[violation.token_i]))
        missing = tuple(word_i for word_i, row in enumerate(rows) if row[0] is None)
        if len(layers) == 1:
            return Annotation(layers[0], missing=missing, problems=tuple(problems))
        spans = list(chain.from_iterable(layers))
        return Annotation(
            spans=keep_outermost(spans),
            layers=tuple(sorted(spans)),
            missing=missing,
            problems=tuple(problems),
        )

    def _find_repairs(self, cells: Sequence[str], lines: Sequence[int]) -> list[Problem]:
        problems: list[Problem] = []
        if self.repairs:  # most columns need none
            for cell, line in zip(cells, lines, strict=True):
                if cell in self.repairs:
                    problems.append(Problem(self.repairs[cell], line))
        return problems


def _pick_level(rows: Iterable[tuple[Level, ...]], level: int) -> list[Level]:
    """Return the tag of each row on a level; rows that end above it are outside there."""
    tags: list[Level] = []
    for row in rows:
        tags.append(row[level] if level < len(row) else OUTSIDE)
    return tags


def align_levels(rows: Sequence[tuple[Level, ...]]) -> list[tuple[Level, ...]]:
    """Return the tags of each row by levels: a tag is on the level of its type in the row above.

    Cells name their labels in any order, and leave out a level that has ended::

        cell                 level 0    level 1
        B-corp,B-product     B-corp     B-product
        I-product            O          I-product      not level 0, where corp was
        I-product,B-corp     B-corp     I-product

    >>> rows = align_levels([(Tag("B", "a"), Tag("B", "b")), (Tag("I", "b"),)])
    >>> [[str(tag) for tag in row] for row in rows]
    [['B-a', 'B-b'], ['O', 'I-b']]
    """
    if max(map(len, rows), default=1) == 1:
        return list(rows)
    aligned: list[tuple[Level, ...]] = []
    above: tuple[Level, ...] = ()
    for row in rows:
        above = (None,) if row == (None,) else _align_row(row, above)
        aligned.append(above)
    return aligned


def _align_row(row: tuple[Level, ...], above: tuple[Level, ...]) -> tuple[Level, ...]:
    """Return the tags of a row on the levels of their types in the row above, others where free."""
    left = [tag for tag in row if tag and tag.entity_type]
    aligned = [OUTSIDE] * len(above)
    for level, tag_above in enumerate(above):
        if tag_above is None:
            continue
        same_type = [tag for tag in left if tag.entity_type == tag_above.entity_type]
        if same_type:
            # Of two entities of one type (B-x,I-x), the one that goes on belongs here.
            aligned[level] = min(same_type, key=_begins)
            left.remove(aligned[level])
    for tag in left:
        if OUTSIDE in aligned:
            aligned[aligned.index(OUTSIDE)] = tag
        else:
            aligned.append(tag)
    return tuple(aligned) or row


def _begins(tag: Tag) -> bool:
    """Tell whether a tag can only begin an entity, in whichever scheme."""
    return tag.prefix in _BEGINNINGS


def _find_beginnings() -> frozenset[str]:
    """Return the prefixes of first tokens that are those of inner tokens in no scheme."""
    first: set[str] = set()
    inner: set[str] = set()
    for scheme in SCHEMES.values():
        first.update((scheme.begin, scheme.single, scheme.touching))
        inner.update((scheme.inside, scheme.end))
    return frozenset(first - inner)


_BEGINNINGS = _find_beginnings()


# ----------------------------------------------------------------------------------------------
# how it is found out


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


def interpret_tags(pairs: CellPairs, *, scheme: str = "auto") -> TagColumn:
    """Return what the cells of a column mean.

    Args:
        pairs: The column's cells and their neighbours.
        scheme: A scheme's name, ``"bare"`` for types without prefixes, or ``"auto"`` to tell it
            from the cells.

    Raises:
        CorpusError: The cells fit no scheme, or not the one that is named.
    """
    cell_labels: dict[str, tuple[str, ...]] = {}
    labels: set[str] = set()
    for cell in _list_cells(pairs):
        cell_labels[cell] = split_levels(cell)
        labels.update(cell_labels[cell])

    spelling = spell_labels(labels - MISSING)
    meaning = read_label_tags(spelling, scheme)

    levels: dict[str, tuple[Level, ...]] = {}
    repairs: dict[str, str] = {}
    for cell, parts in cell_labels.items():
        levels[cell] = tuple(map(meaning.tags.get, parts))  # None for labels of missing annotation
        for label in parts:
            if label in meaning.repairs:
                repairs[cell] = meaning.repairs[label]

    guess = choose_scheme(_count_borders(pairs, levels), scheme)
    name = BARE if meaning.are_bare else guess.scheme.name
    return TagColumn(guess.scheme, name, guess.share, levels, repairs)


def _list_cells(pairs: CellPairs) -> list[str]:
    """Return the different cells of a column, sorted."""
    cells: set[str] = set()
    for pair in pairs:
        for cell in pair:
            if cell is not None:
                cells.add(cell)
    return sorted(cells)


def split_levels(cell: str) -> tuple[str, ...]:
    """Return the labels of a cell: several, one a level, only where each of them is a tag.

    >>> split_levels("B-a,O"), split_levels("GPE,ORG")
    (('B-a', 'O'), ('GPE,ORG',))
    """
    if "," in cell and is_tag_like(cell):
        return tuple(cell.split(","))
    return (cell,)


def spell_labels(labels: Iterable[str]) -> LabelSpelling:
    """Return how the labels are spelled in the usual way; a prefix without a type is outside.

    >>> spell_labels(["PER-B", "PER-I", "O"]).spelled
    {'O': 'O', 'PER-B': 'B-PER', 'PER-I': 'I-PER'}
    """
    known = sorted(labels)
    spelled = respell(known)
    repairs: dict[str, str] = {}
    # WNUT-17 has a bare "U" among its tags; where all labels are such prefixes, they may be types:
    # "B", "S".
    if any(map(_PREFIXED.fullmatch, spelled.values())):
        for label in filter(is_untyped, known):
            spelled[label] = "O"
            repairs[label] = "prefix without a type, read as O"
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
    try:
        read = _read_bare(distinct) if scheme == BARE else _read_prefixed(distinct)
    except (TagError, CheckpointError) as error:
        raise CorpusError(f"the tags {', '.join(distinct[:8])} cannot be read: {error}") from error
    tags = {label: read[spelled] for label, spelled in spelling.spelled.items()}

    has_types = False
    has_prefixes = False
    for spelled, tag in read.items():
        if tag.entity_type:
            has_types = True
            has_prefixes |= spelled != tag.entity_type
    repairs = dict(spelling.repairs)
    if has_prefixes:
        for label, tag in tags.items():
            if label == tag.entity_type:
                repairs[label] = f"type without a prefix, read as {tag.prefix}-"
    return LabelTags(tags, are_bare=has_types and not has_prefixes, repairs=repairs)


def _read_bare(labels: Iterable[str]) -> dict[str, Tag]:
    """Return the tag of each label: all but the names of "outside" are types."""
    tags: dict[str, Tag] = {}
    for label in labels:
        tags[label] = OUTSIDE if label.upper() in OUTSIDE_NAMES else Tag("I", label)
    return tags


def _read_prefixed(labels: Sequence[str]) -> dict[str, Tag]:
    """Return the tag of each label; unlike those of checkpoints, labels in data hold accidents."""
    tag_set = read_labels(labels, in_data=True)
    tags = dict(zip(labels, tag_set.tags, strict=True))
    prefixed: dict[str, Tag] = {}
    for label in filter(_PREFIXED.fullmatch, labels):
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


def choose_scheme(borders: Borders, scheme: str = "auto") -> SchemeGuess:
    """Return the scheme that is named, else the one that fits best, and how far the data obeys it.

    Raises:
        CorpusError: The tags fit no scheme, or not the one that is named.
    """
    if scheme in ("auto", BARE):
        try:
            return guess_scheme(borders)
        except TagError as error:
            raise CorpusError(
                f"{error} Correct the tags, or name another column with tag_column.",
                settings=("tag_column",),
            ) from error
    named = get_scheme(scheme)
    tags = set(chain.from_iterable(borders))
    foreign = {tag.prefix for tag in tags if tag.entity_type} - set(named.prefixes)
    if foreign:
        raise CorpusError(
            f"the prefixes {', '.join(sorted(foreign))} are not in {named.name} "
            f"({', '.join(named.prefixes)}). "
            'Set scheme = "auto", or name another column with tag_column.',
            settings=("scheme", "tag_column"),
        )
    return SchemeGuess(named, obedience(borders, named))


def _count_borders(pairs: CellPairs, levels: Mapping[str, tuple[Level, ...]]) -> Borders:
    """Count which tag follows which, on every level."""
    borders: Borders = Counter()
    outside: tuple[Level, ...] = (OUTSIDE,)
    depth = max(map(len, levels.values()), default=1)
    for (above, below), count in pairs.items():
        first = outside if above is None else levels[above]
        second = outside if below is None else levels[below]
        first, second = align_levels([first, second])
        for level in range(depth):
            borders[_get_level(first, level), _get_level(second, level)] += count
    return borders


def _get_level(row: tuple[Level, ...], level: int) -> Tag:
    """Return the tag on a level; missing annotation is outside of any entity."""
    if level < len(row):
        return row[level] or OUTSIDE
    return OUTSIDE


# ----------------------------------------------------------------------------------------------
# writing


def write_sentence_tags(sentence: Sentence, scheme: str) -> list[str]:
    """Return one tag for each word, empty where the annotation is missing.

    >>> sentence = Sentence(("a", "b", "c"), spans=(TokenSpan(0, 2, "X"),), missing=(2,))
    >>> write_sentence_tags(sentence, "IOBES")
    ['B-X', 'E-X', '']
    """
    cells = write_cells(sentence.spans, len(sentence.words), scheme)
    for word_i in sentence.missing:
        cells[word_i] = ""
    return cells


def write_cells(spans: Sequence[TokenSpan], n_words: int, scheme: str) -> list[str]:
    """Return the tag cells of a sentence of so many words.

    >>> write_cells([TokenSpan(0, 1, "X")], 2, "bare")
    ['X', 'O']
    """
    if scheme == BARE:
        tags = write_tags(spans, n_words, SCHEMES["IO"])
        cells: list[str] = []
        for tag in tags:
            cells.append(tag.entity_type or OUTSIDE.prefix)
        return cells
    tags = write_tags(spans, n_words, get_scheme(scheme or DEFAULT_SCHEME))
    return list(map(str, tags))
