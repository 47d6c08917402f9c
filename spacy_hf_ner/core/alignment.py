"""Subwords to tokens, through character offsets and nothing else.

A subword belongs to the unit in which its characters start, once the white space at both ends of its offsets is
trimmed. Three things can happen to a unit::

    text       J o h n   c a n n o t   ␣␣
    units      [John]    [can][not]          (white space is no unit)
    subwords   [Jo][hn]  [cannot    ]
    owner       0   0     1                   subword → unit
    evidence   0         2    2               unit → the subword that speaks for it first

"not" has no subword of its own and *shares* the first one that covers its first character. A unit that no subword
covers (U+200B with a tokenizer that drops it) has no evidence: -1.

Today there is one unit for each token that is not white space; smaller units would need no second path.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from spacy_hf_ner.core.arrays import Ints


class Spread(IntEnum):
    """Which part of a subword that covers several units a unit has."""

    WHOLE = 0
    FIRST = 1
    MIDDLE = 2
    LAST = 3


@dataclass(frozen=True, slots=True)
class Units:
    """The stretches of text that get one row of tag scores each, in text order and disjoint.

    Attributes:
        token_i: Index of the token that each unit lies in. Shape: (n_units,).
        start_char: First character. Shape: (n_units,).
        end_char: The character after the last one. Shape: (n_units,).
    """

    token_i: Ints
    start_char: Ints
    end_char: Ints

    def __len__(self) -> int:
        return len(self.token_i)


@dataclass(frozen=True, slots=True)
class Alignment:
    """Which subwords speak for which unit.

    Attributes:
        owner: The unit in which each subword starts, or -1 if it covers no unit. Shape: (n_subwords,).
        evidence: The first subword of each unit, else the one it shares, else -1. Shape: (n_units,).
        spread: A :class:`Spread` for each unit. Shape: (n_units,).
    """

    owner: Ints
    evidence: Ints
    spread: Ints

    @property
    def is_shared(self) -> npt.NDArray[np.bool_]:
        """Whether a unit has no subword of its own but shares one. Shape: (n_units,)."""
        return self.spread >= Spread.MIDDLE


def align_subwords(start_char: Ints, end_char: Ints, units: Units) -> Alignment:
    """Return which subwords speak for which unit.

    Args:
        start_char: First character of each subword, in text order. Shape: (n_subwords,).
        end_char: The character after its last one. Shape: (n_subwords,).
        units: The units of the same text.

    >>> units = Units(np.arange(3), np.array([0, 5, 8]), np.array([4, 8, 11]))
    >>> align_subwords(np.array([0, 2, 4]), np.array([2, 4, 11]), units)
    Alignment(owner=array([0, 0, 1]), evidence=array([0, 2, 2]), spread=array([0, 1, 3]))
    """
    n_units, n_subwords = len(units), len(start_char)
    evidence = np.full(n_units, -1, dtype=np.int64)
    spread = np.zeros(n_units, dtype=np.int64)
    if n_units == 0 or n_subwords == 0:
        return Alignment(np.full(n_subwords, -1, dtype=np.int64), evidence, spread)
    owner = np.searchsorted(units.end_char, start_char, side="right").astype(np.int64)
    inside = np.minimum(owner, n_units - 1)
    covers = (owner < n_units) & (end_char > np.maximum(start_char, units.start_char[inside]))
    owner[~covers] = -1
    speaking = np.flatnonzero(covers)
    first_owned, first = np.unique(owner[speaking], return_index=True)
    evidence[first_owned] = speaking[first]
    _share(evidence, spread, owner=owner, speaking=speaking, end_char=end_char, units=units)
    return Alignment(owner, evidence, spread)


def _share(
    evidence: Ints, spread: Ints, *, owner: Ints, speaking: Ints, end_char: Ints, units: Units
) -> None:
    """Give units without a subword of their own the one that covers their first character; fills in place."""
    bare = np.flatnonzero(evidence < 0)
    # The first subword that ends after a unit's first character covers it, unless it starts after the unit.
    reach = np.maximum.accumulate(end_char[speaking])
    first = np.searchsorted(reach, units.start_char[bare], side="right")
    bare, first = bare[first < len(speaking)], first[first < len(speaking)]
    covers = owner[speaking[first]] < bare
    sharing, shared = bare[covers], speaking[first[covers]]
    evidence[sharing] = shared
    is_last = np.diff(shared, append=-1) != 0
    spread[sharing] = np.where(is_last, Spread.LAST, Spread.MIDDLE)
    sharer = owner[shared]
    spread[sharer[evidence[sharer] == shared]] = Spread.FIRST
