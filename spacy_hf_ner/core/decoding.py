"""Token scores to entities: greedy, or the best legal path (Viterbi); many segments at once.

Source: Rabiner (1989), https://doi.org/10.1109/5.18626, equations 32-35.
"""

from collections.abc import Iterator

import numpy as np

from spacy_hf_ner.core.arrays import Bools, Floats, Ints, find_starts, gather_ranges, no_ints
from spacy_hf_ner.core.chain import Chain, Packing, pack
from spacy_hf_ner.core.posteriors import Decoded, find_marginals, join_decoded
from spacy_hf_ner.core.scan import BEST, cut_into_pieces, scan_forward

__all__ = ["Decoded", "decode_all", "decode_greedy", "decode_viterbi", "find_best_path"]

# Of the segments that are scored together: posteriors take ten times the memory of their rows.
BLOCK_ROWS = 16_384


def decode_greedy(log_probs: Floats, lengths: Ints, chain: Chain) -> Decoded:
    """Return the entities of each token's best tag, read leniently.

    A score is the mean probability of the entity's tags.

    Args:
        log_probs: Packed rows. Shape: (n_rows, K).
        lengths: Rows of each segment. Shape: (n_segments,).
        chain: What the tag set allows.

    >>> from spacy_hf_ner.core.chain import make_chain
    >>> from spacy_hf_ner.core.labels import read_labels
    >>> chain = make_chain(read_labels(["O", "B-X", "I-X"], scheme="IOB2"))
    >>> log_probs = np.log([[0.1, 0.7, 0.2], [0.2, 0.3, 0.5]])
    >>> decode_greedy(log_probs, np.array([2]), chain).score
    array([0.6])
    """
    packing = pack(lengths)
    path = _find_best_tags(log_probs)
    start, end, type_i = _read_path(path, packing, chain)
    return Decoded(start, end, type_i, _mean_probs(log_probs, path, start, end))


def decode_viterbi(log_probs: Floats, lengths: Ints, chain: Chain) -> Decoded:
    """Return the entities of the best legal path; a score is the exact posterior of span and type.

    A segment for which the tag set has no legal path at all (an IOBES checkpoint without "S" labels
    and without "O", say) is decoded greedily. For the arguments see :func:`decode_greedy`.

    >>> from spacy_hf_ner.core.chain import make_chain
    >>> from spacy_hf_ner.core.labels import read_labels
    >>> chain = make_chain(read_labels(["O", "B-X", "I-X"], scheme="IOB2"))
    >>> log_probs = np.log([[0.4, 0.5, 0.1], [0.2, 0.2, 0.6]])
    >>> decoded = decode_viterbi(log_probs, np.array([2]), chain)
    >>> decoded.start, decoded.end, decoded.score.round(3)
    (array([0]), array([2]), array([0.455]))
    """
    packing = pack(lengths)
    path = find_best_path(log_probs, packing, chain)
    start, end, type_i = _read_path(path, packing, chain)
    score, has_path = _score_spans(log_probs, lengths, chain, start, end, type_i)
    stuck = ~has_path
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

    >>> from spacy_hf_ner.core.chain import make_chain
    >>> from spacy_hf_ner.core.labels import read_labels
    >>> chain = make_chain(read_labels(["O", "B-X", "I-X"], scheme="IOB2"))
    >>> log_probs = np.log([[0.4, 0.5, 0.1], [0.2, 0.2, 0.6]])
    >>> decode_all(log_probs, np.array([2]), chain, threshold=np.array([0.28])).end
    array([1, 2])
    """
    all_segments = np.arange(len(lengths))
    parts: list[Decoded] = []
    for rows, packing in _cut_blocks(lengths, all_segments):
        found = find_marginals(log_probs[rows], packing, chain).find_spans(threshold)
        # Rows of a block are counted anew: back to those of all segments.
        start = rows[found.start]
        end = rows[found.end - 1] + 1
        parts.append(Decoded(start, end, found.type_i, found.score))
    return join_decoded(parts)


def _score_spans(
    log_probs: Floats, lengths: Ints, chain: Chain, start: Ints, end: Ints, type_i: Ints
) -> tuple[Floats, Bools]:
    """Return the posterior of each span, given in order, and whether its segment has a legal path.

    Segments without spans are not looked at. Shape of each result: (n_spans,).
    """
    score = np.zeros(len(start))
    has_path = np.zeros(len(start), dtype=bool)
    segment_end = np.cumsum(lengths)
    segments = np.unique(np.searchsorted(segment_end, start, side="right"))
    for rows, packing in _cut_blocks(lengths, segments):
        # Spans are in order of their rows, so those of a block are neighbours.
        first_span, end_span = np.searchsorted(start, [rows[0], rows[-1] + 1])
        in_block = slice(first_span, end_span)
        block_start = np.searchsorted(rows, start[in_block])
        block_end = block_start + (end - start)[in_block]
        marginals = find_marginals(log_probs[rows], packing, chain)
        score[in_block] = marginals.score_spans(block_start, block_end, type_i[in_block])
        has_path[in_block] = marginals.has_path(block_start)
    return score, has_path


def _cut_blocks(lengths: Ints, segments: Ints) -> Iterator[tuple[Ints, Packing]]:
    """Give the rows of some segments, a block at a time, and where the segments lie in it.

    ::

        segment 0: 0 1 2 | segment 1: 3 4 | segment 2: 5 6 7     block (0, 2) -> 0 1 2 5 6 7

    Args:
        lengths: Rows of each segment. Shape: (n_segments,).
        segments: Which of them, in order.
    """
    segment_start = find_starts(lengths)
    block_i = np.cumsum(lengths[segments]) // BLOCK_ROWS
    borders = np.flatnonzero(np.diff(block_i)) + 1
    for block in np.split(segments, borders):
        rows = gather_ranges(segment_start[block], lengths[block])
        if len(rows):
            yield rows, pack(lengths[block])


def find_best_path(log_probs: Floats, packing: Packing, chain: Chain) -> Ints:
    """Return the column of each row on the best legal path of its segment.

    Where there is none, that of the best tag. Shape: (n_rows,).
    """
    path = _find_best_tags(log_probs)
    # The best tag of every token is the best path where it happens to be legal, which is nearly
    # everywhere, unless the chain prefers some legal paths to others.
    is_best = np.zeros(len(packing.first), dtype=bool)
    if not chain.prefers:
        is_best = _is_legal(path, packing, chain)
    if not is_best.all():
        _run_viterbi(path, log_probs, packing.only(~is_best), chain)
    return path


def _find_best_tags(log_probs: Floats) -> Ints:
    """Return the column of the best tag of each row. Shape: (n_rows,)."""
    if len(log_probs) == 0:
        return no_ints()
    best: Ints = log_probs.argmax(axis=1)
    return best


def _is_legal(path: Ints, packing: Packing, chain: Chain) -> Bools:
    """Tell which segments a path is legal in. Shape: (n_segments,)."""
    if len(path) == 0:
        return np.ones(len(packing.first), dtype=bool)
    is_ok = np.where(packing.is_first, chain.can_start[path], True)
    is_ok &= np.where(packing.is_last, chain.can_end[path], True)
    is_ok[1:] &= packing.is_first[1:] | chain.legal[path[:-1], path[1:]]
    # The number of good rows before each row; a segment is legal if all of its rows are good.
    n_ok_before = np.concatenate([[0], np.cumsum(is_ok)])
    n_ok = n_ok_before[packing.last + 1] - n_ok_before[packing.first]
    is_legal: Bools = n_ok == packing.length
    return is_legal


def _run_viterbi(path: Ints, log_probs: Floats, packing: Packing, chain: Chain) -> None:
    """Overwrite the rows of some segments in a path by the best legal one, where there is one."""
    pieces = cut_into_pieces(log_probs, packing, chain, BEST)
    forward = scan_forward(log_probs, pieces, chain, BEST)
    to_tag = chain.log_transition.T  # [k, j] = log score of k after j

    score = forward[pieces.packing.last] + pieces.log_after
    has_path = score.max(axis=1) > -np.inf
    tag = score.argmax(axis=1)
    # Back from the last rows: of the tags before, the one from which the path came. Segments come
    # longest first, so those that have a row at place t are the first ones:
    #   segment 0   a b c d
    #   segment 1   e f            t = 1: rows b, f; n_running = 2     t = 3: row d; n_running = 1
    for t, rows in reversed(list(pieces.packing.steps())):
        n_running = len(rows)
        kept = has_path[:n_running]
        path[rows[kept]] = tag[:n_running][kept]
        if t > 0:
            came_from = forward[rows - 1] + to_tag[tag[:n_running]]
            tag[:n_running] = came_from.argmax(axis=1)


def _read_path(path: Ints, packing: Packing, chain: Chain) -> tuple[Ints, Ints, Ints]:
    """Return start, end and type of the entities on a path, reading what is illegal leniently."""
    type_i = chain.type_i[path]
    # goes_on[i]: row i continues the entity of row i - 1; nothing goes on at both ends.
    goes_on = np.zeros(len(path) + 1, dtype=bool)
    goes_on[1:-1] = chain.continues[path[:-1], path[1:]] & ~packing.is_first[1:]
    is_entity = type_i >= 0
    start = np.flatnonzero(is_entity & ~goes_on[:-1])
    end = np.flatnonzero(is_entity & ~goes_on[1:]) + 1
    return start, end, type_i[start]


def _mean_probs(log_probs: Floats, path: Ints, start: Ints, end: Ints) -> Floats:
    """Return the mean probability of a path's tags over each span. Shape: (n_spans,)."""
    chosen = np.take_along_axis(log_probs, path[:, None], axis=1)[:, 0]
    probs = np.exp(chosen.astype(np.float64))
    total_before = np.concatenate([[0.0], np.cumsum(probs)])
    mean: Floats = (total_before[end] - total_before[start]) / np.maximum(end - start, 1)
    return np.clip(mean, 0.0, 1.0)
