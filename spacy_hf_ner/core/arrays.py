"""The arrays of the house, each kind under one name, and the index arithmetic of packed rows.

Docstrings give the shape; the type says what the numbers are. Packed rows are those of several
texts (or segments, or windows) in one array, one text after the other; the lengths of the texts
say where each begins.
"""

import numpy as np
import numpy.typing as npt

__all__ = [
    "Bools",
    "Floats",
    "Floats32",
    "Ints",
    "count_up",
    "find_starts",
    "gather_ranges",
    "no_ints",
]

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

Floats = npt.NDArray[np.float64]
"""Scores, probabilities and their logarithms, wherever they are decoded, measured or calibrated."""

Floats32 = npt.NDArray[np.float32]
"""Rows and gradients as the network gives and takes them."""


def no_ints() -> Ints:
    """Return an empty array of integers. Shape: (0,)."""
    return np.zeros(0, dtype=np.int64)


def find_starts(lengths: Ints) -> Ints:
    """Return where each run begins, if runs of these lengths lie one after the other.

    ::

        lengths    3     2   0 1
        rows       0 1 2 3 4   5
        starts     0     3   5 5

    Shape: that of ``lengths``.

    >>> find_starts(np.array([3, 2, 0, 1]))
    array([0, 3, 5, 5])
    """
    starts: Ints = np.cumsum(lengths) - lengths
    return starts


def count_up(lengths: Ints) -> Ints:
    """Return the place of each packed row in its own run: 0, 1, … and from 0 again in the next one.

    Shape: (sum of lengths,).

    >>> count_up(np.array([3, 2, 0, 1]))
    array([0, 1, 2, 0, 1, 0])
    """
    n_rows = int(lengths.sum())
    places: Ints = np.arange(n_rows) - np.repeat(find_starts(lengths), lengths)
    return places


def gather_ranges(starts: Ints, lengths: Ints) -> Ints:
    """Return the integers of several ranges, one range after the other.

    ::

        starts     5       0     8
        lengths    3       2     1
        result     5 6 7   0 1   8

    Args:
        starts: The first integer of each range. Shape: (n_ranges,).
        lengths: The number of integers in each. Shape: (n_ranges,).

    Returns:
        Shape: (sum of lengths,).

    >>> gather_ranges(np.array([5, 0, 8]), np.array([3, 2, 1]))
    array([5, 6, 7, 0, 1, 8])
    """
    # What to add to a running count so that it goes on at the start of each range.
    shift = starts - find_starts(lengths)
    gathered: Ints = np.repeat(shift, lengths) + np.arange(int(lengths.sum()))
    return gathered
