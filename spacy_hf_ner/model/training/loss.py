"""The loss on token rows, and its gradient.

Floats32 are log-probabilities, so the loss is linear in them and its gradient needs no softmax: that is in the model's
backward pass. In a row of a token with several supervised subwords the entries are sums over those subwords.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from spacy_hf_ner.core.arrays import Floats32, Ints

MISSING = -1
# What a gradient is of: the mean over labelled tokens, or the sum, as where spaCy's own components share an encoder.
Reduction = Literal["mean", "sum"]


@dataclass(frozen=True, slots=True)
class Targets:
    """What the rows of one Doc should say.

    Attributes:
        tags: The column of each token's gold tag, or -1 where the annotation is missing. Shape: (n_tokens,).
        wrong_paths: Runs of (token, column) that together name a span known to be wrong.
    """

    tags: Ints
    wrong_paths: Sequence[tuple[tuple[int, int], ...]] = ()


def compute_loss(
    rows: Sequence[Floats32],
    targets: Sequence[Targets],
    *,
    class_weights: Floats32 | None = None,
    label_smoothing: float = 0.0,
    reduction: Reduction = "mean",
) -> tuple[float, list[Floats32]]:
    """Return the mean loss over labelled tokens, and the gradient on the rows.

    The loss of a gold tag is the weighted cross-entropy of its subwords; that of a wrong span is ``-log(1 - p)``,
    p being the product of its tags' probabilities. Tokens without a gold tag, and rows of NaN, teach nothing.

    Args:
        rows: Log-probabilities. Shape of each: (n_tokens, n_tags).
        targets: What each should say.
        class_weights: A weight for each column. Shape: (n_tags,).
        label_smoothing: Share of the target that is spread over all tags, in [0, 1).
        reduction: What the gradient is of.

    >>> loss, (gradient,) = compute_loss([np.log(np.array([[0.5, 0.5]], np.float32))], [Targets(np.array([1]))])
    >>> round(loss, 4), gradient.tolist()
    (0.6931, [[0.0, -1.0]])
    """
    gradients = [np.zeros_like(row) for row in rows]
    loss = total_weight = 0.0
    for row, target, gradient in zip(rows, targets, gradients, strict=True):
        known = np.flatnonzero((target.tags != MISSING) & ~np.isnan(row).any(axis=1))
        gold = target.tags[known]
        wanted = np.full(
            (len(known), row.shape[1]), label_smoothing / max(row.shape[1], 1), dtype=np.float32
        )
        wanted[np.arange(len(known)), gold] += 1.0 - label_smoothing
        weight = (
            np.ones(len(known), dtype=np.float32) if class_weights is None else class_weights[gold]
        )
        wanted *= weight[:, None]
        loss -= float((wanted * row[known]).sum())
        gradient[known] -= wanted
        total_weight += float(weight.sum())
        for path in target.wrong_paths:
            token_i, column = (np.array(part, dtype=np.int64) for part in zip(*path, strict=True))
            if np.isnan(row[token_i, column]).any():
                continue
            prob = min(float(np.exp(row[token_i, column].sum())), _MAX_PROB)
            loss -= float(np.log1p(-prob))
            np.add.at(gradient, (token_i, column), prob / (1.0 - prob))
            total_weight += len(path)
    return loss / max(total_weight, 1.0), _reduce(gradients, total_weight, reduction)


_MAX_PROB = 0.9999  # bounds the gradient of a wrong span that the model is sure of


def compute_divergence(
    rows: Sequence[Floats32],
    teacher: Sequence[Floats32],
    columns: Ints,
    *,
    reduction: Reduction = "mean",
) -> tuple[float, list[Floats32]]:
    """Return the mean divergence of rows from a teacher's on the tags that both know, and the gradient on the rows.

    Args:
        rows: Log-probabilities of the student. Shape of each: (n_tokens, n_tags).
        teacher: Log-probabilities of the teacher. Shape of each: (n_tokens, n_teacher_tags).
        columns: The student's column of each of the teacher's tags. Shape: (n_teacher_tags,).
        reduction: What the gradient is of.
    """
    gradients = [np.zeros_like(row) for row in rows]
    divergence, n_tokens = 0.0, 0
    for row, taught, gradient in zip(rows, teacher, gradients, strict=True):
        known = np.flatnonzero(~(np.isnan(row).any(axis=1) | np.isnan(taught).any(axis=1)))
        ours, theirs = row[known][:, columns], taught[known]
        ours = ours - np.logaddexp.reduce(ours, axis=1, keepdims=True)
        target = np.exp(theirs)
        divergence += float((target * (theirs - ours)).sum())
        gradient[known[:, None], columns[None, :]] = np.exp(ours) - target
        n_tokens += len(known)
    return divergence / max(n_tokens, 1), _reduce(gradients, n_tokens, reduction)


def _reduce(gradients: list[Floats32], total: float, reduction: Reduction) -> list[Floats32]:
    """Return the gradient of the mean over ``total`` from that of the sum, if the mean is asked for."""
    return (
        gradients
        if reduction == "sum"
        else [gradient / np.float32(max(total, 1.0)) for gradient in gradients]
    )
