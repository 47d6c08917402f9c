"""What cells look like: single ones, and those of one column, without what stands beside them.

A column is looked at in the first rows of a file, of which some may be damaged: a bare "U" or "I-"
among the tags (WNUT-17), a word that was joined with its tag. So most cells must fit, not all.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from spacy_hf_ner.core.schemes import SCHEMES

__all__ = [
    "MIN_SHARE",
    "MISSING",
    "MISSING_POS",
    "OUTSIDE_DIGIT",
    "are_mostly_distinct",
    "are_offset_columns",
    "are_texts",
    "find_separator",
    "is_chunk_column",
    "is_index_column",
    "is_list_column",
    "is_number",
    "is_pos_column",
    "is_prefixed",
    "is_prefixed_column",
    "is_tag_column",
    "is_tag_like",
    "is_untyped",
    "split_cells",
    "types_of",
]

# Cells that say nothing about their word.
MISSING: Final = frozenset({"", "-", "_"})
MISSING_POS: Final = MISSING | {"-X-"}

# Some files have the digit for the letter "O". Beside tags with types it can mean nothing else.
OUTSIDE_DIGIT: Final = "0"

# The share of a column's cells that must look like their kind.
MIN_SHARE: Final = 0.9

# Longer numbers are no index and no offset; Python refuses to read those of thousands of digits.
MAX_DIGITS: Final = 18

# Tag sets of parts of speech are small (Penn: 45, Universal Dependencies: 17). Those with
# morphology may have one tag for fifty rows; a column of words or lemmas has far more different
# cells.
MAX_POS_TAGS: Final = 60
MIN_ROWS_PER_POS_TAG: Final = 50

# A text has so many spaces at least; "New York" or "5 000" may be a word (BTC).
MIN_SPACES: Final = 2
# Among fewer rows, all types may differ by chance.
MIN_ROWS: Final = 10

# The phrases of the CoNLL-2000 shared task.
CHUNK_TYPES: Final = frozenset(
    ("NP", "VP", "PP", "ADVP", "ADJP", "SBAR", "PRT", "CONJP", "INTJ", "LST", "UCP")
)


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

_INDEX = re.compile(r"\d+([-.]\d+)?")


# ----------------------------------------------------------------------------------------------
# lines to cells


def split_cells(line: str, separator: str) -> list[str]:
    r"""Return the cells of a line; only the separator splits, never other white space.

    >>> split_cells("New York\tB-LOC", "\t"), split_cells("5\xa0000   CD O", " ")
    (['New York', 'B-LOC'], ['5\xa0000', 'CD', 'O'])
    """
    cells = line.split(separator)
    if separator == " ":
        # A space stands for a run of spaces, and these give empty cells. `line.split()` would cut
        # at other white space too, which belongs to words (5\xa0000).
        return list(filter(None, cells))
    return cells


def find_separator(lines: Iterable[str]) -> str:
    """Return a tab if most lines hold one, else a space.

    Most, not one: words may hold spaces (BTC), and a comment of a file with spaces may hold a tab
    (MultiCoNER).
    """
    n_lines = 0
    n_tabs = 0
    for line in lines:
        n_lines += 1
        n_tabs += "\t" in line
    return "\t" if n_tabs > n_lines // 2 else " "


# ----------------------------------------------------------------------------------------------
# one cell


def is_number(cell: str) -> bool:
    """Tell whether a cell is a number from 0 that Python can read."""
    return cell.isdecimal() and len(cell) <= MAX_DIGITS


def is_prefixed(label: str) -> bool:
    """Tell whether a label has a prefix of some scheme, in the usual spelling, and a type."""
    return _PREFIXED.fullmatch(label) is not None


def is_tag_like(cell: str) -> bool:
    """Tell whether a cell is a tag in some scheme with prefixes, the outside tag included.

    >>> [is_tag_like(cell) for cell in ("B-PER", "O", "B-a,B-b", "O,I-b", "PER", "-")]
    [True, True, True, True, False, False]
    """
    return all(map(_TAG.fullmatch, cell.split(",")))


def is_untyped(cell: str) -> bool:
    """Tell whether a cell is a prefix without a type."""
    return _NO_TYPE.fullmatch(cell) is not None


def types_of(cells: Iterable[str]) -> frozenset[str]:
    """Return the types of the prefixed tags among the cells."""
    labels: set[str] = set()
    for cell in set(cells):
        if is_tag_like(cell):
            labels.update(cell.split(","))
    types: set[str] = set()
    for label in labels:
        if len(label) > 1:  # not "O"
            types.add(label[2:])
    return frozenset(types)


# ----------------------------------------------------------------------------------------------
# the cells of one column


def is_index_column(cells: Sequence[str]) -> bool:
    """Tell whether cells count the words of sentences.

    Ranges ``3-4`` and decimals ``3.1`` count words that are written as one, and those that are not
    written (CoNLL-U). Each sentence begins again at 1 or 0, so one of these is there; years or
    amounts of money lack it.
    """
    return _most(cells, _is_index) and ("1" in cells or "0" in cells)


def is_tag_column(cells: Sequence[str]) -> bool:
    """Tell whether the cells that are not missing are tags with prefixes, or "O".

    Words fail, and so does the column of annotators behind the tags of UNER. The digit 0 is a tag
    where others have types: alone, it may count or point to something.
    """
    filled = [cell for cell in cells if cell not in MISSING]
    if OUTSIDE_DIGIT in filled and types_of(filled):
        filled = [cell for cell in filled if cell != OUTSIDE_DIGIT]
    return _most(filled, is_tag_like)


def is_prefixed_column(cells: Sequence[str]) -> bool:
    """Tell whether nearly all cells are tags with prefixes, or "O", and some have a prefix."""
    return is_tag_column(cells) and bool(types_of(cells))


def is_chunk_column(cells: Sequence[str]) -> bool:
    """Tell whether all tags among the cells are of phrases; no entity is called NP or VP."""
    has_chunks = False
    for cell in cells:
        if not is_tag_like(cell) or len(cell) == 1:
            continue
        if cell[2:] not in CHUNK_TYPES:
            return False
        has_chunks = True
    return has_chunks


def is_pos_column(cells: Sequence[str]) -> bool:
    """Tell whether cells can be parts of speech: few different ones, not all missing or numbers.

    MultiCoNER fills its columns of parts of speech and chunks with "_".
    """
    different = set(cells)
    if different <= MISSING_POS or all(map(str.isdecimal, different)):
        return False
    return len(different) <= max(MAX_POS_TAGS, len(cells) // MIN_ROWS_PER_POS_TAG)


def are_offset_columns(words: Sequence[str], starts: Sequence[str], ends: Sequence[str]) -> bool:
    """Tell whether two columns of numbers lie as far apart as the words are long."""
    n_fitting = 0
    for word, start, end in zip(words, starts, ends, strict=True):
        if is_number(start) and is_number(end):
            n_fitting += int(end) - int(start) == len(word)
    return n_fitting >= MIN_SHARE * len(words)


def is_list_column(cells: Sequence[str]) -> bool:
    """Tell whether all cells are lists, as exported data sets have them: one sentence a row."""
    return bool(cells) and all(map(_is_list, cells))


def are_texts(cells: Sequence[str]) -> bool:
    """Tell whether most cells hold three words or more: they are texts, and no words.

    >>> are_texts(["Rome is big", "Ed saw Rome"]), are_texts(["New York", "5 000 000", "is"])
    (True, False)
    """
    n_texts = sum(cell.strip().count(" ") >= MIN_SPACES for cell in cells)
    return n_texts > len(cells) / 2


def are_mostly_distinct(cells: Sequence[str]) -> bool:
    """Tell whether there are many cells, and most differ from all others: they are no types."""
    return len(cells) >= MIN_ROWS and len(set(cells)) > len(cells) / 2


def _is_list(cell: str) -> bool:
    bare = cell.strip('"')
    return bare.startswith("[") and bare.endswith("]")


def _is_index(cell: str) -> bool:
    return _INDEX.fullmatch(cell) is not None


def _most(cells: Sequence[str], fits: Callable[[str], bool]) -> bool:
    """Tell whether there are cells, and most of them fit."""
    return bool(cells) and sum(map(fits, cells)) >= MIN_SHARE * len(cells)
