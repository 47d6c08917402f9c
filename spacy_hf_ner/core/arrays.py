"""The arrays of the house, each kind under one name.

Docstrings give the shape; the type says what the numbers are.
"""

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

Floats = npt.NDArray[np.float64]
"""Scores, probabilities and their logarithms, wherever they are decoded, measured or calibrated."""

Floats32 = npt.NDArray[np.float32]
"""Rows and gradients as the network gives and takes them."""
