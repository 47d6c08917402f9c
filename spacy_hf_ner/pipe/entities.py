"""Token rows to the entities of each Doc."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from spacy.tokens import Doc

from spacy_hf_ner.core.chain import make_chain
from spacy_hf_ner.core.decoding import decode_all, decode_greedy, decode_viterbi
from spacy_hf_ner.core.labels import TagSet
from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.core.units import UnitRows
from spacy_hf_ner.pipe.annotation import ScoredSpan
from spacy_hf_ner.pipe.calibration import Calibration
from spacy_hf_ner.pipe.component_settings import Decoder, Threshold, check_threshold
from spacy_hf_ner.pipe.segments import cut_segments

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
    chain, entity_types = make_chain(tag_set), tag_set.entity_types
    segments = cut_segments(docs, rows, keep_entities=keep_entities)
    log_probs = segments.rows if calibration is None else calibration.scale_rows(segments.rows)
    least = _read_threshold(threshold, entity_types)
    if overlapping and threshold is not None and decoder == "viterbi":
        raw = (
            least
            if calibration is None
            else np.array([*map(calibration.lower_bound, least, entity_types)])
        )
        decoded = decode_all(
            log_probs, segments.lengths, chain, threshold=np.maximum(raw, MIN_THRESHOLD)
        )
    else:
        decode = decode_viterbi if decoder == "viterbi" else decode_greedy
        decoded = decode(log_probs, segments.lengths, chain)
    scores = decoded.score
    if calibration is not None:
        scores = calibration.spans.apply(scores, [entity_types[i] for i in decoded.type_i])
    wanted = np.flatnonzero(scores >= least[decoded.type_i])
    first, last = decoded.start[wanted], decoded.end[wanted] - 1
    doc_i, starts, ends = segments.doc_i[first], segments.token_i[first], segments.token_i[last] + 1
    columns = (
        column.tolist() for column in (doc_i, starts, ends, decoded.type_i[wanted], scores[wanted])
    )
    found: list[list[ScoredSpan]] = [[] for _ in docs]
    for i, start, end, type_i, score in zip(*columns, strict=True):
        found[i].append(ScoredSpan(TokenSpan(start, end, entity_types[type_i]), score))
    return found


def _read_threshold(threshold: Threshold, entity_types: Sequence[str]) -> npt.NDArray[np.float64]:
    """Return the least score of each entity type. Shape: (n_types,)."""
    check_threshold(threshold, entity_types)
    if isinstance(threshold, Mapping):
        return np.array(
            [threshold.get(entity_type, 0.0) for entity_type in entity_types], dtype=np.float64
        )
    return np.full(len(entity_types), 0.0 if threshold is None else float(threshold))
