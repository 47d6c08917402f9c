"""Cells of a tag column to entities and back: what cells mean, in which scheme, what breaks it.

A column is read twice. The first time its pairs of neighbouring cells are counted, in constant
memory, and :func:`interpret_tags` tells from the counts what each cell means::

    cell          what the file has in one row           B-corp,B-product
    labels        one for each level (tag_levels)        B-corp | B-product
    tags          what a label means (tag_labels)        Tag("B", "corp") | Tag("B", "product")
    scheme        what the pairs of tags obey            IOB2

Then :meth:`TagColumn.read` turns the cells of one sentence into spans.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Final

from spacy_hf_ner.core.labels import OUTSIDE_NAMES
from spacy_hf_ner.core.schemes import OUTSIDE, SCHEMES, Scheme, get_scheme
from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.core.tags import (
    Borders,
    SchemeGuess,
    guess_scheme,
    obedience,
    read_tags,
    write_tags,
)
from spacy_hf_ner.core.wording import shorten
from spacy_hf_ner.corpus.cells import MISSING, is_untyped
from spacy_hf_ner.corpus.sentence import Problem, Sentence, keep_outermost
from spacy_hf_ner.corpus.tag_labels import BARE, read_label_tags, spell_labels
from spacy_hf_ner.corpus.tag_levels import Level, align_levels, get_level, split_levels
from spacy_hf_ner.errors import CorpusError, TagError

__all__ = [
    "DEFAULT_SCHEME",
    "JOINING_SCHEMES",
    "CellPairs",
    "SentenceAnnotation",
    "TagColumn",
    "are_untyped",
    "choose_scheme",
    "interpret_tags",
    "pair_cells",
    "write_cells",
    "write_sentence_tags",
]

DEFAULT_SCHEME: Final = "IOB2"  # where nobody says what the tags were
# In these, two entities of one type that touch are one.
JOINING_SCHEMES: Final = frozenset({"IO", BARE})

CellPairs = Counter[tuple[str | None, str | None]]
"""How often one cell stands above another in a column; None is a start or end of a sentence."""


def pair_cells(cells: Sequence[str]) -> Iterable[tuple[str | None, str | None]]:
    """Return the pairs of neighbouring cells of one sentence, for a :data:`CellPairs` to count."""
    return pairwise((None, *cells, None))


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


# ----------------------------------------------------------------------------------------------
# what a column means


@dataclass(frozen=True, slots=True)
class SentenceAnnotation:
    """What a sentence's tag cells say.

    Attributes:
        spans: The outermost entities.
        layers: The entities of all levels, if there is more than one.
        levels: The entities of each level of the column, if it has more than one.
        missing: Indices of the words whose annotation is missing.
        problems: Cells that break the scheme.
    """

    spans: tuple[TokenSpan, ...]
    layers: tuple[TokenSpan, ...] = ()
    levels: tuple[tuple[TokenSpan, ...], ...] = ()
    missing: tuple[int, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class TagColumn:
    """What the cells of a column mean.

    Attributes:
        scheme: The scheme they are read in.
        scheme_name: Its name, or ``"bare"`` for types without prefixes.
        share: Share of entity borders that obey the scheme, in [0, 1].
        levels: For each cell its tags, in the order of the cell; None where the annotation is
            missing.
        repairs: For each cell that had to be repaired, how.
    """

    scheme: Scheme
    scheme_name: str
    share: float
    levels: Mapping[str, tuple[Level, ...]]
    repairs: Mapping[str, str]

    def read(self, cells: Sequence[str], lines: Sequence[int]) -> SentenceAnnotation:
        """Return the entities of one sentence, from its cells and their line numbers.

        Raises:
            CorpusError: A cell is none of those that were counted.
        """
        rows = align_levels(self._look_up(cells))
        problems = self._find_repairs(cells, lines)
        n_levels = max(map(len, rows), default=1)
        layers: list[tuple[TokenSpan, ...]] = []
        for level in range(n_levels):
            found = read_tags([get_level(row, level) for row in rows], self.scheme)
            layers.append(found.spans)
            for violation in found.violations:
                kind = f"{self.scheme_name}: entity {violation.kind}"
                problems.append(Problem(kind, lines[violation.token_i]))

        missing: list[int] = []
        for word_i, row in enumerate(rows):
            # A cell without annotation has one label, which is no tag: its row is (None,).
            if row[0] is None:
                missing.append(word_i)
        levels = self._fill_levels(layers)
        if n_levels == 1:
            return SentenceAnnotation(
                layers[0], levels=levels, missing=tuple(missing), problems=tuple(problems)
            )
        spans = list(chain.from_iterable(layers))
        return SentenceAnnotation(
            spans=keep_outermost(spans),
            layers=tuple(sorted(spans)),
            levels=levels,
            missing=tuple(missing),
            problems=tuple(problems),
        )

    def _fill_levels(
        self, layers: Sequence[tuple[TokenSpan, ...]]
    ) -> tuple[tuple[TokenSpan, ...], ...]:
        """Return as many levels as any cell of the column has; none where all have one."""
        depth = max(map(len, self.levels.values()), default=1)
        depth = max(depth, len(layers))
        if depth == 1:
            return ()
        return (*layers, *[()] * (depth - len(layers)))

    def _look_up(self, cells: Sequence[str]) -> list[tuple[Level, ...]]:
        """Return what each cell says on each of its levels."""
        rows: list[tuple[Level, ...]] = []
        for cell in cells:
            if cell not in self.levels:
                raise CorpusError(
                    f"expected the tags that were there when the data was read first, got "
                    f"{shorten(cell)!r}: the file was changed meanwhile. Read it once more."
                )
            rows.append(self.levels[cell])
        return rows

    def _find_repairs(self, cells: Sequence[str], lines: Sequence[int]) -> list[Problem]:
        problems: list[Problem] = []
        if self.repairs:  # most columns need none
            for cell, line in zip(cells, lines, strict=True):
                if cell in self.repairs:
                    problems.append(Problem(self.repairs[cell], line))
        return problems


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
        # Labels of missing annotation, and no others, have no meaning: they are None.
        levels[cell] = tuple(map(meaning.tags.get, parts))
        for label in parts:
            if label in meaning.repairs:
                repairs[cell] = meaning.repairs[label]

    guess = choose_scheme(_count_borders(pairs, levels), scheme)
    scheme_name = BARE if meaning.are_bare else guess.scheme.name
    return TagColumn(guess.scheme, scheme_name, guess.share, levels, repairs)


def _list_cells(pairs: CellPairs) -> list[str]:
    """Return the different cells of a column, sorted."""
    cells = set(chain.from_iterable(pairs))
    return sorted(cell for cell in cells if cell is not None)


def _count_borders(pairs: CellPairs, levels: Mapping[str, tuple[Level, ...]]) -> Borders:
    """Count which tag follows which, on every level.

    Each pair of cells is aligned by itself, where :meth:`TagColumn.read` aligns whole sentences.
    That puts the same tags below one another, perhaps on another level, and all levels are counted.
    """
    borders: Borders = Counter()
    outside: tuple[Level, ...] = (OUTSIDE,)
    depth = max(map(len, levels.values()), default=1)
    for (above, below), count in pairs.items():
        first = outside if above is None else levels[above]
        second = outside if below is None else levels[below]
        first, second = align_levels([first, second])
        for level in range(depth):
            # Missing annotation is outside of any entity.
            tag_above = get_level(first, level) or OUTSIDE
            tag_below = get_level(second, level) or OUTSIDE
            borders[tag_above, tag_below] += count
    return borders


def choose_scheme(borders: Borders, scheme: str = "auto") -> SchemeGuess:
    """Return the scheme that is named, else the one that fits best, and how far the data obeys it.

    Raises:
        CorpusError: The tags fit no scheme, or not the one that is named.
    """
    # Bare types have become tags with the prefix "I" alone: guessing finds their scheme, IO.
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
