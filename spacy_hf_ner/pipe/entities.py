"""Token rows to the entities of each Doc."""

from collections.abc import Mapping, Sequence

import numpy as np
from spacy.tokens import Doc

from spacy_hf_ner.core.arrays import Floats, Ints
from spacy_hf_ner.core.chain import Chain, TransitionScores, make_chain
from spacy_hf_ner.core.decoding import decode_all, decode_greedy, decode_viterbi
from spacy_hf_ner.core.labels import TagSet
from spacy_hf_ner.core.posteriors import Decoded
from spacy_hf_ner.core.schemes import Tag
from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.core.thresholds import get_lowest_score
from spacy_hf_ner.core.units import UnitRows
from spacy_hf_ner.pipe.annotation import ScoredSpan
from spacy_hf_ner.pipe.calibration import Calibration
from spacy_hf_ner.pipe.component_settings import (
    Bias,
    Decoder,
    Threshold,
    check_bias,
    check_threshold,
)
from spacy_hf_ner.pipe.segments import Segments, cut_segments

__all__ = ["MIN_THRESHOLD", "find_entities", "make_biased_chain"]

MIN_THRESHOLD = 1e-3  # of overlapping spans: below it nearly any run of tokens would be one


def find_entities(
    docs: Sequence[Doc],
    rows: Sequence[UnitRows],
    tag_set: TagSet,
    *,
    decoder: Decoder,
    threshold: Threshold,
    keep_entities: bool,
    overlapping: bool,
    bias: Bias = 0.0,
    transition_scores: TransitionScores | None = None,
    calibration: Calibration | None = None,
) -> list[list[ScoredSpan]]:
    """Return the entities of each Doc, in order of their start.

    Args:
        docs: At least one Doc.
        rows: Log-probabilities of the tags of each Doc's units.
        tag_set: The tags of the columns.
        decoder: How a tag path is chosen.
        threshold: The lowest score, or a table of them per entity type; None for no threshold.
        keep_entities: Find entities only between those that were set earlier.
        overlapping: Return all spans that reach the threshold, not only those on the best path. It
            counts where there is a threshold, with the decoder ``"viterbi"``.
        bias: What is added to the log score of each entity, or a table per entity type.
        transition_scores: What the checkpoint adds to transitions.
        calibration: What scores are passed through; None for raw scores.
    """
    entity_types = tag_set.entity_types
    lowest_scores = _read_threshold(threshold, entity_types)
    check_bias(bias, entity_types, decoder=decoder)
    chain = make_biased_chain(tag_set, bias, transition_scores)
    segments = cut_segments(docs, rows, keep_entities=keep_entities)
    log_probs = segments.rows
    if calibration is not None:
        log_probs = calibration.scale_rows(log_probs)
        chain = chain.at_temperature(calibration.temperature)

    if keep_entities:
        log_probs = _fold_touching(log_probs, segments, tag_set, docs)

    if decoder == "greedy":
        decoded = decode_greedy(log_probs, segments.lengths, chain)
    elif overlapping and threshold is not None:
        raw_threshold = _find_raw_threshold(lowest_scores, entity_types, calibration)
        decoded = decode_all(log_probs, segments.lengths, chain, threshold=raw_threshold)
    else:
        decoded = decode_viterbi(log_probs, segments.lengths, chain)

    scores = decoded.score
    if calibration is not None:
        scores = calibration.spans.apply(scores, [entity_types[i] for i in decoded.type_i])
    wanted = np.flatnonzero(scores >= lowest_scores[decoded.type_i])
    if segments.splits_tokens:
        return _place_on_parts(decoded, scores, wanted, segments, rows, entity_types)
    return _place_spans(decoded, scores, wanted, segments, entity_types, n_docs=len(docs))


def make_biased_chain(
    tag_set: TagSet, bias: Bias, transition_scores: TransitionScores | None = None
) -> Chain:
    """Return the chain that spans are decoded, and scored, with.

    Args:
        tag_set: The tags of the columns.
        bias: What is added to the log score of each entity, or a table per entity type; types that
            it does not name have none.
        transition_scores: What the checkpoint adds to transitions.
    """
    by_type: list[float] = []
    for entity_type in tag_set.entity_types:
        of_type = bias.get(entity_type, 0.0) if isinstance(bias, Mapping) else bias
        by_type.append(float(of_type))
    return make_chain(tag_set, transition_scores or TransitionScores(), tuple(by_type))


def _fold_touching(
    log_probs: Floats, segments: Segments, tag_set: TagSet, docs: Sequence[Doc]
) -> Floats:
    """Return rows whose entities may touch those that were set earlier, of whatever type.

    IOB1 marks an entity that comes right after one of its type. A segment knows nothing of what is
    before it, so there the mark is none, and counts for the plain tag; IOE1 is its mirror image::

        Rome (set earlier)   Paris        Paris
        B-LOC                0.7          (not allowed)
        I-LOC                0.2          0.9
    """
    scheme = tag_set.scheme
    lengths = segments.lengths[segments.lengths > 0]
    ends = np.cumsum(lengths)
    folds: list[tuple[Ints, int, str]] = []
    if not scheme.can_start(scheme.touching):
        folds.append((ends - lengths, -1, scheme.touching))
    if scheme.touched:
        folds.append((ends - 1, 1, scheme.touched))
    if not folds:
        return log_probs

    folded = log_probs.copy()
    for rows, neighbour, mark in folds:
        beside_entity = [row for row in rows if _is_entity_beside(row, neighbour, segments, docs)]
        for entity_type in tag_set.entity_types:
            marked = tag_set.columns.get(Tag(mark, entity_type))
            plain = tag_set.columns.get(Tag(scheme.single, entity_type))
            if marked is None or plain is None:
                continue
            both = np.logaddexp(folded[beside_entity, plain], folded[beside_entity, marked])
            folded[beside_entity, plain] = both
    return folded


def _is_entity_beside(row: int, neighbour: int, segments: Segments, docs: Sequence[Doc]) -> bool:
    """Tell whether the token before a row (-1) or after it (1) is in an entity."""
    doc = docs[segments.doc_i[row]]
    token_i = int(segments.token_i[row]) + neighbour
    return 0 <= token_i < len(doc) and bool(doc[token_i].ent_type)


def _place_spans(
    decoded: Decoded,
    scores: Floats,
    wanted: Ints,
    segments: Segments,
    entity_types: Sequence[str],
    *,
    n_docs: int,
) -> list[list[ScoredSpan]]:
    """Return the wanted spans of each Doc, with token indices in place of rows."""
    # Decoded spans count rows of segments, one segment after the other. A segment is a run of a
    # Doc's units, so the tokens of a span are those of its first and last row and all between.
    first_row = decoded.start[wanted]
    last_row = decoded.end[wanted] - 1
    found: list[list[ScoredSpan]] = [[] for _ in range(n_docs)]
    for doc_i, start, end, type_i, score in zip(
        segments.doc_i[first_row].tolist(),
        segments.token_i[first_row].tolist(),
        (segments.token_i[last_row] + 1).tolist(),
        decoded.type_i[wanted].tolist(),
        scores[wanted].tolist(),
        strict=True,
    ):
        found[doc_i].append(ScoredSpan(TokenSpan(start, end, entity_types[type_i]), score))
    return found


def _place_on_parts(
    decoded: Decoded,
    scores: Floats,
    wanted: Ints,
    segments: Segments,
    rows: Sequence[UnitRows],
    entity_types: Sequence[str],
) -> list[list[ScoredSpan]]:
    """Return the wanted spans of each Doc, decoded on parts of tokens, with their characters."""
    wanted = _put_in_order_of_tokens(decoded, scores, wanted, segments)
    placed = _place_spans(decoded, scores, wanted, segments, entity_types, n_docs=len(rows))
    start_char = np.concatenate([unit_rows.units.start_char for unit_rows in rows])
    end_char = np.concatenate([unit_rows.units.end_char for unit_rows in rows])
    first_unit = segments.unit_i[decoded.start[wanted]]
    last_unit = segments.unit_i[decoded.end[wanted] - 1]
    # In order of their Docs, as they were placed.
    char_offsets = zip(start_char[first_unit].tolist(), end_char[last_unit].tolist(), strict=True)
    found: list[list[ScoredSpan]] = []
    for in_doc in placed:
        found.append([span._replace(char_offsets=next(char_offsets)) for span in in_doc])
    return found


def _put_in_order_of_tokens(
    decoded: Decoded, scores: Floats, wanted: Ints, segments: Segments
) -> Ints:
    """Return the wanted spans in order of their first and last token, the likeliest first.

    Spans on parts of tokens may have the same tokens, or overlap there::

        token        [ Anna/Berlin   ]
        units        [Anna][/][Berlin]
        decoded      [PER ]   [LOC   ]       both are on the one token
    """
    first_row = decoded.start[wanted]
    last_row = decoded.end[wanted] - 1
    in_order = np.lexsort(
        (
            -scores[wanted],
            segments.token_i[last_row],
            segments.token_i[first_row],
            segments.doc_i[first_row],
        )
    )
    return wanted[in_order]


def _read_threshold(threshold: Threshold, entity_types: Sequence[str]) -> Floats:
    """Return the lowest score of each entity type. Shape: (n_types,)."""
    check_threshold(threshold, entity_types)
    lowest_scores = [get_lowest_score(threshold, entity_type) for entity_type in entity_types]
    return np.array(lowest_scores, dtype=np.float64)


def _find_raw_threshold(
    lowest_scores: Floats, entity_types: Sequence[str], calibration: Calibration | None
) -> Floats:
    """Return a raw score for each entity type below which no span need be decoded.

    Shape: (n_types,).
    """
    bounds = lowest_scores
    if calibration is not None:
        bounds = np.zeros_like(lowest_scores)
        for type_i, entity_type in enumerate(entity_types):
            bounds[type_i] = calibration.lower_bound(float(lowest_scores[type_i]), entity_type)
    raw_threshold: Floats = np.maximum(bounds, MIN_THRESHOLD)
    return raw_threshold
