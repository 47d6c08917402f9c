"""How probable a span is, given the whole text: exact posteriors by forward-backward.

Sums over paths run over probabilities that are scaled row by row, which is fast, and right as long
as no path that counts becomes too small for a float on the way. Where that may happen (a row whose
legal tags are all e^200 times less probable than an illegal one), they run over logarithms.

Source: Rabiner (1989), https://doi.org/10.1109/5.18626, equations 19-25, and 92 for the scaling.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spacy_hf_ner.core.arrays import Bools, Floats, Ints, no_ints
from spacy_hf_ner.core.chain import Chain, Packing
from spacy_hf_ner.core.scan import (
    SUM,
    Pieces,
    cut_into_pieces,
    scan_backward,
    scan_forward,
    step_through,
)

__all__ = [
    "Decoded",
    "LogMarginals",
    "Marginals",
    "ScaledMarginals",
    "find_marginals",
    "join_decoded",
]

# The least forward probability that may still be divided by. With MAX_RANGE of a row and of the
# transitions, one more step makes 1e-100 × e^-400 = 1e-274 of it, which a float can hold: what
# falls below the least float has been seen below TINY one row earlier.
TINY = 1e-100
MAX_RANGE = 200.0  # nats from a row's least possible tag to probability 1


@dataclass(frozen=True, slots=True)
class Decoded:
    """Entities of packed segments, in order of their start. Positions are packed rows.

    Attributes:
        start: First row. Shape: (n_spans,).
        end: The row after the last one. Shape: (n_spans,).
        type_i: Index of the entity type. Shape: (n_spans,).
        score: In [0, 1]. Shape: (n_spans,).
    """

    start: Ints
    end: Ints
    type_i: Ints
    score: Floats


def join_decoded(parts: Sequence[Decoded]) -> Decoded:
    """Return the entities of several parts, one part after the other."""
    starts = [no_ints()]
    ends = [no_ints()]
    types = [no_ints()]
    scores = [np.zeros(0)]
    for part in parts:
        starts.append(part.start)
        ends.append(part.end)
        types.append(part.type_i)
        scores.append(part.score)
    return Decoded(
        start=np.concatenate(starts),
        end=np.concatenate(ends),
        type_i=np.concatenate(types),
        score=np.concatenate(scores),
    )


class Marginals(ABC):
    """How probable each span of packed segments is.

    The mass of a span that is still open is carried from row to row, for each tag of its type::

        rows     s        s + 1       …      e - 1
        mass     enters   × moves            × leaves   =  posterior of [s, e)
                                   × stays  ≥  posterior of each longer span

    Attributes:
        chain: What the tag set allows.
        packing: Where the segments lie.
        enters: The mass of an entity that starts here with this tag. Shape: (n_rows, K).
        leaves: What the mass is multiplied by if the entity ends here. Shape: (n_rows, K).
        stays: The same, wherever the entity ends; all 0 in a segment without a legal path.
            Shape: (n_rows, K).
    """

    chain: Chain
    packing: Packing
    enters: Floats
    leaves: Floats
    stays: Floats

    @abstractmethod
    def _go_on(self, mass: Floats, rows: Ints, columns: Ints) -> Floats:
        """Return the mass of each tag of a span's type after one more row, at ``rows``.

        Shape of ``mass``, ``columns`` and the result: (n_spans, most tags of one type).
        """

    def has_path(self, rows: Ints) -> Bools:
        """Tell whether any legal path leads through each row. Shape: (n,)."""
        is_reached: Bools = self.stays[rows] > 0.0
        return np.asarray(is_reached.any(axis=1))

    def score_spans(self, start: Ints, end: Ints, type_i: Ints) -> Floats:
        """Return the posterior of each span. Shape: (n_spans,)."""
        score = np.zeros(len(start))
        # Longest first: those still open after each row come first, as segments do in a packing.
        order = np.argsort(start - end, kind="stable")
        columns = self.chain.columns[type_i[order]]
        length = (end - start)[order]
        n_steps = int(length.max(initial=0))
        mass = _take(self.enters, start[order], columns)
        for step in range(n_steps):
            n_open = int(np.searchsorted(-length, -step, side="left"))
            rows = start[order[:n_open]] + step
            if step > 0:
                mass = self._go_on(mass[:n_open], rows, columns[:n_open])
            ending = np.flatnonzero(length[:n_open] == step + 1)
            leaving = _take(self.leaves, rows[ending], columns[ending])
            score[order[ending]] = (mass[ending] * leaving).sum(axis=1)
        return np.clip(score, 0.0, 1.0)

    def find_spans(self, threshold: Floats) -> Decoded:
        """Return every span whose posterior reaches its type's threshold."""
        n_rows = len(self.enters)
        n_types = len(self.chain.columns)
        # All spans of one row of all types; those that may still reach the threshold grow by a row.
        start = np.repeat(np.arange(n_rows), n_types)
        type_i = np.tile(np.arange(n_types), n_rows)
        columns = self.chain.columns[type_i]
        mass = _take(self.enters, start, columns)
        last = start
        found: list[Decoded] = []
        while len(start):
            bound = (mass * _take(self.stays, last, columns)).sum(axis=1)
            alive = bound >= threshold[type_i]
            start = start[alive]
            type_i = type_i[alive]
            last = last[alive]
            columns = columns[alive]
            mass = mass[alive]

            score = (mass * _take(self.leaves, last, columns)).sum(axis=1)
            hits = score >= threshold[type_i]
            found.append(Decoded(start[hits], last[hits] + 1, type_i[hits], score[hits]))

            grows = ~self.packing.is_last[last]
            start = start[grows]
            type_i = type_i[grows]
            columns = columns[grows]
            last = last[grows] + 1
            mass = self._go_on(mass[grows], last, columns)
        return _join_in_order(found)


def _join_in_order(parts: list[Decoded]) -> Decoded:
    """Return spans in order of their start, end and type."""
    spans = join_decoded(parts)
    order = np.lexsort((spans.type_i, spans.end, spans.start))
    return Decoded(
        start=spans.start[order],
        end=spans.end[order],
        type_i=spans.type_i[order],
        score=np.clip(spans.score[order], 0.0, 1.0),
    )


def find_marginals(log_probs: Floats, packing: Packing, chain: Chain) -> Marginals:
    """Return the marginals of packed segments, found in the fastest way that is exact.

    Args:
        log_probs: Packed rows. Shape: (n_rows, K).
        packing: Where the segments lie.
        chain: What the tag set allows, and what it prefers.
    """
    log_probs = log_probs.astype(np.float64, copy=False)
    if _is_within_range(log_probs, chain):
        marginals = ScaledMarginals(log_probs, packing, chain)
        if marginals.is_exact:
            return marginals
    return LogMarginals(log_probs, packing, chain)


def _is_within_range(log_probs: Floats, chain: Chain) -> bool:
    """Tell whether no possible tag, and no legal transition, is too improbable for floats."""
    for scores in (chain.log_start, chain.log_transition, chain.log_end):
        legal = scores[scores > -np.inf]
        if np.abs(legal).max(initial=0.0) > MAX_RANGE / 2:
            return False
    if log_probs.max(initial=0.0) > MAX_RANGE / 2:
        return False
    if log_probs.min(initial=0.0) >= -MAX_RANGE:
        return True
    possible = log_probs[log_probs > -np.inf]
    return bool(possible.min(initial=0.0) >= -MAX_RANGE)


class ScaledMarginals(Marginals):
    """Marginals over scaled probabilities.

    Here ``enters`` is P(rows so far, an entity starts here with this tag) / P(rows so far);
    ``leaves`` is P(rows after | the entity of this tag ends here) / P(rows after | rows so far);
    ``stays`` is P(rows after | this tag) / P(rows after | rows so far).

    Attributes:
        moves: P(tag | row) / P(row | rows before), what a row multiplies a path by.
            Shape: (n_rows, K).
        is_exact: No path that may count has become too small for a float.
    """

    def __init__(self, log_probs: Floats, packing: Packing, chain: Chain) -> None:
        self.chain = chain
        self.packing = packing
        probs = np.exp(log_probs)
        pieces = cut_into_pieces(log_probs, packing, chain, SUM, scaled=True)
        weights = np.exp(chain.log_transition)
        forward, scale = _run_forward(probs, pieces, weights)
        is_reached = forward > TINY  # elsewhere, what is divided by it could grow without bound
        self.is_exact = np.count_nonzero(forward) == np.count_nonzero(is_reached)
        self.moves = probs / scale[:, None]
        backward = _run_backward(self.moves, forward, is_reached, pieces, weights)
        self.stays = backward

        # The transitions with which an entity, or what is outside, begins anew.
        anew = np.where(chain.continues, 0.0, weights)
        self.enters = np.zeros_like(probs)
        self.enters[1:] = (forward[:-1] @ anew) * self.moves[1:]
        self.enters[packing.is_first] = forward[packing.is_first]
        self.leaves = np.zeros_like(probs)
        self.leaves[:-1] = (self.moves[1:] * backward[1:]) @ anew.T
        self.leaves[packing.is_last] = backward[packing.is_last]
        self._continuing = np.where(chain.continues, weights, 0.0)

    def _go_on(self, mass: Floats, rows: Ints, columns: Ints) -> Floats:
        # Padded columns take weights of the last tag, but have no mass to pass on.
        continuing = self._continuing[columns[:, :, None], columns[:, None, :]]
        passed_on = np.einsum("ni,nij->nj", mass, continuing)
        moved: Floats = passed_on * _take(self.moves, rows, columns)
        return moved


def _run_forward(probs: Floats, pieces: Pieces, weights: Floats) -> tuple[Floats, Floats]:
    """Return P(tag | rows so far), shape (n_rows, K), and P(row | rows before), shape (n_rows,)."""
    packing = pieces.packing
    forward = np.zeros_like(probs)
    scale = np.ones(len(probs))
    before = _exp_scaled(pieces.log_before)
    for t, rows in packing.steps():
        if t > 0:
            before = forward[rows - 1] @ weights
        reached = before * probs[rows]
        scale[rows] = _divisor(reached.sum(axis=1))
        forward[rows] = reached / scale[rows, None]
    # What is before a piece is known up to a factor;
    # P(row | rows before) takes it from the row before.
    joints = packing.first[~packing.is_first[packing.first]]
    if len(joints):
        reached = (forward[joints - 1] @ weights) * probs[joints]
        scale[joints] = _divisor(reached.sum(axis=1))
    return forward, scale


def _run_backward(
    moves: Floats, forward: Floats, is_reached: Bools, pieces: Pieces, weights: Floats
) -> Floats:
    """Return P(rows after | tag) / P(rows after | rows so far), 0 for tags that no path leads to.

    Shape: (n_rows, K).
    """
    packing = pieces.packing
    backward = np.zeros_like(moves)
    after = _exp_scaled(pieces.log_after) * is_reached[packing.last]
    total = (forward[packing.last] * after).sum(axis=1)
    backward[packing.last] = after / _divisor(total)[:, None]
    for t, rows in reversed(list(packing.steps())):
        if t > 0:
            following = (moves[rows] * backward[rows]) @ weights.T
            backward[rows - 1] = is_reached[rows - 1] * following
    return backward


def _exp_scaled(log_scores: Floats) -> Floats:
    """Return scores of which the greatest of each row is 1; all are 0 where none is possible."""
    peak = log_scores.max(axis=1, keepdims=True)
    scores: Floats = np.exp(log_scores - np.where(peak > -np.inf, peak, 0.0))
    return scores


def _divisor(total: Floats) -> Floats:
    """Return what to divide by: infinity where there is nothing, so that all after it is zero."""
    divisor: Floats = np.where(total > 0.0, total, np.inf)
    return divisor


class LogMarginals(Marginals):
    """Marginals over logarithms: exact however improbable the legal tags are, and slower.

    Given all rows, the tags of a text are a Markov chain, too, and all that is kept here are its
    probabilities, none of which can become too great for a float: ``enters`` is P(an entity starts
    here with this tag | all rows), ``leaves`` is P(it ends here | this tag, all rows), and
    ``stays`` is 1 for each tag that is possible. Each is a ratio within one row, so the constants
    that the scan leaves open, one for each row, cancel out.
    """

    def __init__(self, log_probs: Floats, packing: Packing, chain: Chain) -> None:
        self.chain = chain
        self.packing = packing
        pieces = cut_into_pieces(log_probs, packing, chain, SUM)
        forward = scan_forward(log_probs, pieces, chain, SUM)
        backward = scan_backward(log_probs, pieces, chain, SUM)
        joint = forward + backward
        posterior = np.exp(_subtract(joint, SUM.reduce(joint, 1)[:, None]))
        anew = np.where(chain.continues, -np.inf, chain.log_transition)

        starts_anew = step_through(forward[:-1], anew, SUM)
        starts_at_all = step_through(forward[:-1], chain.log_transition, SUM)
        self.enters = posterior.copy()
        self.enters[1:] *= np.exp(_subtract(starts_anew, starts_at_all))
        self.enters[packing.is_first] = posterior[packing.is_first]

        self._following = log_probs + backward  # from the row before: this row, and all after it
        self._open_to = step_through(self._following[1:], chain.log_transition.T, SUM)
        ends = step_through(self._following[1:], anew.T, SUM)
        self.leaves = np.ones_like(posterior)
        self.leaves[:-1] = np.exp(_subtract(ends, self._open_to))
        self.leaves[packing.is_last] = 1.0
        self.stays = (posterior > 0.0).astype(np.float64)
        self._continuing = np.where(chain.continues, chain.log_transition, -np.inf)

    def _go_on(self, mass: Floats, rows: Ints, columns: Ints) -> Floats:
        onward = _take(self._following, rows, columns)[:, None, :]
        open_to = _take(self._open_to, rows - 1, columns)[:, :, None]
        continuing = self._continuing[columns[:, :, None], columns[:, None, :]]
        share = np.exp(_subtract(continuing + onward, open_to))
        # Padded columns take numbers of the last tag, which must count neither as source
        # nor as target.
        share *= (columns >= 0)[:, None, :]
        moved: Floats = np.einsum("ni,nij->nj", mass, share)
        return moved


def _subtract(log_part: Floats, log_whole: Floats) -> Floats:
    """Return the logarithm of a share: minus infinity where the whole is nothing."""
    difference: Floats = log_part - np.where(log_whole > -np.inf, log_whole, np.inf)
    return difference


def _take(table: Floats, rows: Ints, columns: Ints) -> Floats:
    """Return ``table[rows, columns]`` with 0 where a column is padding.

    Shape: that of ``columns``.
    """
    values: Floats = np.where(columns >= 0, table[rows[:, None], columns], 0.0)
    return values
