"""How probable the gold path is under the chain that decodes, and how that changes with tag scores.

Gold says which tags each row may have: one where it is annotated, any where annotation is missing.
All paths that keep to that are gold together, so a row without annotation is summed over::

    rows       0      1      2      3
    gold       O      B-X    ?      O
    paths      O      B-X    O      O
               O      B-X    I-X    O
               O      B-X    B-X    O        …

How probable they are is found row by row: how probable is it that a row keeps to gold, given that
all rows before it do? The product of these shares is the posterior of the gold paths.

The slope of its logarithm on the score of a tag is how much more often the tag is on gold paths
than on all paths.

Source: Lafferty, McCallum & Pereira (2001), conditional random fields; with missing tags, Tsuboi et
al. (2008), https://aclanthology.org/C08-1113.
"""

from dataclasses import dataclass

import numpy as np

from spacy_hf_ner.core.arrays import Bools, Floats
from spacy_hf_ner.core.chain import Chain, Packing
from spacy_hf_ner.core.path_sums import subtract_logs, sum_paths
from spacy_hf_ner.core.scan import SUM, step_through

__all__ = ["GoldSlope", "differentiate_gold"]


@dataclass(frozen=True, slots=True)
class GoldSlope:
    """The posterior of the gold paths of packed segments, and how its logarithm changes.

    Attributes:
        log_share: The logarithm of how probable it is that a row keeps to gold, given that all rows
            before it do. Their sum over a segment is the log posterior of its gold paths; minus
            infinity somewhere if no legal path keeps to gold. Shape: (n_rows,).
        slope: The derivative of the log posterior by the log score of each tag of each row. Of a
            segment without a gold path it says nothing. Shape: (n_rows, K).
    """

    log_share: Floats
    slope: Floats


def differentiate_gold(
    log_probs: Floats, packing: Packing, chain: Chain, is_gold: Bools
) -> GoldSlope:
    """Return the posterior of the gold paths of packed segments, and its slope.

    Args:
        log_probs: Packed rows. Shape: (n_rows, K).
        packing: Where the segments lie; each row is in one.
        chain: What the tag set allows, and what it prefers.
        is_gold: Which tags a row may have. Shape: (n_rows, K).

    >>> from spacy_hf_ner.core.chain import make_chain, pack
    >>> from spacy_hf_ner.core.labels import read_labels
    >>> chain = make_chain(read_labels(["O", "B-X", "I-X"], scheme="IOB2"))
    >>> rows = np.log([[0.5, 0.25, 0.25]])
    >>> is_gold = np.array([[False, True, False]])
    >>> result = differentiate_gold(rows, pack(np.array([1])), chain, is_gold)
    >>> np.exp(result.log_share).round(3), result.slope.round(3)
    (array([0.333]), array([[-0.667,  0.667,  0.   ]]))
    """
    gold_log_probs = np.where(is_gold, log_probs, -np.inf)
    all_paths = sum_paths(log_probs, packing, chain)
    gold_paths = sum_paths(gold_log_probs, packing, chain)

    # What leads to each tag of a row, all rows before it being gold; and what may follow it at all.
    joint = np.empty_like(log_probs)
    joint[1:] = step_through(gold_paths.forward[:-1], chain.log_transition, SUM)
    joint[packing.first] = chain.log_start
    joint += log_probs + all_paths.backward
    gold_joint = np.where(is_gold, joint, -np.inf)
    log_share = subtract_logs(SUM.reduce(gold_joint, 1), SUM.reduce(joint, 1))
    # Where all paths are gold, rounding may put a share above 1.
    log_share = np.minimum(log_share, 0.0)
    return GoldSlope(log_share, gold_paths.shares - all_paths.shares)
