"""How probable a span is, given the whole text: exact posteriors by forward-backward.

Sums over paths run over probabilities that are scaled row by row, which is fast, and right as long
as no path that counts becomes too small for a float on the way. Where that may happen (a row whose
legal tags are all e^200 times less probable than an illegal one), they run over logarithms.

Source: Rabiner (1989), https://doi.org/10.1109/5.18626, equations 19-25, and 92 for the scaling.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from spacy_hf_ner.core.arrays import Bools, Floats, Ints, no_ints
from spacy_hf_ner.core.chain import Chain, Packing
from spacy_hf_ner.core.path_sums import subtract_logs, sum_paths
from spacy_hf_ner.core.scan import (
    SUM,
    Pieces,
    cut_into_pieces,
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

# Forward probabilities are scaled row by row. A tag that a path leads to must not fall to 0 unseen:
#
#   one row earlier its path had more than                  TINY = 1e-100
#   a row takes from it at most                             e^-200 (_LOWEST_ROW)
#   a transition takes from it at most                      e^-100 (_MAX_PREFERENCE)
#   the total, by which both are divided, is at most about  e^200 (_HIGHEST_ROW, _MAX_PREFERENCE)
#
# What is left is 1e-100 × e^-500 = 1e-317, which a float can hold. So a forward probability of 0 is
# that of an illegal tag, unless one between 0 and TINY was seen before: then nothing is certain.
TINY = 1e-100
_LOWEST_ROW = -200.0
_HIGHEST_ROW = 100.0
_MAX_PREFERENCE = 100.0


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

    Each span has a mass for each tag of its type: the probability, up to a factor, of the paths on
    which an entity starts in its first row and has gone on to that tag since. A factor for the last
    row makes that a posterior; another one, a bound of all posteriors that are yet to come::

        rows    s           s + 1      …     e - 1
        mass    open_mass   _go_on     …     _go_on
                                               |
                                    × close_factor  =  posterior of [s, e)
                                    × bound_factor  ≥  posterior of [s, e), [s, e + 1), …

    Products are summed over the tags of the type.

    Attributes:
        chain: What the tag set allows.
        packing: Where the segments lie.
        open_mass: The mass of a span whose only row is this one. Shape: (n_rows, K).
        close_factor: For entities that end in this row. Shape: (n_rows, K).
        bound_factor: For entities that end in this row or in any later one; all 0 in a segment
            without a legal path. Shape: (n_rows, K).
    """

    chain: Chain
    packing: Packing
    open_mass: Floats
    close_factor: Floats
    bound_factor: Floats

    @abstractmethod
    def _go_on(self, mass: Floats, rows: Ints, columns: Ints) -> Floats:
        """Return the mass of spans after one more row.

        Args:
            mass: Before it; 0 for padded columns. Shape: (n_spans, most tags of one type).
            rows: The row that is added to each span. Shape: (n_spans,).
            columns: The tags of each span's type, padded with -1. Shape: that of ``mass``.

        Returns:
            Shape: that of ``mass``; 0 for padded columns, too.
        """

    def has_path(self, rows: Ints) -> Bools:
        """Tell whether any legal path leads through each row. Shape: (n,)."""
        is_reached: Bools = self.bound_factor[rows] > 0.0
        return np.asarray(is_reached.any(axis=1))

    def score_spans(self, start: Ints, end: Ints, type_i: Ints) -> Floats:
        """Return the posterior of each span. Shape: (n_spans,)."""
        # Longest first, like segments in a packing: those still open after a step come first.
        order = np.argsort(start - end, kind="stable")
        first = start[order]
        length = (end - start)[order]
        columns = self.chain.columns[type_i[order]]

        sorted_score = np.zeros(len(start))
        mass = _take(self.open_mass, first, columns)
        n_open = len(first)
        for step in range(int(length.max(initial=0))):
            rows = first[:n_open] + step
            if step > 0:
                mass = self._go_on(mass[:n_open], rows, columns[:n_open])
            n_longer = int(np.count_nonzero(length > step + 1))
            ending = slice(n_longer, n_open)
            close_factor = _take(self.close_factor, rows[ending], columns[ending])
            sorted_score[ending] = (mass[ending] * close_factor).sum(axis=1)
            n_open = n_longer

        score = np.empty_like(sorted_score)
        score[order] = sorted_score
        return _round_into_range(score)

    def find_spans(self, threshold: Floats) -> Decoded:
        """Return every span whose posterior reaches its type's threshold.

        Args:
            threshold: Of each type; above 0, where every span of a segment would be one.
                Shape: (T,).
        """
        spans = self._open_spans()
        found: list[Decoded] = []
        while len(spans.start):
            # No longer span can reach the threshold where this bound does not.
            bound = spans.weigh(self.bound_factor)
            spans = spans.keep(bound >= threshold[spans.type_i])

            score = spans.weigh(self.close_factor)
            reached = score >= threshold[spans.type_i]
            found.append(spans.close(reached, score))

            spans = spans.keep(~self.packing.is_last[spans.last])
            following = spans.last + 1
            mass = self._go_on(spans.mass, following, spans.columns)
            spans = spans._replace(last=following, mass=mass)
        return _join_in_order(found)

    def _open_spans(self) -> "_OpenSpans":
        """Return a span of one row for each row and type."""
        n_rows = len(self.open_mass)
        n_types = len(self.chain.columns)
        start = np.repeat(np.arange(n_rows), n_types)
        type_i = np.tile(np.arange(n_types), n_rows)
        columns = self.chain.columns[type_i]
        mass = _take(self.open_mass, start, columns)
        return _OpenSpans(start, start, type_i, columns, mass)


class _OpenSpans(NamedTuple):
    """Spans that may still grow.

    Attributes:
        start: First row. Shape: (n_spans,).
        last: Last row so far. Shape: (n_spans,).
        type_i: Index of the entity type. Shape: (n_spans,).
        columns: The tags of the type, padded with -1. Shape: (n_spans, most tags of one type).
        mass: See :class:`Marginals`. Shape: that of ``columns``.
    """

    start: Ints
    last: Ints
    type_i: Ints
    columns: Ints
    mass: Floats

    def keep(self, wanted: Bools) -> "_OpenSpans":
        """Return some of the spans. Shape of ``wanted``: (n_spans,)."""
        return _OpenSpans(
            start=self.start[wanted],
            last=self.last[wanted],
            type_i=self.type_i[wanted],
            columns=self.columns[wanted],
            mass=self.mass[wanted],
        )

    def weigh(self, factor: Floats) -> Floats:
        """Return the mass of each span times the factor of its last row. Shape: (n_spans,)."""
        weighed: Floats = (self.mass * _take(factor, self.last, self.columns)).sum(axis=1)
        return weighed

    def close(self, wanted: Bools, score: Floats) -> Decoded:
        """Return some of the spans as entities. Shape of both: (n_spans,)."""
        return Decoded(
            start=self.start[wanted],
            end=self.last[wanted] + 1,
            type_i=self.type_i[wanted],
            score=score[wanted],
        )


def _join_in_order(parts: list[Decoded]) -> Decoded:
    """Return spans in order of their start, end and type."""
    spans = join_decoded(parts)
    order = np.lexsort((spans.type_i, spans.end, spans.start))
    return Decoded(
        start=spans.start[order],
        end=spans.end[order],
        type_i=spans.type_i[order],
        score=_round_into_range(spans.score[order]),
    )


def _round_into_range(score: Floats) -> Floats:
    """Return posteriors that rounding has not put outside of [0, 1]."""
    return np.clip(score, 0.0, 1.0)


def find_marginals(log_probs: Floats, packing: Packing, chain: Chain) -> Marginals:
    """Return the marginals of packed segments, found in the fastest way that is exact.

    Args:
        log_probs: Packed rows. Shape: (n_rows, K).
        packing: Where the segments lie.
        chain: What the tag set allows, and what it prefers.
    """
    log_probs = log_probs.astype(np.float64, copy=False)
    if _is_within_range(log_probs, chain):
        # Steps are small enough to be seen; whether they have added up is known afterwards.
        marginals = ScaledMarginals(log_probs, packing, chain)
        if marginals.is_exact:
            return marginals
    return LogMarginals(log_probs, packing, chain)


def _is_within_range(log_probs: Floats, chain: Chain) -> bool:
    """Tell whether no row and no transition changes a path by more than :data:`TINY` foresees."""
    for scores in (chain.log_start, chain.log_transition, chain.log_end):
        legal = scores[scores > -np.inf]
        if np.abs(legal).max(initial=0.0) > _MAX_PREFERENCE:
            return False
    if log_probs.max(initial=0.0) > _HIGHEST_ROW:
        return False
    if log_probs.min(initial=0.0) >= _LOWEST_ROW:
        return True
    # Tags that are impossible may be minus infinity. They are rare, so that most rows need no copy.
    possible = log_probs[log_probs > -np.inf]
    return bool(possible.min(initial=0.0) >= _LOWEST_ROW)


class ScaledMarginals(Marginals):
    """Marginals over scaled probabilities.

    ``open_mass`` is P(rows so far, an entity starts here with this tag) / P(rows so far);
    ``close_factor`` is P(rows after, it ends here | this tag) / P(rows after | rows so far);
    ``bound_factor`` is P(rows after | this tag) / P(rows after | rows so far).

    Attributes:
        row_factor: P(tag | row) / P(row | rows before), what a row multiplies a path by.
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
        is_reached = forward > TINY
        self.is_exact = not bool(np.any((forward > 0.0) & ~is_reached))
        self.row_factor = probs / scale[:, None]
        backward = _run_backward(self.row_factor, forward, is_reached, pieces, weights)
        self.bound_factor = backward

        # Rows of all segments lie one after the other. Products with the row before, or after, also
        # cross from one segment into the next; the lines that follow put right what they filled in.
        anew = np.exp(chain.log_anew)
        self.open_mass = np.zeros_like(probs)
        self.open_mass[1:] = (forward[:-1] @ anew) * self.row_factor[1:]
        self.open_mass[packing.is_first] = forward[packing.is_first]
        self.close_factor = np.zeros_like(probs)
        self.close_factor[:-1] = (self.row_factor[1:] * backward[1:]) @ anew.T
        self.close_factor[packing.is_last] = backward[packing.is_last]
        self._continuing = np.exp(chain.log_continuing)

    def _go_on(self, mass: Floats, rows: Ints, columns: Ints) -> Floats:
        # Shape: (n_spans, tags before, tags after). Padding stands for the last tag here, which
        # changes nothing: as a source it has no mass, as a target its row factor is 0.
        continuing = self._continuing[columns[:, :, None], columns[:, None, :]]
        passed_on = np.einsum("ni,nij->nj", mass, continuing)
        moved: Floats = passed_on * _take(self.row_factor, rows, columns)
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
    # What comes before a piece is known up to a factor, and so is the scale of its first row. Where
    # a piece goes on with a segment, the row before it is known by now, and says what the scale is.
    # (The flags of a packing of pieces are those of the segments that they were cut from.)
    going_on = packing.first[~packing.is_first[packing.first]]
    if len(going_on):
        reached = (forward[going_on - 1] @ weights) * probs[going_on]
        scale[going_on] = _divisor(reached.sum(axis=1))
    return forward, scale


def _run_backward(
    row_factor: Floats, forward: Floats, is_reached: Bools, pieces: Pieces, weights: Floats
) -> Floats:
    """Return P(rows after | tag) / P(rows after | rows so far), 0 for tags that no path leads to.

    Shape: (n_rows, K).
    """
    packing = pieces.packing
    backward = np.zeros_like(row_factor)
    after = _exp_scaled(pieces.log_after) * is_reached[packing.last]
    total = (forward[packing.last] * after).sum(axis=1)
    backward[packing.last] = after / _divisor(total)[:, None]
    for t, rows in reversed(list(packing.steps())):
        if t > 0:
            following = (row_factor[rows] * backward[rows]) @ weights.T
            # It is up to 1 / forward: where that is next to nothing, it would grow without bound.
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
    probabilities, none of which can become too great for a float:

    ``open_mass`` is P(an entity starts here with this tag | all rows);
    ``close_factor`` is P(the entity ends here | this tag, all rows);
    ``bound_factor`` is 1 for each tag that is possible.

    Each is a ratio within one row, so the constants that the scan leaves open, one for each row,
    cancel out.
    """

    def __init__(self, log_probs: Floats, packing: Packing, chain: Chain) -> None:
        self.chain = chain
        self.packing = packing
        paths = sum_paths(log_probs, packing, chain)
        forward = paths.forward
        posterior = paths.shares
        # As in ScaledMarginals, steps between rows also cross from one segment into the next, and
        # the first and last rows of segments are put right afterwards.
        # log P(rows before, this tag), where an entity or what is outside begins; and wherever.
        before_anew = step_through(forward[:-1], chain.log_anew, SUM)
        before = step_through(forward[:-1], chain.log_transition, SUM)
        self.open_mass = posterior.copy()
        self.open_mass[1:] *= np.exp(subtract_logs(before_anew, before))
        self.open_mass[packing.is_first] = posterior[packing.is_first]

        # log P(this row, rows after | this tag).
        self._onward = log_probs + paths.backward
        # log P(rows after | this tag), for all rows but the last; and where the entity ends here.
        self._after = step_through(self._onward[1:], chain.log_transition.T, SUM)
        after_anew = step_through(self._onward[1:], chain.log_anew.T, SUM)
        self.close_factor = np.empty_like(posterior)
        self.close_factor[:-1] = np.exp(subtract_logs(after_anew, self._after))
        self.close_factor[packing.is_last] = 1.0
        self.bound_factor = (posterior > 0.0).astype(np.float64)
        self._log_continuing = chain.log_continuing

    def _go_on(self, mass: Floats, rows: Ints, columns: Ints) -> Floats:
        # Shapes: (n_spans, tags before, tags after), with 1 where an array has no such axis.
        onward = _take(self._onward, rows, columns)[:, None, :]
        after = _take(self._after, rows - 1, columns)[:, :, None]
        continuing = self._log_continuing[columns[:, :, None], columns[:, None, :]]
        share = np.exp(subtract_logs(continuing + onward, after))
        # Padding stands for the last tag here. As a source it has no mass; as a target it is out.
        share *= (columns >= 0)[:, None, :]
        moved: Floats = np.einsum("ni,nij->nj", mass, share)
        return moved


def _take(table: Floats, rows: Ints, columns: Ints) -> Floats:
    """Return ``table[rows, columns]`` with 0 where a column is padding.

    Shape: that of ``columns``.
    """
    values: Floats = np.where(columns >= 0, table[rows[:, None], columns], 0.0)
    return values
