"""Rows of tag scores to the entities of each Doc."""

from collections.abc import Mapping, Sequence

import numpy as np
from spacy.tokens import Doc

from spacy_hf_ner.core.arrays import Floats
from spacy_hf_ner.core.chain import make_chain
from spacy_hf_ner.core.decoding import decode_all, decode_greedy, decode_viterbi
from spacy_hf_ner.core.labels import TagSet
from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.core.units import UnitRows
from spacy_hf_ner.pipe.annotation import ScoredSpan
from spacy_hf_ner.pipe.calibration import Calibration
from spacy_hf_ner.pipe.component_settings import Decoder, Threshold, check_threshold
from spacy_hf_ner.pipe.segments import cut_segments

__all__ = ["MIN_THRESHOLD", "find_entities"]

MIN_THRESHOLD = 1e-3  # of overlapping spans: below it nearly every run of tokens would be one


def find_entities(
    docs: Sequence[Doc],
    rows: Sequence[UnitRows],
    tag_set: TagSet,
    *,
    decoder: Decoder,
    threshold: Threshold,
    keep_entities: bool,
    overlapping: bool,
    calibration: Calibration | None = None,
) -> list[list[ScoredSpan]]:
    """Return the entities of each Doc, in order of their start.

    Args:
        docs: At least one Doc.
        rows: What the model says of each Doc.
        tag_set: The tags of the columns.
        decoder: How a tag path is chosen.
        threshold: The least score, or one for each entity type; None for no threshold.
        keep_entities: Whether entities that were set earlier are kept, and worked around.
        overlapping: Give every span that reaches the threshold instead of those on the best path.
        calibration: What scores are passed through.
    """
    entity_types = tag_set.entity_types
    least_score = _read_threshold(threshold, entity_types)
    chain = make_chain(tag_set)
    segments = cut_segments(docs, rows, keep_entities=keep_entities)
    log_probs = segments.rows
    if calibration is not None:
        log_probs = calibration.scale_rows(log_probs)

    if decoder == "greedy":
        decoded = decode_greedy(log_probs, segments.lengths, chain)
    elif overlapping and threshold is not None:
        raw_threshold = _invert(least_score, entity_types, calibration)
        raw_threshold = np.maximum(raw_threshold, MIN_THRESHOLD)
        decoded = decode_all(log_probs, segments.lengths, chain, threshold=raw_threshold)
    else:
        decoded = decode_viterbi(log_probs, segments.lengths, chain)

    scores = decoded.score
    if calibration is not None:
        decoded_types = [entity_types[type_i] for type_i in decoded.type_i]
        scores = calibration.spans.apply(scores, decoded_types)

    # Spans are runs of packed rows. A row knows its token, and white space that was left out lies
    # between rows, so the end is the token after that of the last row.
    wanted = np.flatnonzero(scores >= least_score[decoded.type_i])
    first_row = decoded.start[wanted]
    last_row = decoded.end[wanted] - 1
    columns = (
        segments.doc_i[first_row],
        segments.token_i[first_row],
        segments.token_i[last_row] + 1,
        decoded.type_i[wanted],
        scores[wanted],
    )
    found: list[list[ScoredSpan]] = [[] for _ in docs]
    # As lists, because Python reads numpy's numbers out of an array several times slower.
    as_lists = [column.tolist() for column in columns]
    for doc_i, start, end, type_i, score in zip(*as_lists, strict=True):
        span = TokenSpan(start, end, entity_types[type_i])
        found[doc_i].append(ScoredSpan(span, score))
    return found


def _read_threshold(threshold: Threshold, entity_types: Sequence[str]) -> Floats:
    """Return the least score of each entity type. Shape: (n_types,)."""
    check_threshold(threshold, entity_types)
    if threshold is None:
        return np.zeros(len(entity_types))
    if isinstance(threshold, Mapping):
        by_type = [threshold.get(entity_type, 0.0) for entity_type in entity_types]
        return np.array(by_type, dtype=np.float64)
    return np.full(len(entity_types), float(threshold))


def _invert(scores: Floats, entity_types: Sequence[str], calibration: Calibration | None) -> Floats:
    """Return raw scores low enough to keep all spans whose calibrated scores reach these.

    Shape: (n_types,), as that of ``scores``: one for each entity type.
    """
    if calibration is None:
        return scores
    raw = [*map(calibration.invert, scores, entity_types)]
    return np.array(raw, dtype=np.float64)
