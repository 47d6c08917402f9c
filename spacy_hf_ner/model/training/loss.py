"""The loss on rows of tag scores, and its gradient.

Rows are log-probabilities, so the loss is linear in them and its gradient needs no softmax: that is
in the model's backward pass. In the row of a unit with several supervised subwords, the entries are
sums over those subwords.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from spacy_hf_ner.core.arrays import Floats32, Ints
from spacy_hf_ner.core.chain import Chain
from spacy_hf_ner.core.span_gradient import differentiate_posterior

__all__ = [
    "MISSING",
    "Reduction",
    "Targets",
    "WrongSpan",
    "add_wrong_spans",
    "compute_divergence",
    "compute_loss",
    "reduce_gradients",
]

MISSING = -1
"""The column of a unit whose annotation is missing."""

Reduction = Literal["mean", "sum"]
"""What a gradient is of: the mean over labelled units, or the sum.

spaCy's own components give the sum, so whoever shares an encoder with them must, too.
"""

# Beyond it the odds of a wrong span, and the small slope that they multiply, lose their digits.
_MAX_POSTERIOR = 1.0 - 1e-8


@dataclass(frozen=True, slots=True)
class WrongSpan:
    """A span known to be wrong, in the segment that it would be found in.

    Attributes:
        units: The units of the segment that have rows, in order. Shape: (n_rows,).
        start: The place of the span's first unit in ``units``.
        end: The place after that of its last unit.
        type_i: Index of its entity type.
    """

    units: Ints
    start: int
    end: int
    type_i: int


@dataclass(frozen=True, slots=True)
class Targets:
    """What the rows of one Doc should say.

    Attributes:
        tags: The column of each unit's gold tag, or ``MISSING``. Shape: (n_units,).
        wrong_spans: Spans known to be wrong.
    """

    tags: Ints
    wrong_spans: Sequence[WrongSpan] = ()


def compute_loss(
    rows: Sequence[Floats32],
    targets: Sequence[Targets],
    *,
    chain: Chain | None = None,
    class_weights: Floats32 | None = None,
    label_smoothing: float = 0.0,
    reduction: Reduction = "mean",
) -> tuple[float, list[Floats32]]:
    """Return the mean loss over labelled units, and the gradient on the rows.

    The loss of a gold tag is the weighted cross-entropy of its subwords. That of a wrong span is
    ``-log(1 - p)``, where p is its posterior. Units without a gold tag, and rows of NaN, teach
    nothing.

    Args:
        rows: Log-probabilities. Shape of each: (n_units, n_tags).
        targets: What each should say.
        chain: What the tag set allows; needed where there are wrong spans.
        class_weights: A weight for each column. Shape: (n_tags,).
        label_smoothing: Share of the target that is spread over all tags, in [0, 1).
        reduction: What the gradient is of.

    >>> rows = np.log(np.array([[0.5, 0.5]], np.float32))
    >>> loss, (gradient,) = compute_loss([rows], [Targets(np.array([1]))])
    >>> round(loss, 4), gradient.tolist()
    (0.6931, [[0.0, -1.0]])
    """
    gradients: list[Floats32] = []
    loss = 0.0
    total_weight = 0.0
    for doc_rows, target in zip(rows, targets, strict=True):
        is_known = (target.tags != MISSING) & ~np.isnan(doc_rows).any(axis=1)
        known = np.flatnonzero(is_known)
        gold = target.tags[known]
        wanted = _smooth(gold, doc_rows.shape[1], label_smoothing)
        weight = np.ones(len(known), dtype=np.float32)
        if class_weights is not None:
            weight = class_weights[gold]
        wanted *= weight[:, None]
        loss -= float((wanted * doc_rows[known]).sum())
        total_weight += float(weight.sum())
        gradient = np.zeros_like(doc_rows)
        gradient[known] -= wanted
        if target.wrong_spans:
            assert chain is not None
            loss += add_wrong_spans(target.wrong_spans, doc_rows, gradient, chain)
            total_weight += sum(span.end - span.start for span in target.wrong_spans)
        gradients.append(gradient)
    return loss / max(total_weight, 1.0), reduce_gradients(gradients, total_weight, reduction)


def compute_divergence(
    rows: Sequence[Floats32],
    teacher: Sequence[Floats32],
    columns: Ints,
    *,
    reduction: Reduction = "mean",
) -> tuple[float, list[Floats32]]:
    """Return the mean divergence of a model from its teacher, and the gradient on the model's rows.

    They are compared on the tags that both know.

    Args:
        rows: Log-probabilities of the model. Shape of each: (n_units, n_tags).
        teacher: Log-probabilities of the teacher. Shape of each: (n_units, n_teacher_tags).
        columns: The model's column of each of the teacher's tags. Shape: (n_teacher_tags,).
        reduction: What the gradient is of.
    """
    gradients: list[Floats32] = []
    divergence = 0.0
    n_units = 0
    for model_rows, teacher_rows in zip(rows, teacher, strict=True):
        is_unknown = np.isnan(model_rows).any(axis=1) | np.isnan(teacher_rows).any(axis=1)
        known = np.flatnonzero(~is_unknown)
        shared = model_rows[known][:, columns]
        # The model's probabilities, as they would be if it had the teacher's tags only.
        log_probs = shared - np.logaddexp.reduce(shared, axis=1, keepdims=True)
        teacher_log_probs = teacher_rows[known]
        teacher_probs = np.exp(teacher_log_probs)
        divergence += float((teacher_probs * (teacher_log_probs - log_probs)).sum())
        gradient = np.zeros_like(model_rows)
        gradient[known[:, None], columns[None, :]] = np.exp(log_probs) - teacher_probs
        gradients.append(gradient)
        n_units += len(known)
    return divergence / max(n_units, 1), reduce_gradients(gradients, n_units, reduction)


def _smooth(gold: Ints, n_tags: int, label_smoothing: float) -> Floats32:
    """Return the probabilities that are wanted of units with these gold tags.

    Shape: (n_units, n_tags).
    """
    share = label_smoothing / max(n_tags, 1)
    wanted = np.full((len(gold), n_tags), share, dtype=np.float32)
    wanted[np.arange(len(gold)), gold] += 1.0 - label_smoothing
    return wanted


def add_wrong_spans(
    wrong_spans: Sequence[WrongSpan], rows: Floats32, gradient: Floats32, chain: Chain
) -> float:
    """Return the loss of wrong spans, ``-log(1 - p)`` for each, and add to the gradient.

    Args:
        wrong_spans: The spans; none in most Docs.
        rows: Log-probabilities of the Doc. Shape: (n_units, n_tags).
        gradient: The gradient on them, which is changed. Shape: (n_units, n_tags).
        chain: What the tag set allows.
    """
    loss = 0.0
    for span in wrong_spans:
        loss += _push_down(span, rows, gradient, chain)
    return loss


def _push_down(span: WrongSpan, rows: Floats32, gradient: Floats32, chain: Chain) -> float:
    """Return the loss of a wrong span, and add to the gradient.

    Args:
        span: The span.
        rows: Log-probabilities of the Doc. Shape: (n_units, n_tags).
        gradient: The gradient on them, which is changed. Shape: (n_units, n_tags).
        chain: What the tag set allows.
    """
    found = differentiate_posterior(
        rows[span.units].astype(np.float64),
        chain,
        start=span.start,
        end=span.end,
        type_i=span.type_i,
    )
    posterior = min(found.posterior, _MAX_POSTERIOR)
    # d -log(1 - p) = p / (1 - p) × d log p. The slope of log p shrinks as 1 - p does, so a span
    # that the model is sure of pulls no harder than one gold tag.
    odds = posterior / (1.0 - posterior)
    gradient[span.units] += (odds * found.slope).astype(np.float32)
    return -float(np.log1p(-posterior))


def reduce_gradients(
    gradients: list[Floats32], total: float, reduction: Reduction
) -> list[Floats32]:
    """Return the gradient of the mean over ``total``, or that of the sum as it is."""
    if reduction == "sum":
        return gradients
    divisor = np.float32(max(total, 1.0))
    return [gradient / divisor for gradient in gradients]
