"""Sums over all paths of packed segments, for each tag, and what share of the paths a tag is on.

Posteriors are such shares, and their slopes are differences of them.
"""

from dataclasses import dataclass

import numpy as np

from spacy_hf_ner.core.arrays import Floats
from spacy_hf_ner.core.chain import Chain, Packing
from spacy_hf_ner.core.scan import SUM, cut_into_pieces, scan_backward, scan_forward

__all__ = ["PathSums", "subtract_logs", "sum_paths"]


@dataclass(frozen=True, slots=True)
class PathSums:
    """The sums over all paths through some rows, for each tag, up to a constant for each row.

    Attributes:
        forward: Log score of all that leads to a tag, the tag included. Shape: (n_rows, K).
        backward: Log score of all that may follow it. Shape: (n_rows, K).
    """

    forward: Floats
    backward: Floats

    @property
    def shares(self) -> Floats:
        """How often each tag is on a path, in the share of its row; 0 where there is no path.

        Shape: (n_rows, K).
        """
        joint = self.forward + self.backward
        shares: Floats = np.exp(subtract_logs(joint, SUM.reduce(joint, 1)[:, None]))
        return shares


def sum_paths(log_probs: Floats, packing: Packing, chain: Chain) -> PathSums:
    """Return the sums over the paths of packed segments.

    Args:
        log_probs: Packed rows. Shape: (n_rows, K).
        packing: Where the segments lie; each row is in one.
        chain: The scores of starts, transitions and ends.

    >>> from spacy_hf_ner.core.chain import make_chain, pack
    >>> from spacy_hf_ner.core.labels import read_labels
    >>> chain = make_chain(read_labels(["O", "B-X", "I-X"], scheme="IOB2"))
    >>> sum_paths(np.log([[0.5, 0.25, 0.25]]), pack(np.array([1])), chain).shares.round(3)
    array([[0.667, 0.333, 0.   ]])
    """
    pieces = cut_into_pieces(log_probs, packing, chain, SUM)
    return PathSums(
        forward=scan_forward(log_probs, pieces, chain, SUM),
        backward=scan_backward(log_probs, pieces, chain, SUM),
    )


def subtract_logs(log_part: Floats, log_whole: Floats) -> Floats:
    """Return the logarithm of a share: minus infinity where the whole is nothing.

    >>> subtract_logs(np.array([-1.0, -np.inf]), np.array([-0.5, -np.inf]))
    array([-0.5, -inf])
    """
    difference: Floats = log_part - np.where(log_whole > -np.inf, log_whole, np.inf)
    return difference
