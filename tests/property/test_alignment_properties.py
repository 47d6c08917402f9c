"""What holds for every tokenizer's offsets, sane or not."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spacy_hf_ner.core.alignment import Spread, Units, align_subwords, split_at_subwords

Offsets = list[tuple[int, int]]


@st.composite
def offsets(draw: st.DrawFn, *, disjoint: bool) -> Offsets:
    """Draw offsets whose starts rise, with gaps.

    If they need not be disjoint, some are empty, equal or overlap.
    """
    chars: Offsets = []
    start = 0
    gap_and_length = st.tuples(st.integers(0, 2), st.integers(1 if disjoint else 0, 6))
    for gap, length in draw(st.lists(gap_and_length, max_size=8)):
        start += gap
        chars.append((start, start + length))
        if disjoint:
            start += length
    return chars


def _arrays(chars: Offsets) -> tuple[np.ndarray, np.ndarray]:
    both = np.array(chars, dtype=np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _overlap(left: tuple[int, int], right: tuple[int, int]) -> bool:
    return max(left[0], right[0]) < min(left[1], right[1])


@given(
    units=offsets(disjoint=True),
    subwords=st.one_of(offsets(disjoint=True), offsets(disjoint=False)),
)
def test_a_unit_has_evidence_wherever_a_subword_covers_one_of_its_characters(
    units: Offsets, subwords: Offsets
) -> None:
    alignment = align_subwords(*_arrays(subwords), Units(np.arange(len(units)), *_arrays(units)))
    for unit, evidence in zip(units, alignment.evidence.tolist(), strict=True):
        covering = [i for i, subword in enumerate(subwords) if _overlap(unit, subword)]
        assert evidence in covering if covering else evidence == -1


@given(
    units=offsets(disjoint=True),
    subwords=st.one_of(offsets(disjoint=True), offsets(disjoint=False)),
)
def test_a_subword_belongs_to_the_first_unit_that_it_covers(
    units: Offsets, subwords: Offsets
) -> None:
    alignment = align_subwords(*_arrays(subwords), Units(np.arange(len(units)), *_arrays(units)))
    for subword, owner in zip(subwords, alignment.owner.tolist(), strict=True):
        covered = [i for i, unit in enumerate(units) if _overlap(unit, subword)]
        assert owner == min(covered, default=-1)


@given(
    units=offsets(disjoint=True),
    subwords=st.one_of(offsets(disjoint=True), offsets(disjoint=False)),
)
def test_a_unit_speaks_by_its_own_first_subword_or_else_shares_one(
    units: Offsets, subwords: Offsets
) -> None:
    alignment = align_subwords(*_arrays(subwords), Units(np.arange(len(units)), *_arrays(units)))
    owner = alignment.owner.tolist()
    for i, evidence in enumerate(alignment.evidence.tolist()):
        if i in owner:
            assert evidence == owner.index(i)
            assert alignment.spread[i] in (Spread.WHOLE, Spread.FIRST)
        elif evidence >= 0:
            assert owner[evidence] < i
            assert alignment.is_shared[i]
        else:
            assert alignment.spread[i] == Spread.WHOLE


@given(
    units=offsets(disjoint=True),
    subwords=st.one_of(offsets(disjoint=True), offsets(disjoint=False)),
)
def test_the_units_that_share_a_subword_run_from_first_to_last(
    units: Offsets, subwords: Offsets
) -> None:
    alignment = align_subwords(*_arrays(subwords), Units(np.arange(len(units)), *_arrays(units)))
    for subword in set(alignment.evidence.tolist()) - {-1}:
        speakers = np.flatnonzero(alignment.evidence == subword)
        spread = [Spread(alignment.spread[i]) for i in speakers]
        n_shared = int(alignment.is_shared[speakers].sum())
        expected: list[Spread] = []
        if n_shared:
            expected = [Spread.MIDDLE] * (n_shared - 1) + [Spread.LAST]
        if len(spread) > n_shared:  # the owner speaks by this subword too
            expected = [Spread.FIRST if n_shared else Spread.WHOLE, *expected]
        assert spread == expected


@given(
    units=offsets(disjoint=True),
    subwords=st.one_of(offsets(disjoint=True), offsets(disjoint=False)),
)
def test_parts_have_one_subword_each_and_lie_in_their_units(
    units: Offsets, subwords: Offsets
) -> None:
    chars = _arrays(subwords)
    aligned = align_subwords(*chars, Units(np.arange(len(units)), *_arrays(units)))
    parts = split_at_subwords(*chars, Units(np.arange(len(units)), *_arrays(units)), aligned)
    owner = parts.alignment.owner
    speaking = np.flatnonzero(owner >= 0)
    # Each subword that speaks for a unit speaks for a part of it, and for no other subword's part.
    assert len(set(owner[speaking].tolist())) == len(speaking)
    assert (parts.whole[owner[speaking]] == aligned.owner[speaking]).all()
    assert (parts.alignment.evidence[owner[speaking]] == speaking).all()
    # No unit is lost, and all parts are in order.
    assert set(parts.whole.tolist()) == set(range(len(units)))
    assert (np.diff(parts.whole) >= 0).all()
    for part, whole in enumerate(parts.whole.tolist()):
        start_char, end_char = units[whole]
        assert start_char <= parts.units.start_char[part] < parts.units.end_char[part] <= end_char
    # What shares a subword shares the same one, which is the first part of its own spread.
    is_shared = parts.alignment.is_shared
    assert (
        parts.alignment.spread[owner[parts.alignment.evidence[is_shared]]] == Spread.FIRST
    ).all()
