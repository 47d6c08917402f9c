"""Token scores to entities: greedy, or the best legal path (Viterbi); many segments at once.

Source: Rabiner (1989), https://doi.org/10.1109/5.18626, equations 32-35.
"""

from collections.abc import Iterator

import numpy as np

from spacy_hf_ner.core.arrays import Floats, Ints
from spacy_hf_ner.core.chain import Chain, Packing, pack
from spacy_hf_ner.core.posteriors import Decoded, Marginals
from spacy_hf_ner.core.scan import Pieces, log_allowed, pick_pieces

BLOCK_ROWS = 16_384  # of the segments that are scored together: posteriors take ten times the memory of their rows


def decode_greedy(log_probs: Floats, lengths: Ints, chain: Chain) -> Decoded:
    """Return the entities of each token's best tag, read leniently; a score is the mean probability of those tags.

    Args:
        log_probs: Packed rows. Shape: (n_rows, K).
        lengths: Rows of each segment. Shape: (n_segments,).
        chain: What the tag set allows.
    """
    packing = pack(lengths)
    path = log_probs.argmax(axis=1) if len(log_probs) else np.zeros(0, dtype=np.int64)
    start, end, type_i = _read_path(path, packing, chain)
    return Decoded(start, end, type_i, _mean_probs(log_probs, path, start, end))


def decode_viterbi(log_probs: Floats, lengths: Ints, chain: Chain) -> Decoded:
    """Return the entities of the best legal tag path; a score is the exact posterior of that span and type.

    A segment for which the tag set has no legal path at all (an IOBES checkpoint without "S" labels and without
    "O", say) is decoded greedily. For the arguments see :func:`decode_greedy`.
    """
    packing = pack(lengths)
    path = find_best_path(log_probs, packing, chain)
    start, end, type_i = _read_path(path, packing, chain)
    score = _score_spans(log_probs, lengths, chain, start, end, type_i)
    stuck = score <= 0.0
    if stuck.any():
        score[stuck] = _mean_probs(log_probs, path, start[stuck], end[stuck])
    return Decoded(start, end, type_i, score)


def decode_all(log_probs: Floats, lengths: Ints, chain: Chain, *, threshold: Floats) -> Decoded:
    """Return every span, overlapping ones too, whose posterior reaches its type's threshold.

    Args:
        log_probs: Packed rows. Shape: (n_rows, K).
        lengths: Rows of each segment. Shape: (n_segments,).
        chain: What the tag set allows.
        threshold: The least score for each entity type, over 0. Shape: (T,).
    """
    none = np.zeros(0, dtype=np.int64)
    parts: list[tuple[Ints, Ints, Ints, Floats]] = [(none, none, none, np.zeros(0))]
    for rows, packing in _cut_blocks(lengths, np.arange(len(lengths))):
        found = Marginals(log_probs[rows], packing, chain).find_spans(threshold)
        parts.append((rows[found.start], rows[found.end - 1] + 1, found.type_i, found.score))
    start, end, type_i, score = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Decoded(start, end, type_i, score)


def _score_spans(
    log_probs: Floats, lengths: Ints, chain: Chain, start: Ints, end: Ints, type_i: Ints
) -> Floats:
    """Return the posterior of each span, given in order; segments without any are not looked at. Shape: (n_spans,)."""
    score = np.zeros(len(start))
    segments = np.unique(np.searchsorted(np.cumsum(lengths), start, side="right"))
    for rows, packing in _cut_blocks(lengths, segments):
        here = slice(*np.searchsorted(start, [rows[0], rows[-1] + 1]))
        first = np.searchsorted(rows, start[here])
        marginals = Marginals(log_probs[rows], packing, chain)
        score[here] = marginals.score_spans(first, first + (end - start)[here], type_i[here])
    return score


def _cut_blocks(lengths: Ints, segments: Ints) -> Iterator[tuple[Ints, Packing]]:
    """Give the rows of some segments, a block of segments at a time, and where the segments lie among them.

    Args:
        lengths: Rows of each segment. Shape: (n_segments,).
        segments: Which of them, in order.
    """
    first = np.cumsum(lengths) - lengths
    block_i = np.cumsum(lengths[segments]) // BLOCK_ROWS
    for block in np.split(segments, np.flatnonzero(np.diff(block_i)) + 1):
        n_rows = lengths[block]
        rows = np.repeat(first[block] - np.cumsum(n_rows) + n_rows, n_rows) + np.arange(
            n_rows.sum()
        )
        if len(rows):
            yield rows, pack(n_rows)


def find_best_path(log_probs: Floats, packing: Packing, chain: Chain) -> Ints:
    """Return the column of each row on the best legal path of its segment. Shape: (n_rows,)."""
    if len(log_probs) == 0:
        return np.zeros(0, dtype=np.int64)
    path: Ints = log_probs.argmax(axis=1)
    # The best tag of every token is the best path where it happens to be legal, which is nearly everywhere.
    row_ok = np.where(packing.is_first, chain.can_start[path], True)
    row_ok &= np.where(packing.is_last, chain.can_end[path], True)
    row_ok[1:] &= packing.is_first[1:] | chain.legal[path[:-1], path[1:]]
    ok_before = np.concatenate([[0], np.cumsum(row_ok)])
    n_ok = ok_before[packing.first + packing.length] - ok_before[packing.first]
    illegal = n_ok < packing.length
    if illegal.any():
        _run_viterbi(path, log_probs, pick_pieces(log_probs, packing.only(illegal), chain), chain)
    return path


def _run_viterbi(path: Ints, log_probs: Floats, pieces: Pieces, chain: Chain) -> None:
    """Overwrite the rows of these pieces in a path by those of the best legal one, where there is one."""
    log_legal = log_allowed(chain.legal)
    came_from: list[Ints] = []
    score = log_probs[pieces.packing.first] + pieces.before
    for t, rows in pieces.packing.steps():
        if t:
            step = score[: len(rows), :, None] + log_legal
            came_from.append(step.argmax(axis=1))
            score[: len(rows)] = step.max(axis=1) + log_probs[rows]
    score = score + pieces.after
    found = score.max(axis=1) > -np.inf
    tag = score.argmax(axis=1)
    for t, rows in reversed(list(pieces.packing.steps())):
        here = found[: len(rows)]
        path[rows[here]] = tag[: len(rows)][here]
        if t:
            tag[: len(rows)] = came_from[t - 1][np.arange(len(rows)), tag[: len(rows)]]


def _read_path(path: Ints, packing: Packing, chain: Chain) -> tuple[Ints, Ints, Ints]:
    """Return start, end and type of the entities on a path, reading what is illegal leniently."""
    type_i = chain.type_i[path]
    goes_on = np.zeros(len(path) + 1, dtype=bool)
    goes_on[1:-1] = chain.continues[path[:-1], path[1:]] & ~packing.is_first[1:]
    is_entity = type_i >= 0
    start = np.flatnonzero(is_entity & ~goes_on[:-1])
    end = np.flatnonzero(is_entity & ~goes_on[1:]) + 1
    return start, end, type_i[start]


def _mean_probs(log_probs: Floats, path: Ints, start: Ints, end: Ints) -> Floats:
    """Return the mean probability of a path's tags over each span. Shape: (n_spans,)."""
    chosen = np.exp(np.take_along_axis(log_probs, path[:, None], axis=1)[:, 0].astype(np.float64))
    total = np.concatenate([[0.0], np.cumsum(chosen)])
    mean: Floats = (total[end] - total[start]) / np.maximum(end - start, 1)
    return np.clip(mean, 0.0, 1.0)
