"""One scan over the paths of a chain, for two operators: the sum over all paths, and the best one.

The plain loops, :func:`scan_forward` and :func:`scan_backward`, take one row after the other. A
step of Python takes as long for many segments as for one, so a long segment is cut into pieces that
run side by side (:func:`cut_into_pieces`)::

    segment    0 1 2 3 4 5 6 7 8 9
    pieces     [0 1 2 3] [4 5 6 7] [8 9]      step t takes row t of each piece
                       →         →            what may come before a piece is passed on,
                       ←         ←            and what may come after it

A piece turns what is known of the tag before it into what is known of its last tag. These maps, one
for each kind of tag before it, are found for all pieces at once, and then passed on from piece to
piece: all that is found is what the plain loops give on the whole segment.

Source: Särkkä & García-Fernández (2021), https://doi.org/10.1109/TAC.2020.2976316.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import isqrt

import numpy as np

from spacy_hf_ner.core.arrays import Bools, Floats, Ints, count_up
from spacy_hf_ner.core.chain import Chain, Packing

__all__ = [
    "BEST",
    "SUM",
    "Operator",
    "Pieces",
    "cut_into_pieces",
    "keep_whole",
    "scan_backward",
    "scan_forward",
    "step_through",
]

MIN_ROWS = 16  # of a piece
STEP_WORK = 50_000  # multiplications that take as long as a step of Python, measured
MAX_CELLS = 4_000_000  # of a temporary array: 32 MB


@dataclass(frozen=True, slots=True)
class Operator:
    """How the log scores of paths that meet in one tag are made one.

    Attributes:
        reduce: Log scores, axis → log scores without that axis.
        picks: Only one path counts, the same in all pieces of a segment: of the tags at the border
            of two pieces one is chosen.
    """

    reduce: Callable[[Floats, int], Floats]
    picks: bool


SUM = Operator(np.logaddexp.reduce, picks=False)
BEST = Operator(np.maximum.reduce, picks=True)


@dataclass(frozen=True, slots=True)
class Pieces:
    """Segments, or pieces of them, and what the rows around a piece say of its first and last row.

    Attributes:
        packing: Where they lie.
        log_before: Log score of all that may come before each tag of the first row, up to a
            constant for each piece. Shape: (n_pieces, K).
        log_after: The same of all that may come after each tag of the last row. Where one path is
            picked, 0 for its tag and minus infinity for the others. Shape: (n_pieces, K).
    """

    packing: Packing
    log_before: Floats
    log_after: Floats


def keep_whole(packing: Packing, chain: Chain) -> Pieces:
    """Return the segments themselves as pieces."""
    shape = (len(packing.first), len(chain.log_start))
    return Pieces(
        packing,
        log_before=np.broadcast_to(chain.log_start, shape),
        log_after=np.broadcast_to(chain.log_end, shape),
    )


def scan_forward(log_probs: Floats, pieces: Pieces, chain: Chain, operator: Operator) -> Floats:
    """Return the log score of all that leads to each tag, up to a constant for each row.

    Rows of segments that are not among the pieces are left as they are: undefined.

    Args:
        log_probs: Packed rows. Shape: (n_rows, K).
        pieces: Segments or pieces of them.
        chain: The scores of transitions.
        operator: How paths are made one.

    Returns:
        Shape: (n_rows, K).
    """
    forward = np.empty(log_probs.shape)
    for t, rows in pieces.packing.steps():
        if t == 0:
            reached = pieces.log_before + log_probs[rows]
        else:
            reached = step_through(forward[rows - 1], chain.log_transition, operator)
            reached += log_probs[rows]
        if not operator.picks:
            # Logarithms that grow with each row would lose digits, so each row's best is 0.
            reached -= _finite(reached.max(axis=1, keepdims=True))
        forward[rows] = reached
    return forward


def scan_backward(log_probs: Floats, pieces: Pieces, chain: Chain, operator: Operator) -> Floats:
    """Return the log score of all that may follow each tag, up to a constant for each row.

    For arguments and result see :func:`scan_forward`.
    """
    packing = pieces.packing
    backward = np.empty(log_probs.shape)
    backward[packing.last] = pieces.log_after
    for t, rows in reversed(list(packing.steps())):
        if t == 0:
            break
        following = backward[rows] + log_probs[rows]
        open_to = step_through(following, chain.log_transition.T, operator)
        backward[rows - 1] = open_to - _finite(open_to.max(axis=1, keepdims=True))
    return backward


def step_through(values: Floats, log_transition: Floats, operator: Operator) -> Floats:
    """Return what one transition makes of log scores, in parts that fit in memory.

    Args:
        values: Shape: (n, K).
        log_transition: [j, k] = log score of k after j. Shape: (K, K).
        operator: How paths are made one.

    Returns:
        Shape: (n, K).

    >>> step_through(np.zeros((1, 2)), np.log([[0.5, 0.5], [0.25, 0.5]]), SUM).round(3)
    array([[-0.288,  0.   ]])
    """
    n_at_once = max(1, MAX_CELLS // max(1, log_transition.size))
    if len(values) <= n_at_once:
        return operator.reduce(values[:, :, None] + log_transition, 1)
    moved = np.empty_like(values)
    for start in range(0, len(values), n_at_once):
        part = slice(start, start + n_at_once)
        moved[part] = operator.reduce(values[part, :, None] + log_transition, 1)
    return moved


def cut_into_pieces(
    log_probs: Floats, packing: Packing, chain: Chain, operator: Operator, *, scaled: bool = False
) -> Pieces:
    """Return pieces of segments, or the segments themselves where they take no longer.

    Args:
        log_probs: Packed rows. Shape: (n_rows, K).
        packing: Where the segments lie.
        chain: The scores of starts, transitions and ends.
        operator: How paths are made one.
        scaled: Sums run over probabilities, not over their logarithms: many times faster, and right
            as long as no probability is too small for a float.
    """
    plan = _plan(packing, chain)
    if plan is None:
        return keep_whole(packing, chain)
    if scaled:
        by_kind = _sum_kinds_scaled(log_probs, plan, chain)
    else:
        by_kind = _run_kinds(log_probs, plan, chain, operator)
    return _pass_on(by_kind, plan, chain, operator)


@dataclass(frozen=True, slots=True)
class _Plan:
    """How segments are cut.

    Tags after which the same tags may follow, with the same scores, are of one kind: a piece need
    not be run for each of them. What is before a segment is a kind, too.

    Attributes:
        packing: Where the pieces lie.
        in_order: The pieces in order of their rows.
        log_kinds: Log score of each tag after each kind of tag. Shape: (n_kinds, K).
        start_kind: The kind of what is before a segment.
        kind_of: The kind of each tag. Shape: (K,).
        starts_segment: Whether a piece is the first of its segment. Shape: (n_pieces,).
        ends_segment: Whether a piece is the last of its segment. Shape: (n_pieces,).
    """

    packing: Packing
    in_order: list[int]
    log_kinds: Floats
    start_kind: int
    kind_of: Ints
    starts_segment: Bools
    ends_segment: Bools


def _plan(packing: Packing, chain: Chain) -> _Plan | None:
    """Return how to cut the segments, if that saves time."""
    n_rows = int(packing.length.sum())
    n_steps = int(packing.length.max(initial=0))
    # Pieces of √n rows: as many steps through the rows of a piece as from piece to piece.
    size = max(MIN_ROWS, isqrt(n_rows))
    if n_steps < 4 * size:
        return None
    all_kinds = np.vstack([chain.log_start, chain.log_transition])
    log_kinds, kind_of = np.unique(all_kinds, axis=0, return_inverse=True)
    if n_steps * STEP_WORK < n_rows * log_kinds.size * log_kinds.shape[1]:
        return None
    start_kind, *kind_of_tag = kind_of.reshape(-1).tolist()
    cut = _cut(packing, size)
    return _Plan(
        packing=cut,
        in_order=np.argsort(cut.first).tolist(),
        log_kinds=log_kinds,
        start_kind=start_kind,
        kind_of=np.array(kind_of_tag),
        starts_segment=packing.is_first[cut.first],
        ends_segment=packing.is_last[cut.last],
    )


def _cut(packing: Packing, size: int) -> Packing:
    """Return where the pieces of segments lie, longest first.

    ::

        size 4     first 0, length 10   →   place  0  1  2      first  0  4  8     length  4  4  2
    """
    n_pieces = -(-packing.length // size)
    place = count_up(n_pieces)
    first = np.repeat(packing.first, n_pieces) + place * size
    rows_left = np.repeat(packing.length, n_pieces) - place * size
    length = np.minimum(size, rows_left)
    longest_first = np.argsort(-length, kind="stable")
    return replace(packing, first=first[longest_first], length=length[longest_first])


def _run_kinds(log_probs: Floats, plan: _Plan, chain: Chain, operator: Operator) -> Floats:
    """Return what each piece makes of each kind of tag before it, as log scores of its last tag.

    Shape: (n_pieces, n_kinds, K).
    """
    n_tags = len(plan.kind_of)
    by_kind = np.empty((len(plan.in_order), *plan.log_kinds.shape))
    for t, rows in plan.packing.steps():
        n_running = len(rows)
        if t == 0:
            reached = plan.log_kinds + log_probs[rows, None]
        else:
            flat = by_kind[:n_running].reshape(-1, n_tags)
            moved = step_through(flat, chain.log_transition, operator)
            reached = moved.reshape(n_running, -1, n_tags) + log_probs[rows, None]
        by_kind[:n_running] = reached
    return by_kind


def _sum_kinds_scaled(log_probs: Floats, plan: _Plan, chain: Chain) -> Floats:
    """Return what :func:`_run_kinds` returns for sums, running over probabilities.

    They are divided by their total after each row, and the logarithms of the totals are added.
    """
    weights = np.exp(chain.log_transition)
    before = np.exp(plan.log_kinds)
    mass = np.zeros((len(plan.in_order), *plan.log_kinds.shape))
    log_total = np.zeros(mass.shape[:2])
    with np.errstate(divide="ignore"):
        for t, rows in plan.packing.steps():
            n_running = len(rows)
            if t > 0:
                before = mass[:n_running] @ weights
            reached = before * np.exp(log_probs[rows, None])
            total = reached.sum(axis=2)
            log_total[:n_running] += np.log(total)
            total[total == 0.0] = np.inf  # no path: nothing remains
            mass[:n_running] = reached / total[:, :, None]
        by_kind: Floats = np.log(mass) + log_total[:, :, None]
    return by_kind


def _pass_on(by_kind: Floats, plan: _Plan, chain: Chain, operator: Operator) -> Pieces:
    """Return what is before and after each piece, going through the pieces forward, then backward.

    Shape of ``by_kind``: (n_pieces, n_kinds, K), the log scores that each piece leads to.
    """
    reached = _pass_forward(by_kind, plan, operator)  # the last tags of each piece
    last = reached.copy()  # those of them from which the following piece may be entered
    log_after = np.empty_like(reached)
    following = -1
    for piece in reversed(plan.in_order):
        if plan.ends_segment[piece]:
            open_to = chain.log_end
        else:
            # [j, k]: from the last tag j of this piece to the last tag k of the one that follows
            through = by_kind[following, plan.kind_of]
            open_to = operator.reduce(through + log_after[following], 1)
            # Where no path leads to, what may follow must not decide how numbers are scaled.
            open_to[reached[piece] == -np.inf] = -np.inf
            open_to = _put_best_at_zero(open_to)
        if operator.picks:
            open_to = _choose(reached[piece] + open_to)
            last[piece] = open_to
        log_after[piece] = open_to
        following = piece

    log_before = np.empty_like(reached)
    log_before[plan.in_order[1:]] = step_through(
        last[plan.in_order[:-1]], chain.log_transition, operator
    )
    log_before[plan.starts_segment] = chain.log_start
    return Pieces(plan.packing, log_before, log_after)


def _pass_forward(by_kind: Floats, plan: _Plan, operator: Operator) -> Floats:
    """Return the log score of all that leads to each last tag of each piece.

    Shape: (n_pieces, K).
    """
    reached = np.empty((len(by_kind), len(plan.kind_of)))
    previous = -1
    for piece in plan.in_order:
        if plan.starts_segment[piece]:
            log_scores = by_kind[piece, plan.start_kind]
        else:
            through = by_kind[piece, plan.kind_of]
            log_scores = operator.reduce(reached[previous][:, None] + through, 0)
        reached[piece] = _put_best_at_zero(log_scores)
        previous = piece
    return reached


def _put_best_at_zero(log_scores: Floats) -> Floats:
    """Return log scores of which the best is 0, up to the constant that nothing depends on."""
    peak = log_scores.max()
    if peak == -np.inf:
        return log_scores
    scaled: Floats = log_scores - peak
    return scaled


def _choose(log_scores: Floats) -> Floats:
    """Return 0 for the best tag and minus infinity for the others; for all, if none is possible."""
    chosen = np.full(len(log_scores), -np.inf)
    best = int(log_scores.argmax())
    if log_scores[best] > -np.inf:
        chosen[best] = 0.0
    return chosen


def _finite(peak: Floats) -> Floats:
    """Return what can be subtracted: 0 where all is minus infinity."""
    finite: Floats = np.where(peak > -np.inf, peak, 0.0)
    return finite
