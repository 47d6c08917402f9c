"""Long segments cut into pieces that are run side by side: a step of Python takes as long for many rows as for one.

A piece turns what is known of the tag before it into what is known of its last tag, and these maps, one for each kind
of tag before it, are found for all pieces at once. Passed on from piece to piece, they tell what each starts from and
ends in: all that is found is what the whole segment would give. This is a parallel scan of blocks, as in Särkkä &
García-Fernández (2021), https://doi.org/10.1109/TAC.2020.2976316.
"""

from dataclasses import dataclass, replace
from math import isqrt

import numpy as np

from spacy_hf_ner.core.arrays import Bools, Floats, Ints
from spacy_hf_ner.core.chain import Chain, Packing

TINY = 1e-100  # a segment whose legal paths have less probability than this counts as one without a legal path
MIN_ROWS = 16  # of a piece
STEP_WORK = 50_000  # multiplications that take as long as a step of Python


@dataclass(frozen=True, slots=True)
class Pieces:
    """Segments, or pieces of them, and what the rows around each say of its own.

    Attributes:
        packing: Where they lie.
        before: What the rows before say of the tags of the first row. Shape: (n_pieces, K).
        after: What the rows after say of the tags of the last row. Shape: (n_pieces, K).
    """

    packing: Packing
    before: Floats
    after: Floats


@dataclass(frozen=True, slots=True)
class _Plan:
    """How segments are cut.

    Attributes:
        packing: Where the pieces lie.
        in_order: The pieces in order of their rows.
        kinds: The tags that may follow each kind of tag. Shape: (n_kinds, K).
        start_kind: The kind of what is before a segment.
        kind_of: The kind of each tag. Shape: (K,).
    """

    packing: Packing
    in_order: list[int]
    kinds: Floats
    start_kind: int
    kind_of: Ints

    def starts_segment(self, piece: int) -> bool:
        """Tell whether a piece is the first of its segment."""
        return bool(self.packing.is_first[self.packing.first[piece]])

    def ends_segment(self, piece: int) -> bool:
        """Tell whether a piece is the last of its segment."""
        return bool(
            self.packing.is_last[self.packing.first[piece] + self.packing.length[piece] - 1]
        )


def weigh_pieces(probs: Floats, packing: Packing, chain: Chain) -> Pieces:
    """Return pieces for the sum over all legal paths, or the segments themselves where they take no longer.

    Args:
        probs: Packed rows. Shape: (n_rows, K).
        packing: Where the segments lie.
        chain: What the tag set allows.

    Returns:
        Up to a factor, ``before`` is P(rows before, the tag may follow), and ``after`` is P(rows after | tag).
    """
    plan = _plan(packing, chain)
    if plan is None:
        return _keep_whole(
            packing, chain.can_start.astype(np.float64), chain.can_end.astype(np.float64)
        )
    mass, log_total = _sum_paths(probs, plan, chain)
    return _pass_on_sums(mass, log_total, plan, chain)


def pick_pieces(log_probs: Floats, packing: Packing, chain: Chain) -> Pieces:
    """Return pieces for the best legal path; see :func:`weigh_pieces`.

    Returns:
        ``before`` and ``after`` are 0 or minus infinity: the tags that a best path, the same for all pieces of a
        segment, leaves open. Segments without a legal path are left out.
    """
    log_start, log_end = log_allowed(chain.can_start), log_allowed(chain.can_end)
    plan = _plan(packing, chain)
    if plan is None:
        return _keep_whole(packing, log_start, log_end)
    log_legal, log_kinds = log_allowed(chain.legal), log_allowed(plan.kinds > 0)
    best = np.zeros((len(plan.in_order), *plan.kinds.shape))
    for t, rows in plan.packing.steps():
        n = len(rows)
        best[:n] = ((best[:n, :, :, None] + log_legal).max(axis=2) if t else log_kinds) + log_probs[
            rows, None
        ]
    return _pass_on_best(best, log_start, log_legal, log_end, plan)


def divisor(total: Floats) -> Floats:
    """Return what to divide by: the total, or infinity where there is nothing, so that all that follows is zero."""
    found: Floats = np.where(total > TINY, total, np.inf)
    return found


def log_allowed(allowed: Bools) -> Floats:
    """Return 0 where something is allowed, and minus infinity elsewhere. Shape: that of ``allowed``."""
    log: Floats = np.where(allowed, 0.0, -np.inf)
    return log


def _keep_whole(packing: Packing, before: Floats, after: Floats) -> Pieces:
    """Return the segments themselves. Shape of ``before`` and ``after``: (K,)."""
    shape = (len(packing.first), len(before))
    return Pieces(packing, np.broadcast_to(before, shape), np.broadcast_to(after, shape))


def _plan(packing: Packing, chain: Chain) -> _Plan | None:
    """Return how to cut the segments, if that saves time."""
    n_rows, n_steps = int(packing.length.sum()), int(packing.length.max(initial=0))
    size = max(MIN_ROWS, isqrt(n_rows))
    if n_steps < 4 * size:
        return None
    kinds, kind_of = np.unique(
        np.vstack([chain.can_start, chain.legal]), axis=0, return_inverse=True
    )
    if n_steps * STEP_WORK < n_rows * kinds.size * kinds.shape[1]:
        return None
    n_pieces = -(-packing.length // size)
    place = np.arange(n_pieces.sum()) - np.repeat(np.cumsum(n_pieces) - n_pieces, n_pieces)
    length = np.minimum(size, np.repeat(packing.length, n_pieces) - place * size)
    first = np.repeat(packing.first, n_pieces) + place * size
    longest_first = np.argsort(-length, kind="stable")
    first, length = first[longest_first], length[longest_first]
    start_kind, *kind_of_tag = kind_of.reshape(-1).tolist()
    return _Plan(
        packing=replace(packing, first=first, length=length),
        in_order=np.argsort(first).tolist(),
        kinds=kinds.astype(np.float64),
        start_kind=start_kind,
        kind_of=np.array(kind_of_tag),
    )


def _sum_paths(probs: Floats, plan: _Plan, chain: Chain) -> tuple[Floats, Floats]:
    """Return what each piece makes of each kind of tag before it.

    Returns:
        P(last tag | rows, kind), shape (n_pieces, n_kinds, K), and log P(rows | kind), shape (n_pieces, n_kinds).
    """
    legal = chain.legal.astype(np.float64)
    mass = np.zeros((len(plan.in_order), *plan.kinds.shape))
    log_total = np.zeros(mass.shape[:2])
    for t, rows in plan.packing.steps():
        n = len(rows)
        reached = (mass[:n] @ legal if t else plan.kinds) * probs[rows, None]
        total = reached.sum(axis=2)
        mass[:n] = reached / divisor(total)[:, :, None]
        log_total[:n] += np.log(np.maximum(total, TINY))
    return mass, log_total


def _pass_on_sums(mass: Floats, log_total: Floats, plan: _Plan, chain: Chain) -> Pieces:
    legal = chain.legal.astype(np.float64)
    is_of_kind = (plan.kind_of[:, None] == np.arange(len(plan.kinds))).astype(np.float64)
    before, after, last = np.zeros((3, len(mass), len(legal)))  # last: P(last tag | rows so far)
    weights = np.zeros_like(log_total)  # P(rows | kind), relative to the likeliest kind
    for i, piece in enumerate(plan.in_order):
        if plan.starts_segment(piece):
            before[piece], last[piece] = chain.can_start, mass[piece, plan.start_kind]
            continue
        previous = last[plan.in_order[i - 1]]
        before[piece] = previous @ legal
        by_kind = previous @ is_of_kind
        known = np.where(by_kind > TINY, log_total[piece], -np.inf)
        weights[piece] = np.exp(known - max(known.max(), np.finfo(np.float64).min))
        total = (by_kind * weights[piece]) @ mass[piece]
        last[piece] = total / divisor(total.sum())
    for i, piece in reversed(list(enumerate(plan.in_order))):
        if plan.ends_segment(piece):
            after[piece] = chain.can_end
        else:
            following = plan.in_order[i + 1]
            by_kind = weights[following] * (mass[following] @ after[following])
            after[piece] = by_kind[plan.kind_of] * (last[piece] > TINY)
        after[piece] /= divisor(last[piece] @ after[piece])
    return Pieces(plan.packing, before, after)


def _pass_on_best(
    best: Floats, log_start: Floats, log_legal: Floats, log_end: Floats, plan: _Plan
) -> Pieces:
    """Return what is open to each piece once its last tag, and that of the piece before it, are chosen.

    Shape of ``best``: (n_pieces, n_kinds, K), the score of the best path of a piece that follows a kind of tag.
    """
    score = np.zeros((len(best), len(log_legal)))
    for i, piece in enumerate(plan.in_order):
        if plan.starts_segment(piece):
            score[piece] = best[piece, plan.start_kind]
        else:
            score[piece] = (score[plan.in_order[i - 1]][:, None] + best[piece, plan.kind_of]).max(
                axis=0
            )
    before, after = np.full((2, *score.shape), -np.inf)
    has_path = np.zeros(len(score), dtype=bool)
    tag = -1  # the last one of the piece that follows
    for i, piece in reversed(list(enumerate(plan.in_order))):
        if plan.ends_segment(piece):
            ending, is_open = score[piece] + log_end, True
        else:
            following = plan.in_order[i + 1]
            ending, is_open = (
                score[piece] + best[following, plan.kind_of, tag],
                bool(has_path[following]),
            )
        tag = int(ending.argmax())
        has_path[piece] = is_open and ending[tag] > -np.inf
        after[piece, tag] = 0.0
        if not plan.ends_segment(piece):
            before[following] = log_legal[tag]
        if plan.starts_segment(piece):
            before[piece] = log_start
    return Pieces(plan.packing.only(has_path), before[has_path], after[has_path])
