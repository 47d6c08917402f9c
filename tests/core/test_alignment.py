import numpy as np
import pytest

from spacy_hf_ner.core.alignment import Spread, Units, align_subwords, split_at_subwords

WHOLE, FIRST, MIDDLE, LAST = Spread

Offsets = list[tuple[int, int]]


def _units(offsets: Offsets) -> Units:
    chars = np.array(offsets, dtype=np.int64).reshape(-1, 2)
    return Units(np.arange(len(offsets)), chars[:, 0], chars[:, 1])


# units, subwords, the unit of each subword, the evidence of each unit, which part of it
CASES: list[tuple[str, Offsets, Offsets, list[int], list[int], list[Spread]]] = [
    ("one to one", [(0, 2), (3, 5)], [(0, 2), (3, 5)], [0, 1], [0, 1], [WHOLE, WHOLE]),
    ("John: Jo|hn", [(0, 4)], [(0, 2), (2, 4)], [0, 0], [0], [WHOLE]),
    ("can|not in one", [(0, 3), (3, 6)], [(0, 6)], [0], [0, 0], [FIRST, LAST]),
    ("10|km|/h in one", [(0, 2), (2, 4), (4, 6)], [(0, 6)], [0], [0, 0, 0], [FIRST, MIDDLE, LAST]),
    ("can|not as ca|nnot", [(0, 3), (3, 6)], [(0, 2), (2, 6)], [0, 0], [0, 1], [WHOLE, LAST]),
    ("can|not as cann|ot", [(0, 3), (3, 6)], [(0, 4), (4, 6)], [0, 1], [0, 1], [WHOLE, WHOLE]),
    (
        "U.S.|-|based in two",
        [(0, 4), (4, 5), (5, 10)],
        [(0, 5), (5, 10)],
        [0, 2],
        [0, 0, 1],
        [FIRST, LAST, WHOLE],
    ),
    (
        "two pairs",
        [(0, 1), (1, 2), (3, 4), (4, 5)],
        [(0, 2), (3, 5)],
        [0, 2],
        [0, 0, 1, 1],
        [FIRST, LAST] * 2,
    ),
    ("over white space: New|York", [(0, 3), (4, 8)], [(0, 8)], [0], [0, 0], [FIRST, LAST]),
    (
        "U+200B that is dropped",
        [(0, 2), (3, 4), (5, 7)],
        [(0, 2), (5, 7)],
        [0, 2],
        [0, -1, 1],
        [WHOLE] * 3,
    ),
    ("an empty subword", [(0, 2)], [(0, 0), (0, 2), (2, 2)], [-1, 0, -1], [1], [WHOLE]),
    (
        "a subword of white space",
        [(0, 2), (4, 6)],
        [(0, 2), (2, 4), (4, 6)],
        [0, -1, 1],
        [0, 2],
        [WHOLE] * 2,
    ),
    (
        "a subword with a leading space",
        [(0, 2), (3, 5)],
        [(0, 2), (2, 5)],
        [0, 1],
        [0, 1],
        [WHOLE] * 2,
    ),
    ("a subword after the last unit", [(0, 2)], [(0, 2), (3, 4)], [0, -1], [0], [WHOLE]),
    (
        "an emoji in four byte subwords",
        [(0, 1), (1, 2)],
        [(0, 1)] * 4 + [(1, 2)],
        [0] * 4 + [1],
        [0, 4],
        [WHOLE] * 2,
    ),
    (
        "中|国 with shared bytes",
        [(0, 1), (1, 2)],
        [(0, 1), (0, 2), (1, 2)],
        [0, 0, 1],
        [0, 2],
        [WHOLE, WHOLE],
    ),
    ("a lone ▁ that lies over the next", [(0, 4)], [(0, 1), (0, 4)], [0, 0], [0], [WHOLE]),
    (
        "a short subword over a long one",
        [(0, 3), (3, 6)],
        [(0, 6), (0, 2)],
        [0, 0],
        [0, 0],
        [FIRST, LAST],
    ),
    ("no subwords", [(0, 3), (3, 6)], [], [], [-1, -1], [WHOLE, WHOLE]),
    ("empty subwords only", [(0, 3)], [(0, 0), (3, 3)], [-1, -1], [-1], [WHOLE]),
    ("no units", [], [(0, 1), (1, 2)], [-1, -1], [], []),
    ("nothing", [], [], [], [], []),
]


@pytest.mark.parametrize(
    ("units", "subwords", "owner", "evidence", "spread"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_subwords_are_aligned_through_their_characters(
    units: Offsets, subwords: Offsets, owner: list[int], evidence: list[int], spread: list[Spread]
) -> None:
    chars = np.array(subwords, dtype=np.int64).reshape(-1, 2)
    alignment = align_subwords(chars[:, 0], chars[:, 1], _units(units))
    assert alignment.owner.tolist() == owner
    assert alignment.evidence.tolist() == evidence
    assert alignment.spread.tolist() == spread


def test_only_a_unit_without_a_subword_of_its_own_is_shared() -> None:
    alignment = align_subwords(
        np.array([0]), np.array([6]), _units([(0, 2), (2, 4), (4, 6), (7, 8)])
    )
    assert alignment.is_shared.tolist() == [False, True, True, False]


def test_the_number_of_units_is_their_length() -> None:
    assert (len(_units([(0, 2), (3, 5)])), len(_units([]))) == (2, 0)


# units, subwords, parts, the unit of each part, its evidence, its share of that subword
SPLITS: list[tuple[str, Offsets, Offsets, Offsets, list[int], list[int], list[Spread]]] = [
    (
        "bo|b@",
        [(0, 4)],
        [(0, 2), (2, 4)],
        [(0, 2), (2, 4)],
        [0, 0],
        [0, 1],
        [WHOLE, WHOLE],
    ),
    (
        "a leading space stays outside",
        [(0, 2), (3, 7)],
        [(0, 2), (2, 5), (5, 7)],
        [(0, 2), (3, 5), (5, 7)],
        [0, 1, 1],
        [0, 1, 2],
        [WHOLE, WHOLE, WHOLE],
    ),
    (
        "10|km in one",
        [(0, 2), (2, 4)],
        [(0, 4)],
        [(0, 2), (2, 4)],
        [0, 1],
        [0, 0],
        [FIRST, LAST],
    ),
    (
        "can|not as ca|nnot: the part that shares, not the first, is spread",
        [(0, 3), (3, 6)],
        [(0, 2), (2, 6)],
        [(0, 2), (2, 3), (3, 6)],
        [0, 0, 1],
        [0, 1, 1],
        [WHOLE, FIRST, LAST],
    ),
    (
        "three bytes of one character",
        [(0, 1), (2, 3)],
        [(0, 1), (0, 1), (0, 1), (2, 3)],
        [(0, 1), (0, 1), (0, 1), (2, 3)],
        [0, 0, 0, 1],
        [0, 1, 2, 3],
        [WHOLE, WHOLE, WHOLE, WHOLE],
    ),
    (
        "U+200B that is dropped, and a subword of white space",
        [(0, 2), (3, 4), (6, 8)],
        [(0, 2), (4, 6), (6, 8)],
        [(0, 2), (3, 4), (6, 8)],
        [0, 1, 2],
        [0, -1, 2],
        [WHOLE, WHOLE, WHOLE],
    ),
    ("no text", [], [], [], [], [], []),
    ("no subwords", [(0, 2)], [], [(0, 2)], [0], [-1], [WHOLE]),
]


@pytest.mark.parametrize(
    ("units", "subwords", "parts", "whole", "evidence", "spread"),
    [case[1:] for case in SPLITS],
    ids=[case[0] for case in SPLITS],
)
def test_units_are_split_until_each_has_one_subword(
    units: Offsets,
    subwords: Offsets,
    parts: Offsets,
    whole: list[int],
    evidence: list[int],
    spread: list[Spread],
) -> None:
    chars = np.array(subwords, dtype=np.int64).reshape(-1, 2)
    aligned = align_subwords(chars[:, 0], chars[:, 1], _units(units))
    split = split_at_subwords(chars[:, 0], chars[:, 1], _units(units), aligned)
    borders = zip(split.units.start_char.tolist(), split.units.end_char.tolist(), strict=True)
    assert list(borders) == parts
    assert split.whole.tolist() == split.units.token_i.tolist() == whole
    assert split.alignment.evidence.tolist() == evidence
    assert split.alignment.spread.tolist() == spread


def test_units_that_are_not_to_be_split_stay_as_they_are() -> None:
    # bob@x.de | 10|km | Tim, where "10km" is one subword
    units = _units([(0, 8), (9, 11), (11, 13), (14, 17)])
    start = np.array([0, 3, 4, 9, 14, 15])
    end = np.array([3, 4, 8, 13, 15, 17])
    aligned = align_subwords(start, end, units)
    nothing = split_at_subwords(start, end, units, aligned, wanted=np.zeros(4, dtype=bool))
    assert nothing.units.start_char.tolist() == units.start_char.tolist()
    assert nothing.units.end_char.tolist() == units.end_char.tolist()
    assert nothing.alignment.owner.tolist() == aligned.owner.tolist()
    assert nothing.alignment.evidence.tolist() == aligned.evidence.tolist()
    assert nothing.alignment.spread.tolist() == aligned.spread.tolist()

    wanted = np.array([False, False, False, True])
    last = split_at_subwords(start, end, units, aligned, wanted=wanted)
    assert last.whole.tolist() == [0, 1, 2, 3, 3]
    assert last.alignment.owner.tolist() == [0, 0, 0, 1, 3, 4]
    assert last.alignment.evidence.tolist() == [0, 3, 3, 4, 5]
    assert last.alignment.spread.tolist() == [WHOLE, FIRST, LAST, WHOLE, WHOLE]
