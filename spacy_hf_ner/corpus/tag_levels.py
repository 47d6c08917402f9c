"""Cells with several labels: one for each level of nested entities (``B-corp,B-product``)."""

from collections.abc import Iterable, Sequence

from spacy_hf_ner.core.schemes import OUTSIDE, SCHEMES, Tag
from spacy_hf_ner.corpus.cells import is_tag_like

__all__ = ["Level", "align_levels", "get_level", "split_levels"]

Level = Tag | None
"""What a cell says on one level; None where the annotation is missing."""


def split_levels(cell: str) -> tuple[str, ...]:
    """Return the labels of a cell: several, one a level, only where each of them is a tag.

    >>> split_levels("B-a,O"), split_levels("GPE,ORG")
    (('B-a', 'O'), ('GPE,ORG',))
    """
    if "," in cell and is_tag_like(cell):
        return tuple(cell.split(","))
    return (cell,)


def get_level(row: tuple[Level, ...], level: int) -> Level:
    """Return the tag of a row on a level; a row that ends above it is outside there."""
    return row[level] if level < len(row) else OUTSIDE


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
        is_missing = row == (None,)
        above = row if is_missing else _align_row(row, above)
        aligned.append(above)
    return aligned


def _align_row(row: tuple[Level, ...], above: tuple[Level, ...]) -> tuple[Level, ...]:
    """Return the tags of a row on the levels of their types in the row above, others where free."""
    left = [tag for tag in row if tag and tag.entity_type]
    aligned = [OUTSIDE] * len(above)
    for level, tag_above in enumerate(above):
        going_on = _find_going_on(left, tag_above)
        if going_on is not None:
            aligned[level] = going_on
            left.remove(going_on)
    for tag in left:
        if OUTSIDE in aligned:
            aligned[aligned.index(OUTSIDE)] = tag
        else:
            aligned.append(tag)
    return tuple(aligned) or row


def _find_going_on(tags: Iterable[Tag], above: Level) -> Tag | None:
    """Return the tag that goes on with the type of the tag above it, or None.

    Of two entities of one type (``B-x,I-x``), the one that does not begin goes on.
    """
    if above is None:
        return None
    same_type = [tag for tag in tags if tag.entity_type == above.entity_type]
    return min(same_type, key=_begins, default=None)


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
