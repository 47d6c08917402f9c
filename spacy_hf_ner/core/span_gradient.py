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
    all_paths = _scan(log_probs, chain)
    stretches = _scan_stretches(log_probs, chain, all_paths, start=start, end=end, type_i=type_i)
    shares_with_span = np.concatenate([stretch.shares for stretch in stretches])
    return SpanSlope(posterior, shares_with_span - all_paths.shares)


def _find_posterior(log_probs: Floats, chain: Chain, start: int, end: int, type_i: int) -> float:
    packing = pack(np.array([len(log_probs)]))
    marginals = find_marginals(log_probs, packing, chain)
    return float(marginals.score_spans(np.array([start]), np.array([end]), np.array([type_i]))[0])


@dataclass(frozen=True, slots=True)
class _Scan:
    """What all paths through some rows say of each tag, up to a constant for each row.

    Attributes:
        forward: Log score of all that leads to a tag, the tag included. Shape: (n_rows, K).
        backward: Log score of all that may follow it. Shape: (n_rows, K).
    """

    forward: Floats
    backward: Floats

    @property
    def shares(self) -> Floats:
        """How often each tag is on a path, in the share of its row. Shape: (n_rows, K)."""
        joint = self.forward + self.backward
        shares: Floats = np.exp(joint - SUM.reduce(joint, 1)[:, None])
        return shares


def _scan(log_probs: Floats, chain: Chain) -> _Scan:
    """Return what all paths of one segment say."""
    pieces = cut_into_pieces(log_probs, pack(np.array([len(log_probs)])), chain, SUM)
    return _Scan(
        forward=scan_forward(log_probs, pieces, chain, SUM),
        backward=scan_backward(log_probs, pieces, chain, SUM),
    )


def _scan_stretches(
    log_probs: Floats, chain: Chain, all_paths: _Scan, *, start: int, end: int, type_i: int
) -> list[_Scan]:
    """Return what the paths that hold a span say before it, in it, and after it."""
    anew = np.where(chain.continues, -np.inf, chain.log_transition)
    of_type = np.where(chain.type_i == type_i, 0.0, -np.inf)
    into_span = chain.log_start
    if start > 0:
        into_span = _step(all_paths.forward[start - 1], anew)
    out_of_span = chain.log_end
    if end < len(log_probs):
        out_of_span = _step(log_probs[end] + all_paths.backward[end], anew.T)
    continuing = replace(
        chain,
        log_start=into_span + of_type,
        log_transition=np.where(chain.continues, chain.log_transition, -np.inf),
        log_end=out_of_span,
    )
    span = _scan(log_probs[start:end], continuing)

    # What is before the span leads to an entity of its type, and what is after it does not go on.
    to_span = _step(of_type + log_probs[start] + span.backward[0], anew.T)
    from_span = _step(span.forward[-1], anew)
    before = _scan(log_probs[:start], replace(chain, log_end=to_span))
    after = _scan(log_probs[end:], replace(chain, log_start=from_span))
    return [before, span, after]


def _step(log_scores: Floats, log_transition: Floats) -> Floats:
    """Return what one transition makes of the log scores of one row. Shape of all: (K,)."""
    moved: Floats = step_through(log_scores[None, :], log_transition, SUM)[0]
    return moved
