"""How the posterior of one span changes with the scores of all tags around it.

Training pushes spans down that are known to be wrong. What is to fall is the posterior that
prediction reports, not the product of the span's tags: mass that only moves to tags which are
illegal there (``I-X`` in place of ``B-X``, say) would leave the span as probable as it was.

A path that holds the span is forced at three places, so it is three stretches, each with what
comes before and after it as the scores of its start and its end::

    rows        0 1 2 3   4 5    6 7 8
    stretches   [before)  [span) [after)
                       ^    ^    ^
                  an entity |    it does not go on
                  starts    it goes on

The slope of ``log p(span)`` on the score of a tag is how much more often the tag is on paths that
hold the span than on all paths.

Source: Rabiner (1989), https://doi.org/10.1109/5.18626, equations 19-27.
"""

from dataclasses import dataclass, replace

import numpy as np

from spacy_hf_ner.core.arrays import Floats
from spacy_hf_ner.core.chain import Chain, pack
from spacy_hf_ner.core.posteriors import find_marginals
from spacy_hf_ner.core.scan import (
    SUM,
    cut_into_pieces,
    scan_backward,
    scan_forward,
    step_through,
)

__all__ = ["SpanSlope", "differentiate_posterior"]


@dataclass(frozen=True, slots=True)
class SpanSlope:
    """The posterior of a span, and how its logarithm changes with the scores of tags.

    Attributes:
        posterior: How probable the span is, in [0, 1].
        slope: The derivative of the logarithm by the log score of each tag of each row of the
            segment; 0 everywhere if no path holds the span. Shape: (n_rows, K).
    """

    posterior: float
    slope: Floats


def differentiate_posterior(
    log_probs: Floats, chain: Chain, *, start: int, end: int, type_i: int
) -> SpanSlope:
    """Return the posterior of a span of one segment, and its slope.

    Args:
        log_probs: The rows of the segment. Shape: (n_rows, K).
        chain: What the tag set allows.
        start: The first row of the span.
        end: The row after its last one.
        type_i: Index of its entity type.

    >>> from spacy_hf_ner.core.chain import make_chain
    >>> from spacy_hf_ner.core.labels import read_labels
    >>> chain = make_chain(read_labels(["O", "B-X", "I-X"], scheme="IOB2"))
    >>> rows = np.log([[0.5, 0.25, 0.25]])
    >>> result = differentiate_posterior(rows, chain, start=0, end=1, type_i=0)
    >>> round(result.posterior, 3), result.slope.round(3)
    (0.333, array([[-0.667,  0.667,  0.   ]]))
    """
    posterior = _find_posterior(log_probs, chain, start, end, type_i)
    if posterior == 0.0:
        return SpanSlope(0.0, np.zeros_like(log_probs))
    forward, backward = _scan(log_probs, chain)
    on_all_paths = _share(forward + backward)

    anew = np.where(chain.continues, -np.inf, chain.log_transition)
    of_type = np.where(chain.type_i == type_i, 0.0, -np.inf)
    into_span = chain.log_start
    if start > 0:
        into_span = step_through(forward[start - 1 : start], anew, SUM)[0]
    out_of_span = chain.log_end
    if end < len(log_probs):
        following = log_probs[end : end + 1] + backward[end : end + 1]
        out_of_span = step_through(following, anew.T, SUM)[0]
    in_span = replace(
        chain,
        log_start=into_span + of_type,
        log_transition=np.where(chain.continues, chain.log_transition, -np.inf),
        log_end=out_of_span,
    )
    span_forward, span_backward = _scan(log_probs[start:end], in_span)
    on_paths_with_span = np.empty_like(on_all_paths)
    on_paths_with_span[start:end] = _share(span_forward + span_backward)

    if start > 0:
        # What is before the span ends where an entity of its type starts.
        opening = of_type + log_probs[start] + span_backward[0]
        to_span = step_through(opening[None, :], anew.T, SUM)[0]
        before_forward, before_backward = _scan(log_probs[:start], replace(chain, log_end=to_span))
        on_paths_with_span[:start] = _share(before_forward + before_backward)
    if end < len(log_probs):
        from_span = step_through(span_forward[-1:], anew, SUM)[0]
        after_forward, after_backward = _scan(log_probs[end:], replace(chain, log_start=from_span))
        on_paths_with_span[end:] = _share(after_forward + after_backward)
    return SpanSlope(posterior, on_paths_with_span - on_all_paths)


def _find_posterior(log_probs: Floats, chain: Chain, start: int, end: int, type_i: int) -> float:
    packing = pack(np.array([len(log_probs)]))
    marginals = find_marginals(log_probs, packing, chain)
    return float(marginals.score_spans(np.array([start]), np.array([end]), np.array([type_i]))[0])


def _scan(log_probs: Floats, chain: Chain) -> tuple[Floats, Floats]:
    """Return the log scores of all that leads to each tag of one segment, and of all after it.

    Each is known up to a constant for each row. Shape of both: (n_rows, K).
    """
    pieces = cut_into_pieces(log_probs, pack(np.array([len(log_probs)])), chain, SUM)
    return (
        scan_forward(log_probs, pieces, chain, SUM),
        scan_backward(log_probs, pieces, chain, SUM),
    )


def _share(log_scores: Floats) -> Floats:
    """Return the share of each tag in its row. Shape: that of ``log_scores``."""
    shares: Floats = np.exp(log_scores - SUM.reduce(log_scores, 1)[:, None])
    return shares
