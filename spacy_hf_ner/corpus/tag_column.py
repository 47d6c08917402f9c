"""Cells of a tag column to entities and back: what a cell may hold, which scheme the column is in, and what breaks it.

A column is read twice: the first time its pairs of neighbouring cells are counted, in constant memory, from which
:func:`interpret_tags` tells the scheme; then :meth:`TagColumn.read` turns one sentence's cells into spans.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
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

MISSING: Final = frozenset({"", "-", "_"})
MISSING_POS: Final = MISSING | {"-X-"}
DEFAULT_SCHEME: Final = "IOB2"  # where nobody says what the tags were
BARE: Final = "bare"  # types without prefixes; read as the scheme IO
JOINING_SCHEMES: Final = frozenset(
    {"IO", BARE}
)  # in which two entities of one type that touch are one

_PREFIXED = re.compile(r"[BIELMSU][-_].+")
_LOWER_PREFIXED = re.compile(r"[bielmsu][-_].+")
_NO_TYPE = re.compile(r"[BIELMSUbielmsu][-_]?")


CellPairs = Counter[tuple[str | None, str | None]]
"""How often one cell stands above another in a column; None is the start or the end of a sentence."""


def pair_cells(cells: Sequence[str]) -> Iterable[tuple[str | None, str | None]]:
    """Return the pairs of neighbouring cells of one sentence, for a :data:`CellPairs` to count."""
    return pairwise((None, *cells, None))


def is_tag_like(cell: str) -> bool:
    """Tell whether a cell is a tag in some scheme with prefixes, the outside tag included.

    >>> [is_tag_like(cell) for cell in ("B-PER", "O", "B-a,B-b", "O,I-b", "PER", "-")]
    [True, True, True, True, False, False]
    """
    return all(
        part in ("O", "o") or _PREFIXED.fullmatch(part) or _LOWER_PREFIXED.fullmatch(part)
        for part in cell.split(",")
    )


def is_untyped(cell: str) -> bool:
    """Tell whether a cell is a prefix without a type."""
    return _NO_TYPE.fullmatch(cell) is not None


def are_untyped(pairs: CellPairs) -> bool:
    """Tell whether all tags of a column but the outside ones are prefixes without types.

    >>> [are_untyped(Counter(pair_cells(cells))) for cells in (["B", "I", "O"], ["B", "PER"], ["O"])]
    [True, False, False]
    """
    parts = {part for _, cell in pairs if cell is not None for part in cell.split(",")} - MISSING
    inside = [part for part in parts if part.upper() not in OUTSIDE_NAMES]
    return bool(inside) and all(map(is_untyped, inside))


def types_of(cells: Iterable[str]) -> frozenset[str]:
    """Return the types of the prefixed tags among the cells."""
    parts = {part for cell in cells if is_tag_like(cell) for part in cell.split(",")}
    return frozenset(part[2:] for part in parts if len(part) > 1)


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
        levels: For each cell its tags, in the order of the cell; None where the annotation is missing.
        repaired: For each cell that had to be repaired, how.
    """

    scheme: Scheme
    name: str
    share: float
    levels: Mapping[str, tuple[Tag | None, ...]]
    repaired: Mapping[str, str]

    def read(self, cells: Sequence[str], lines: Sequence[int]) -> Annotation:
        """Return the entities of one sentence, from its cells and their line numbers."""
        levels = _line_up([self.levels[cell] for cell in cells])
        problems = [
            Problem(self.repaired[c], n)
            for c, n in zip(cells, lines, strict=True)
            if c in self.repaired
        ]
        layers: list[tuple[TokenSpan, ...]] = []
        for depth in range(max(map(len, levels), default=1)):
            tags = [tags[depth] if depth < len(tags) else OUTSIDE for tags in levels]
            reading = read_tags(tags, self.scheme)
            layers.append(reading.spans)
            problems += [
                Problem(f"{self.name}: entity {v.kind}", lines[v.token_i])
                for v in reading.violations
            ]
        return Annotation(
            spans=keep_outermost(span for layer in layers for span in layer)
            if len(layers) > 1
            else layers[0],
            layers=tuple(sorted(span for layer in layers for span in layer))
            if len(layers) > 1
            else (),
            missing=tuple(i for i, tags in enumerate(levels) if tags[0] is None),
            problems=tuple(problems),
        )


def _line_up(cells: Sequence[tuple[Tag | None, ...]]) -> list[tuple[Tag | None, ...]]:
    """Return the tags of each cell by levels: a tag stands on the level where its type stood in the cell before.

    >>> [[str(tag) for tag in tags] for tags in _line_up([(Tag("B", "a"), Tag("B", "b")), (Tag("I", "b"),)])]
    [['B-a', 'B-b'], ['O', 'I-b']]
    """
    if max(map(len, cells), default=1) == 1:
        return list(cells)
    lined: list[tuple[Tag | None, ...]] = []
    before: tuple[Tag | None, ...] = ()
    for tags in cells:
        rest = [tag for tag in tags if tag and tag.entity_type]
        here = [OUTSIDE] * len(before)
        for level, old in enumerate(before):
            same = [tag for tag in rest if old and tag.entity_type == old.entity_type]
            if same:
                here[level] = min(same, key=lambda tag: tag.prefix in "BSU")
                rest.remove(here[level])
        for tag in rest:
            free = next((level for level, taken in enumerate(here) if taken == OUTSIDE), len(here))
            here[free : free + 1] = [tag]
        before = (None,) if tags == (None,) else tuple(here or tags)
        lined.append(before)
    return lined


def interpret_tags(pairs: CellPairs, *, scheme: str = "auto") -> TagColumn:
    """Return what the cells of a column mean.

    Args:
        pairs: The column's cells and their neighbours.
        scheme: A scheme's name, ``"bare"`` for types without prefixes, or ``"auto"`` to tell it from the cells.

    Raises:
        CorpusError: The cells fit no scheme, or not the one that is named.
    """
    repaired: dict[str, str] = {}
    parts = {
        cell: _split_levels(cell)
        for cell in sorted({cell for pair in pairs for cell in pair if cell is not None})
    }
    labels = sorted({part for split in parts.values() for part in split} - MISSING)
    meant = _repair_labels(labels, repaired)
    distinct = sorted(set(meant.values()))
    try:
        tags = _read_labels(distinct, scheme)
    except (TagError, CheckpointError) as error:
        raise CorpusError(f"the tags {', '.join(distinct[:8])} cannot be read: {error}") from error
    types = {label: tag for label, tag in tags.items() if tag.entity_type}
    has_prefixes = any(label != tag.entity_type for label, tag in types.items())
    for label in labels:
        tag = types.get(meant[label])
        if has_prefixes and tag and tag.entity_type == label:
            repaired[label] = f"type without a prefix, read as {tag.prefix}-"
    levels = {
        cell: tuple(None if part in MISSING else tags[meant[part]] for part in split)
        for cell, split in parts.items()
    }
    borders = _borders(pairs, levels)
    try:
        guess = (
            guess_scheme(borders)
            if scheme in ("auto", BARE)
            else _obey(borders, get_scheme(scheme))
        )
    except TagError as error:
        raise CorpusError(
            f"{error} Name the column with --tag-column, or the scheme with --scheme."
        ) from error
    name = BARE if types and not has_prefixes else guess.scheme.name
    cells = {
        cell: repaired[part] for cell, split in parts.items() for part in split if part in repaired
    }
    return TagColumn(guess.scheme, name, guess.share, levels, cells)


def _read_labels(labels: Sequence[str], scheme: str) -> dict[str, Tag]:
    """Return the tag of each label; unlike a checkpoint's labels, those of data may hold accidents."""
    if scheme == BARE:
        return {
            label: OUTSIDE if label.upper() in OUTSIDE_NAMES else Tag("I", label)
            for label in labels
        }
    tag_set = read_labels(labels, in_data=True)
    tags = dict(zip(labels, tag_set.tags, strict=True))
    prefixed = {label: Tag(label[0], label[2:]) for label in labels if _PREFIXED.fullmatch(label)}
    is_bare = all(tag.entity_type in ("", label) for label, tag in tags.items())
    types = {label for label, tag in tags.items() if tag.entity_type}
    all_prefixed = types == set(prefixed) and any(tag.prefix == "B" for tag in prefixed.values())
    if is_bare and (
        all_prefixed or len({tag.entity_type for tag in prefixed.values()}) < len(prefixed)
    ):
        # One type under two prefixes, or nothing else: these are prefixes, although some type has none to start with.
        return {
            label: prefixed.get(label, Tag("I", label) if tag.entity_type else tag)
            for label, tag in tags.items()
        }
    return tags


def _obey(borders: Borders, scheme: Scheme) -> SchemeGuess:
    """Return how far the data obeys a scheme that somebody named."""
    foreign = {tag.prefix for pair in borders for tag in pair if tag.entity_type} - set(
        scheme.prefixes
    )
    if foreign:
        raise TagError(
            f"the prefixes {', '.join(sorted(foreign))} are not in {scheme.name} ({', '.join(scheme.prefixes)})."
        )
    return SchemeGuess(scheme, obedience(borders, scheme))


def _split_levels(cell: str) -> tuple[str, ...]:
    """Return the labels of a cell: several, one a level, only where each of them is a tag."""
    return tuple(cell.split(",")) if "," in cell and is_tag_like(cell) else (cell,)


def _repair_labels(labels: Sequence[str], repaired: dict[str, str]) -> dict[str, str]:
    """Return what each label means: prefixes spelled as in ``B-PER``, prefixes without a type made outside."""
    meant = respell(labels)
    if any(_PREFIXED.fullmatch(label) for label in meant.values()):
        for label in filter(is_untyped, labels):
            meant[label] = "O"
            repaired[label] = "prefix without a type, read as O"
    return meant


def _borders(pairs: CellPairs, levels: Mapping[str, tuple[Tag | None, ...]]) -> Borders:
    """Count which tag follows which, on every level."""
    borders: Borders = Counter()
    depth = max(map(len, levels.values()), default=1)
    for (before, here), count in pairs.items():
        pair = _line_up(
            [
                levels.get(cell, (OUTSIDE,)) if cell is not None else (OUTSIDE,)
                for cell in (before, here)
            ]
        )
        for level in range(depth):
            first, second = (
                tags[level] or OUTSIDE if level < len(tags) else OUTSIDE for tags in pair
            )
            borders[first, second] += count
    return borders


def write_sentence_tags(sentence: Sentence, scheme: str) -> list[str]:
    """Return one tag for each word, empty where the annotation is missing.

    >>> write_sentence_tags(Sentence(("a", "b", "c"), spans=(TokenSpan(0, 2, "X"),), missing=(2,)), "IOBES")
    ['B-X', 'E-X', '']
    """
    cells = write_cells(sentence.spans, len(sentence.words), scheme)
    for i in sentence.missing:
        cells[i] = ""
    return cells


def write_cells(spans: Sequence[TokenSpan], n_words: int, scheme: str) -> list[str]:
    """Return the tag cells of a sentence of so many words."""
    if scheme == BARE:
        return [
            tag.entity_type or OUTSIDE.prefix for tag in write_tags(spans, n_words, SCHEMES["IO"])
        ]
    return [str(tag) for tag in write_tags(spans, n_words, get_scheme(scheme or DEFAULT_SCHEME))]
