"""How the posterior of one span changes with the scores of all tags around it.

Training pushes spans down that are known to be wrong. What is to fall is the posterior that
prediction reports, not the product of the span's tags: mass that only moves to tags which are
illegal there (``I-X`` in place of ``B-X``, say) would leave the span as probable as it was.

The paths that hold a span are those that keep three rules::

    rows        0 1 2 3 4 5 6 7 8        1  from row 3 to row 4, an entity starts
    span                [4 5)            2  from row to row of the span, it goes on
                      1  2  3            3  from row 5 to row 6, it does not go on

So the rows are three stretches, before, in and after the span. Each is summed over by itself, with
what the rows around it say as the scores of its start and of its end.

The slope of ``log p(span)`` on the score of a tag is how much more often the tag is on paths that
hold the span than on all paths.

Source: Rabiner (1989), https://doi.org/10.1109/5.18626, equations 19-27.
"""

from dataclasses import dataclass, replace

import numpy as np

from spacy_hf_ner.core.arrays import Floats
from spacy_hf_ner.core.chain import Chain, pack
from spacy_hf_ner.core.path_sums import PathSums, sum_paths
from spacy_hf_ner.core.posteriors import find_marginals
from spacy_hf_ner.core.scan import SUM, step_through

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
    # Without a path there is nothing that the slope could be a share of.
    if posterior == 0.0:
        return SpanSlope(0.0, np.zeros_like(log_probs))
    all_paths = _sum_paths(log_probs, chain)
    stretches = _sum_stretches(log_probs, chain, all_paths, start=start, end=end, type_i=type_i)
    shares_with_span = np.concatenate([stretch.shares for stretch in stretches])
    return SpanSlope(posterior, shares_with_span - all_paths.shares)


def _find_posterior(log_probs: Floats, chain: Chain, start: int, end: int, type_i: int) -> float:
    """Return what prediction would report: the same sums, found in its way, which is the faster."""
    packing = pack(np.array([len(log_probs)]))
    marginals = find_marginals(log_probs, packing, chain)
    return float(marginals.score_spans(np.array([start]), np.array([end]), np.array([type_i]))[0])


def _sum_paths(log_probs: Floats, chain: Chain) -> PathSums:
    """Return the sums over the paths of one stretch, which may be empty."""
    return sum_paths(log_probs, pack(np.array([len(log_probs)])), chain)


def _sum_stretches(
    log_probs: Floats, chain: Chain, all_paths: PathSums, *, start: int, end: int, type_i: int
) -> list[PathSums]:
    """Return the sums over the paths that hold a span: before it, in it, and after it."""
    anew = chain.log_anew
    of_type = np.where(chain.type_i == type_i, 0.0, -np.inf)

    # The span: its first tag is of the type, and what is before and after is anything legal.
    span_start = chain.log_start
    if start > 0:
        span_start = _step(all_paths.forward[start - 1], anew)
    span_end = chain.log_end
    if end < len(log_probs):
        span_end = _step(log_probs[end] + all_paths.backward[end], anew.T)
    # Of these chains only the three scores are read; ``continues`` is still that of the scheme.
    within_entity = replace(
        chain,
        log_start=span_start + of_type,
        log_transition=chain.log_continuing,
        log_end=span_end,
    )
    span = _sum_paths(log_probs[start:end], within_entity)

    # Its neighbours: one ends where the span begins, the other begins where it ends. A span at the
    # border of the segment has no rows on that side, and sums over none of them.
    before_end = _step(of_type + log_probs[start] + span.backward[0], anew.T)
    after_start = _step(span.forward[-1], anew)
    before = _sum_paths(log_probs[:start], replace(chain, log_end=before_end))
    after = _sum_paths(log_probs[end:], replace(chain, log_start=after_start))
    return [before, span, after]


def _step(log_scores: Floats, log_transition: Floats) -> Floats:
    """Return what one transition, of shape (K, K), makes of the log scores of one row.

    Shape of the scores and of the result: (K,).
    """
    moved: Floats = step_through(log_scores[None, :], log_transition, SUM)[0]
    return moved
