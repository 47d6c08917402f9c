"""The loss under the chain that decodes: what prediction looks for is what is learned.

The loss of gold is the negative logarithm of its posterior: how probable the gold paths of a
segment are among all legal ones, by the rows and the chain that prediction decodes with. Subwords
that continue a unit are not decoded: they keep a loss of their own, that of their gold label.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from spacy.tokens import Doc

from spacy_hf_ner.core.arrays import Bools, Floats, Floats32, Ints
from spacy_hf_ner.core.chain import Chain, pack
from spacy_hf_ner.core.path_gradient import differentiate_gold
from spacy_hf_ner.core.units import UnitRows
from spacy_hf_ner.model.training.loss import (
    MISSING,
    Reduction,
    Targets,
    add_wrong_spans,
    reduce_gradients,
)
from spacy_hf_ner.pipe.segments import Segments, cut_segments

__all__ = ["compute_chain_loss"]


def compute_chain_loss(
    docs: Sequence[Doc],
    predicted: Sequence[UnitRows],
    targets: Sequence[Targets],
    *,
    chain: Chain,
    reduction: Reduction = "mean",
) -> tuple[float, list[Floats32]]:
    """Return the mean loss over labelled units, and the gradient on the rows of each Doc.

    Missing annotation is summed over, so it teaches what the tags around it say of it. The loss of
    a wrong span is ``-log(1 - p)``, where p is its posterior.

    Args:
        docs: The Docs that were read; at least one.
        predicted: The rows of each, as prediction reads them.
        targets: What each should say.
        chain: The chain that decodes.
        reduction: What the gradient is of.

    Returns:
        The loss, and a gradient for each Doc. Shape of each: that of its rows, with those of
        continuing subwords beside them where there are any.
    """
    segments = cut_segments(docs, predicted, keep_entities=False)
    gold = np.concatenate([target.tags for target in targets])
    lesson = _teach_segments(segments, gold[segments.unit_i], chain)
    packed = np.zeros((len(gold), len(chain.type_i)), dtype=np.float32)
    packed[segments.unit_i] = lesson.gradient

    loss = lesson.loss
    n_labelled = float(np.count_nonzero(gold != MISSING))
    gradients: list[Floats32] = []
    start = 0
    for doc_rows, target in zip(predicted, targets, strict=True):
        gradient = packed[start : start + len(doc_rows)]
        start += len(doc_rows)
        loss += add_wrong_spans(target.wrong_spans, doc_rows.rows, gradient, chain)
        n_labelled += sum(span.end - span.start for span in target.wrong_spans)
        if doc_rows.continuing is not None:
            continuing_loss, continuing = _teach_continuing(doc_rows.continuing, target.tags)
            loss += continuing_loss
            gradient = np.concatenate([gradient, continuing], axis=1)
        gradients.append(gradient)
    return loss / max(n_labelled, 1.0), reduce_gradients(gradients, n_labelled, reduction)


@dataclass(frozen=True, slots=True)
class _Lesson:
    """What gold teaches the rows of segments.

    Attributes:
        loss: The sum over all segments.
        gradient: Shape: (n_rows, n_tags).
    """

    loss: float
    gradient: Floats


def _teach_segments(segments: Segments, gold: Ints, chain: Chain) -> _Lesson:
    """Return the negative log posterior of gold, and its gradient.

    Args:
        segments: The rows that are decoded, and the segments that they are in.
        gold: The column of the gold tag of each row, or ``MISSING``. Shape: (n_rows,).
        chain: The chain that decodes.
    """
    is_gold = (gold == MISSING)[:, None] | (np.arange(len(chain.type_i)) == gold[:, None])
    found = differentiate_gold(segments.rows, pack(segments.lengths), chain, is_gold)
    gradient = -found.slope
    loss = -found.log_share

    stuck = _find_stuck(found.log_share, segments.lengths)
    if stuck.any():
        # No legal path keeps to gold, such as an entity that a sentence start cuts in two. There
        # each row learns its tag by itself.
        gradient[stuck] = 0.0
        loss[stuck] = 0.0
        labelled = np.flatnonzero(stuck & (gold != MISSING))
        gradient[labelled, gold[labelled]] = -1.0
        loss[labelled] = -segments.rows[labelled, gold[labelled]]
    return _Lesson(float(loss.sum()), gradient)


def _find_stuck(log_share: Floats, lengths: Ints) -> Bools:
    """Return which rows are in a segment without a gold path. Shape: (n_rows,)."""
    segment_of_row = np.repeat(np.arange(len(lengths)), lengths)
    is_stuck: Bools = np.zeros(len(lengths), dtype=bool)
    is_stuck[segment_of_row[log_share == -np.inf]] = True
    return is_stuck[segment_of_row]


def _teach_continuing(rows: Floats32, gold: Ints) -> tuple[float, Floats32]:
    """Return the loss of the subwords that continue units, and its gradient.

    Args:
        rows: The log-probability that they are labelled as each tag wants, summed over those of a
            unit. Shape: (n_units, n_tags).
        gold: The column of each unit's gold tag, or ``MISSING``. Shape: (n_units,).
    """
    labelled = np.flatnonzero(gold != MISSING)
    gradient = np.zeros_like(rows)
    gradient[labelled, gold[labelled]] = -1.0
    return -float(rows[labelled, gold[labelled]].sum()), gradient
