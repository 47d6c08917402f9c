"""What a Doc already knows, as the segments that its tokens are decoded in.

No entity crosses a sentence start, a blank line, an entity that was set earlier, or a blocked token; so the tokens
between them are decoded by themselves. Tokens that nothing is known of (white space, no subword) are left out, and lie
inside an entity if both neighbours do.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from spacy.attrs import ENT_IOB, ENT_TYPE, IS_SPACE, SENT_START
from spacy.tokens import Doc

from spacy_hf_ner.core.arrays import Bools, Floats32, Ints

_ATTRIBUTES = [SENT_START, IS_SPACE, ENT_IOB, ENT_TYPE]
_BLANK_LINE = 2  # line ends in a token of white space
_IOB_BEGIN = 3


@dataclass(frozen=True, slots=True)
class Segments:
    """The tokens of a batch of Docs that are to be decoded, packed.

    Attributes:
        rows: Log-probabilities. Shape: (n_rows, n_tags).
        doc_i: The Doc of each row. Shape: (n_rows,).
        token_i: The token of each row in its Doc. Shape: (n_rows,).
        lengths: Floats32 of each segment. Shape: (n_segments,).
    """

    rows: npt.NDArray[np.float64]
    doc_i: Ints
    token_i: Ints
    lengths: Ints


def cut_segments(docs: Sequence[Doc], rows: Sequence[Floats32], *, keep_entities: bool) -> Segments:
    """Return the segments of a batch.

    Args:
        docs: At least one Doc.
        rows: Each Doc's rows. Shape of each: (n_tokens, n_tags).
        keep_entities: Whether entities that were set earlier, and blocked tokens, are kept.
    """
    n_tokens = np.array([len(doc) for doc in docs], dtype=np.int64)
    first_token = np.cumsum(n_tokens) - n_tokens
    packed = np.concatenate(rows)
    known = ~np.isnan(packed[:, 0])
    attributes = np.concatenate(
        [doc.to_array(_ATTRIBUTES).reshape(-1, len(_ATTRIBUTES)) for doc in docs]
    )
    starts_sentence, is_space, iob, entity_type = attributes.T
    is_break = starts_sentence == 1
    is_break[first_token[n_tokens > 0]] = (
        True  # not every Doc says so: span.as_doc() may begin within a sentence
    )
    for i in np.flatnonzero(is_space):
        d = int(np.searchsorted(first_token, i, side="right")) - 1
        is_break[i] |= docs[d][int(i - first_token[d])].text.count("\n") >= _BLANK_LINE
    if keep_entities:
        kept = _is_kept(iob, entity_type)
        known &= ~kept
        is_break |= kept
    row_i = np.flatnonzero(known)
    doc_i = np.repeat(np.arange(len(docs)), n_tokens)[row_i]
    return Segments(
        rows=packed[row_i].astype(np.float64),
        doc_i=doc_i,
        token_i=row_i - first_token[doc_i],
        lengths=np.bincount(np.cumsum(is_break)[row_i]),
    )


def find_kept_tokens(doc: Doc) -> Bools:
    """Return which tokens are in an entity, or blocked, as spaCy's own NER leaves alone. Shape: (n_tokens,)."""
    return _is_kept(*doc.to_array([ENT_IOB, ENT_TYPE]).reshape(-1, 2).T)


def _is_kept(iob: npt.NDArray[np.uint64], entity_type: npt.NDArray[np.uint64]) -> Bools:
    kept: Bools = (entity_type != 0) | (iob == _IOB_BEGIN)
    return kept
