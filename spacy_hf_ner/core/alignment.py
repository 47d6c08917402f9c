"""Subwords to tokens, through character offsets and nothing else.

A subword belongs to the unit in which its characters start, once the white space at both ends of
its offsets is trimmed. Three things can happen to a unit::

    text       J o h n   c a n n o t   ␣␣
    units      [John]    [can][not]          (white space is no unit)
    subwords   [Jo][hn]  [cannot    ]
    owner       0   0     1                   subword → unit
    evidence   0         2    2               unit → the subword that speaks for it first

"not" has no subword of its own and *shares* the first one that covers its first character. A unit
that no subword covers (U+200B with a tokenizer that drops it) has no evidence: -1.

Where the labels of a checkpoint run over subwords, units are split until each has one subword.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from spacy_hf_ner.core.arrays import Bools, Ints

__all__ = ["Alignment", "Parts", "Spread", "Units", "align_subwords", "split_at_subwords"]


class Spread(IntEnum):
    """Which part of a subword that covers several units a unit has."""

    WHOLE = 0
    FIRST = 1
    MIDDLE = 2
    LAST = 3


@dataclass(frozen=True, slots=True)
class Units:
    """The stretches of text that get one row of tag scores each, in text order and disjoint.

    Only parts of a unit may have the same characters: subwords of one emoji, say, which has several
    bytes.

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
        owner: The unit in which each subword starts, or -1 if it covers no unit.
            Shape: (n_subwords,).
        evidence: The first subword of each unit, else the one it shares, else -1.
            Shape: (n_units,).
        spread: A :class:`Spread` for each unit. Shape: (n_units,).
    """

    owner: Ints
    evidence: Ints
    spread: Ints

    @property
    def is_shared(self) -> Bools:
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
    n_units = len(units)
    n_subwords = len(start_char)
    evidence = np.full(n_units, -1, dtype=np.int64)
    spread = np.full(n_units, Spread.WHOLE, dtype=np.int64)
    if n_units == 0 or n_subwords == 0:
        owner = np.full(n_subwords, -1, dtype=np.int64)
        return Alignment(owner, evidence, spread)

    owner = _find_owners(start_char, end_char, units)
    speaking = np.flatnonzero(owner >= 0)
    owning_unit, first_place = np.unique(owner[speaking], return_index=True)
    evidence[owning_unit] = speaking[first_place]

    sharing_unit, shared_subword = _find_shared(
        evidence, speaking, owner=owner, end_char=end_char, units=units
    )
    evidence[sharing_unit] = shared_subword
    _number_parts(spread, sharing_unit, shared_subword, owner=owner, evidence=evidence)
    return Alignment(owner, evidence, spread)


def _find_owners(start_char: Ints, end_char: Ints, units: Units) -> Ints:
    """Return the first unit that each subword covers a character of, or -1.

    Shape: (n_subwords,).
    """
    # The first unit that ends after the subword starts; after the last unit there is none.
    owner = np.searchsorted(units.end_char, start_char, side="right").astype(np.int64)
    has_unit = owner < len(units)
    unit_start = units.start_char[np.minimum(owner, len(units) - 1)]
    # A subword may end before that unit begins, or hold no character at all.
    covers = has_unit & (end_char > np.maximum(start_char, unit_start))
    owner[~covers] = -1
    return owner


def _find_shared(
    evidence: Ints, speaking: Ints, *, owner: Ints, end_char: Ints, units: Units
) -> tuple[Ints, Ints]:
    """Return the units that share a subword, and the subword that each of them shares.

    They are those without a subword of their own whose first character another's subword covers;
    ``speaking`` are the subwords that some unit owns. Shape of each: (n_sharing,).
    """
    without_own = np.flatnonzero(evidence < 0)
    # Offsets may overlap, so subwords need not end in order: what has been reached does rise.
    #   end_char   4  9  6  12     reach   4  9  9  12
    reach = np.maximum.accumulate(end_char[speaking])
    # The first subword that ends after a unit's first character covers it, or starts after it.
    place = np.searchsorted(reach, units.start_char[without_own], side="right")
    is_reached = place < len(speaking)
    unit = without_own[is_reached]
    subword = speaking[place[is_reached]]
    covers = owner[subword] < unit
    return unit[covers], subword[covers]


def _number_parts(
    spread: Ints, sharing_unit: Ints, shared_subword: Ints, *, owner: Ints, evidence: Ints
) -> None:
    """Write which part of a shared subword each unit has, in place.

    ::

        subword    [        7        ]
        units      [3   ][4    ][5   ]     unit 3 owns subword 7; units 4 and 5 share it
        spread     FIRST MIDDLE  LAST
    """
    # Units are in text order, so those that share one subword are neighbours.
    is_last = np.diff(shared_subword, append=-1) != 0
    spread[sharing_unit] = np.where(is_last, Spread.LAST, Spread.MIDDLE)
    # An owner with earlier subwords speaks by the first of them, and is not spread.
    owning_unit = owner[shared_subword]
    speaks_by_it = evidence[owning_unit] == shared_subword
    spread[owning_unit[speaks_by_it]] = Spread.FIRST


@dataclass(frozen=True, slots=True)
class Parts:
    """Units that were split into smaller ones.

    Attributes:
        units: The parts, which are units themselves.
        alignment: Which subwords speak for which part.
        whole: The unit that each part was split off. Shape: (n_parts,).
    """

    units: Units
    alignment: Alignment
    whole: Ints


def split_at_subwords(start_char: Ints, end_char: Ints, units: Units, aligned: Alignment) -> Parts:
    """Return a unit for each subword, and for each unit that has no subword of its own.

    ::

        text       b o b @ x . d e   1 0 k m   U+200B
        units      [0              ] [1][2]    [3]
        subwords   [0  ][1][2][3   ] [4   ]
        parts      [0  ][1][2][3   ] [4][5]    [6]
        whole       0    0  0  0      1  2      3
        evidence    0    1  2  3      4  4     -1      "km" still shares the subword of "10"

    Args:
        start_char: First character of each subword, in text order. Shape: (n_subwords,).
        end_char: The character after its last one. Shape: (n_subwords,).
        units: The units of the same text.
        aligned: What :func:`align_subwords` makes of these.

    >>> units = Units(np.arange(2), np.array([0, 4]), np.array([3, 7]))
    >>> subwords = np.array([0, 2, 4]), np.array([2, 3, 7])
    >>> parts = split_at_subwords(*subwords, units, align_subwords(*subwords, units))
    >>> parts.units.start_char, parts.units.end_char, parts.whole
    (array([0, 2, 4]), array([2, 3, 7]), array([0, 0, 1]))
    """
    speaking = np.flatnonzero(aligned.owner >= 0)
    unit_of_subword = aligned.owner[speaking]
    owns = np.zeros(len(units), dtype=bool)
    owns[unit_of_subword] = True
    without_own = np.flatnonzero(~owns)

    # First a part for each subword, then one for each unit without; then all in text order.
    whole = np.concatenate([unit_of_subword, without_own])
    part_start = units.start_char[whole]
    part_end = units.end_char[whole]
    n_speaking = len(speaking)
    part_start[:n_speaking] = np.maximum(part_start[:n_speaking], start_char[speaking])
    part_end[:n_speaking] = np.minimum(part_end[:n_speaking], end_char[speaking])
    evidence = np.concatenate([speaking, aligned.evidence[without_own]])
    spread = np.full(len(whole), Spread.WHOLE, dtype=np.int64)
    spread[n_speaking:] = aligned.spread[without_own]
    in_order = np.argsort(whole, kind="stable")
    _reach_borders(part_start, part_end, whole, in_order, units)
    place = np.empty_like(in_order)
    place[in_order] = np.arange(len(in_order))

    owner = np.full(len(aligned.owner), -1, dtype=np.int64)
    owner[speaking] = place[:n_speaking]
    spread = spread[in_order]
    # A subword that others share is the first part of its own spread.
    is_shared = aligned.spread[without_own] >= Spread.MIDDLE
    spread[owner[aligned.evidence[without_own[is_shared]]]] = Spread.FIRST
    return Parts(
        units=Units(units.token_i[whole][in_order], part_start[in_order], part_end[in_order]),
        alignment=Alignment(owner, evidence[in_order], spread),
        whole=whole[in_order],
    )


def _reach_borders(
    part_start: Ints, part_end: Ints, whole: Ints, in_order: Ints, units: Units
) -> None:
    """Let the first part of each unit begin where the unit does, and the last end there, in place.

    A tokenizer may drop characters at the ends of a unit. They are no part of their own, and what
    has all subwords of a token has the whole token.

    Args:
        part_start: First character of each part. Shape: (n_parts,).
        part_end: The character after its last one. Shape: (n_parts,).
        whole: The unit that it was split off. Shape: (n_parts,).
        in_order: The parts in text order. Shape: (n_parts,).
        units: The units.
    """
    unit = whole[in_order]
    first = in_order[np.diff(unit, prepend=-1) != 0]
    last = in_order[np.diff(unit, append=-1) != 0]
    part_start[first] = units.start_char[whole[first]]
    part_end[last] = units.end_char[whole[last]]
