"""What holds for every tokenizer's offsets, sane or not."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spacy_hf_ner.core.alignment import Spread, Units, align_subwords

Offsets = list[tuple[int, int]]


@st.composite
def offsets(draw: st.DrawFn, *, disjoint: bool) -> Offsets:
    """Draw offsets whose starts rise: with gaps; if not disjoint, empty, equal and overlapping ones too."""
    chars: Offsets = []
    start = 0
    for gap, length in draw(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 6)), max_size=8)):
        start += gap
        chars.append((start, start + (max(length, 1) if disjoint else length)))
        start = chars[-1][1] if disjoint else start
    return chars


def _arrays(chars: Offsets) -> tuple[np.ndarray, np.ndarray]:
    both = np.array(chars, dtype=np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _touch(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return max(one[0], other[0]) < min(one[1], other[1])


@given(
    units=offsets(disjoint=True),
    subwords=st.one_of(offsets(disjoint=True), offsets(disjoint=False)),
)
def test_a_unit_has_evidence_wherever_a_subword_covers_one_of_its_characters(
    units: Offsets, subwords: Offsets
) -> None:
    alignment = align_subwords(*_arrays(subwords), Units(np.arange(len(units)), *_arrays(units)))
    for unit, evidence in zip(units, alignment.evidence.tolist(), strict=True):
        covering = [i for i, subword in enumerate(subwords) if _touch(unit, subword)]
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
        covered = [i for i, unit in enumerate(units) if _touch(unit, subword)]
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
        assert spread[len(spread) - n_shared :] == [Spread.MIDDLE] * (n_shared - 1) + [
            Spread.LAST
        ] * bool(n_shared)
        if n_shared < len(spread):  # the owner speaks by this subword too
            assert spread[0] == (Spread.FIRST if n_shared else Spread.WHOLE)
            assert len(spread) == n_shared + 1
