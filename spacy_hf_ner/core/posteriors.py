"""How probable a span is, given the whole text: exact posteriors by forward-backward.

Source: Rabiner (1989), https://doi.org/10.1109/5.18626, equations 19-25, and 92 for the scaling.
"""

from dataclasses import dataclass

import numpy as np

from spacy_hf_ner.core.arrays import Floats, Ints
from spacy_hf_ner.core.chain import Chain, Packing
from spacy_hf_ner.core.scan import TINY, Pieces, divisor, weigh_pieces


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


class Marginals:
    """Forward-backward over packed segments: how probable each span is, given the whole text.

    Attributes:
        enters: P(rows so far, an entity starts here with this tag) / P(rows so far). Shape: (n_rows, K).
        leaves: P(rows after | the entity of this tag ends here) / P(rows after | rows so far). Shape: (n_rows, K).
        backward: P(rows after | this tag) / P(rows after | rows so far). Shape: (n_rows, K).
        moves: P(tag | row) / P(row | rows before), what one more row multiplies a path by. Shape: (n_rows, K).
    """

    def __init__(self, log_probs: Floats, packing: Packing, chain: Chain) -> None:
        self.chain = chain
        self.packing = packing
        probs = np.exp(log_probs.astype(np.float64, copy=False))
        pieces = weigh_pieces(probs, packing, chain)
        forward, scale = _run_forward(probs, pieces, chain)
        backward = _run_backward(probs, scale, forward, pieces, chain)
        self.backward: Floats = backward
        self.moves: Floats = probs / scale[:, None]
        starts = chain.starts.astype(np.float64)
        self.enters: Floats = np.zeros_like(probs)
        self.enters[1:] = (forward[:-1] @ starts) * self.moves[1:]
        self.enters[packing.is_first] = (chain.can_start * self.moves)[packing.is_first]
        self.leaves: Floats = np.zeros_like(probs)
        self.leaves[:-1] = (self.moves[1:] * backward[1:]) @ starts.T
        self.leaves[packing.is_last] = backward[packing.is_last]

    def score_spans(self, start: Ints, end: Ints, type_i: Ints) -> Floats:
        """Return the posterior of each span. Shape: (n_spans,)."""
        score = np.zeros(len(start))
        order = np.argsort(start - end, kind="stable")  # longest first
        columns = self.chain.columns[type_i[order]]
        length = (end - start)[order]
        mass = _take(self.enters, start[order], columns)
        for step in range(int(length[0]) if len(length) else 0):
            n = int(np.searchsorted(-length, -step, side="left"))
            if step:
                mass = self._go_on(mass[:n], start[order[:n]] + step, columns[:n])
            done = np.flatnonzero(length[:n] == step + 1)
            rows = start[order[done]] + step
            score[order[done]] = (mass[done] * _take(self.leaves, rows, columns[done])).sum(axis=1)
        return np.clip(score, 0.0, 1.0)

    def find_spans(self, threshold: Floats) -> Decoded:
        """Return every span whose posterior reaches its type's threshold."""
        n_rows, n_types = len(self.moves), len(self.chain.columns)
        start = np.repeat(np.arange(n_rows), n_types)
        type_i = np.tile(np.arange(n_types), n_rows)
        mass = _take(self.enters, start, self.chain.columns[type_i])
        found: list[tuple[Ints, Ints, Ints, Floats]] = []
        step = 0
        while len(start):
            columns = self.chain.columns[type_i]
            # That the entity has come so far bounds the posterior of every longer span from above.
            rest = (mass * _take(self.backward, start + step, columns)).sum(axis=1)
            alive = rest >= threshold[type_i]
            start, type_i, mass, columns = start[alive], type_i[alive], mass[alive], columns[alive]
            score = (mass * _take(self.leaves, start + step, columns)).sum(axis=1)
            hit = score >= threshold[type_i]
            found.append(
                (start[hit], start[hit] + step + 1, type_i[hit], np.clip(score[hit], 0.0, 1.0))
            )
            step += 1
            inside = ~self.packing.is_last[start + step - 1]
            start, type_i, mass, columns = (
                start[inside],
                type_i[inside],
                mass[inside],
                columns[inside],
            )
            mass = self._go_on(mass, start + step, columns)
        if not found:
            none = np.zeros(0, dtype=np.int64)
            return Decoded(none, none, none, np.zeros(0))
        starts, ends, types, scores = (np.concatenate(parts) for parts in zip(*found, strict=True))
        order = np.lexsort((types, ends, starts))
        return Decoded(starts[order], ends[order], types[order], scores[order])

    def _go_on(self, mass: Floats, rows: Ints, columns: Ints) -> Floats:
        """Return the mass of each tag of a span's type after one more row of the span. Shape: (n_spans, width)."""
        stays = self.chain.continues[
            columns[:, :, None], columns[:, None, :]
        ]  # padding has no mass to pass on
        moved: Floats = np.einsum("ni,nij->nj", mass, stays.astype(np.float64)) * _take(
            self.moves, rows, columns
        )
        return moved


def _take(table: Floats, rows: Ints, columns: Ints) -> Floats:
    """Return ``table[rows, columns]`` with zeros where a column is padding. Shape: that of ``columns``."""
    values: Floats = np.where(columns >= 0, table[rows[:, None], columns], 0.0)
    return values


def _run_forward(probs: Floats, pieces: Pieces, chain: Chain) -> tuple[Floats, Floats]:
    """Return P(tag | rows so far), shape (n_rows, K), and P(row | rows before), shape (n_rows,)."""
    legal = chain.legal.astype(np.float64)
    forward, scale = np.zeros_like(probs), np.ones(len(probs))
    for t, rows in pieces.packing.steps():
        reached = (forward[rows - 1] @ legal if t else pieces.before) * probs[rows]
        scale[rows] = divisor(reached.sum(axis=1))
        forward[rows] = reached / scale[rows, None]
    return forward, scale


def _run_backward(
    probs: Floats, scale: Floats, forward: Floats, pieces: Pieces, chain: Chain
) -> Floats:
    """Return P(rows after | tag) / P(rows after | rows so far), 0 for unreachable tags. Shape: (n_rows, K)."""
    legal = chain.legal.astype(np.float64)
    packing = pieces.packing
    last = packing.first + packing.length - 1
    backward = np.zeros_like(probs)
    backward[last] = pieces.after / divisor((forward[last] * pieces.after).sum(axis=1))[:, None]
    moves = probs / scale[:, None]
    is_reached = forward > TINY  # where no path comes through, the values could grow without bound
    for t, rows in reversed(list(packing.steps())):
        if t:
            backward[rows - 1] = is_reached[rows - 1] * ((moves[rows] * backward[rows]) @ legal.T)
    return backward
