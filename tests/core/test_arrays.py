import numpy as np
import pytest

from spacy_hf_ner.core.arrays import Ints, count_up, find_starts, gather_ranges, no_ints

LENGTHS = [[], [0], [3], [0, 2, 0, 0, 4, 1, 0]]


def _array(values: list[int]) -> Ints:
    return np.array(values, dtype=np.int64)


@pytest.mark.parametrize("lengths", LENGTHS)
def test_a_run_starts_where_the_runs_before_it_end(lengths: list[int]) -> None:
    expected = [sum(lengths[:i]) for i in range(len(lengths))]
    assert find_starts(_array(lengths)).tolist() == expected


@pytest.mark.parametrize("lengths", LENGTHS)
def test_places_are_counted_anew_in_each_run(lengths: list[int]) -> None:
    expected = [place for length in lengths for place in range(length)]
    assert count_up(_array(lengths)).tolist() == expected


@pytest.mark.parametrize("lengths", LENGTHS)
def test_ranges_are_gathered_in_the_order_they_are_given(lengths: list[int]) -> None:
    starts = [100 - 7 * i for i in range(len(lengths))]
    expected: list[int] = []
    for start, length in zip(starts, lengths, strict=True):
        expected.extend(range(start, start + length))
    gathered = gather_ranges(_array(starts), _array(lengths))
    assert gathered.tolist() == expected
    assert gathered.dtype == np.int64


def test_nothing_is_an_array_of_integers() -> None:
    assert no_ints().dtype == np.int64
    assert no_ints().shape == (0,)
