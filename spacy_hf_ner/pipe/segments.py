"""What a Doc already knows, as the segments that its units are decoded in.

No entity crosses a sentence start, a blank line, an entity that was set earlier, or a blocked
token; so the units between them are decoded by themselves. Tokens of which nothing is known (white
space, or no subword) are left out, and lie inside an entity if both neighbours do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from spacy.attrs import ENT_IOB, ENT_TYPE, IS_SPACE, SENT_START
from spacy.tokens import Doc

from spacy_hf_ner.core.arrays import Bools, Floats, Ints, find_starts
from spacy_hf_ner.core.units import UnitRows

__all__ = ["Segments", "cut_segments", "find_kept_tokens"]

_ATTRIBUTES = [SENT_START, IS_SPACE, ENT_IOB, ENT_TYPE]
_BLANK_LINE = 2  # line ends in a token of white space
_IOB_BEGIN = 3  # spaCy's code; without an entity type it blocks the token


@dataclass(frozen=True, slots=True)
class Segments:
    """The units of a batch of Docs that are to be decoded, packed.

    Attributes:
        rows: Log-probabilities. Shape: (n_rows, n_tags).
        doc_i: The Doc of each row. Shape: (n_rows,).
        token_i: The token of each row in its Doc. Shape: (n_rows,).
        unit_i: The unit of each row, counted over all Docs. Shape: (n_rows,).
        lengths: The rows of each segment, none in some of them. Shape: (n_segments,).
    """

    rows: Floats
    doc_i: Ints
    token_i: Ints
    unit_i: Ints
    lengths: Ints

    @property
    def splits_tokens(self) -> bool:
        """Whether some token has several rows."""
        is_same_token = self.token_i[1:] == self.token_i[:-1]
        is_same_doc = self.doc_i[1:] == self.doc_i[:-1]
        return bool((is_same_token & is_same_doc).any())


def cut_segments(
    docs: Sequence[Doc], predicted: Sequence[UnitRows], *, keep_entities: bool
) -> Segments:
    """Return the segments of a batch.

    A segment begins at each break, and breaks are counted over the tokens of all Docs. A token
    that is kept is a break itself, and no unit of it is decoded, so it parts its neighbours::

        tokens      Ann  met  ␣␣  Bob  in   Rome  .    |  Tim
        kept                                yes        |
        is_break    1    0    0   0    0    1     0    |  1
        segment     0    0    0   0    0    1     1    |  2
        units       0    1        2    3    -     4    |  5
        lengths     4 (Ann met Bob in), 1 (.), 1 (Tim)

    Args:
        docs: At least one Doc.
        predicted: What the model says of each.
        keep_entities: Whether entities that were set earlier, and blocked tokens, are kept.
    """
    n_tokens = np.array([len(doc) for doc in docs], dtype=np.int64)
    n_units = np.array([len(unit_rows.rows) for unit_rows in predicted], dtype=np.int64)
    token_starts = find_starts(n_tokens)
    by_doc = [doc.to_array(_ATTRIBUTES).reshape(-1, len(_ATTRIBUTES)) for doc in docs]
    sent_start, is_space, iob, entity_type = np.concatenate(by_doc).T

    is_break: Bools = sent_start == 1
    # Not every Doc says that its first token starts a sentence: span.as_doc() may be half of one.
    is_break[token_starts[n_tokens > 0]] = True
    space_i = np.flatnonzero(is_space)
    is_break[_find_blank_lines(docs, space_i, token_starts)] = True
    is_kept: Bools = np.zeros(len(is_break), dtype=bool)
    if keep_entities:
        is_kept = _is_kept(iob, entity_type)
        is_break |= is_kept
    segment_of_token = np.cumsum(is_break) - 1

    doc_i = np.repeat(np.arange(len(docs)), n_units)
    token_i = np.concatenate([unit_rows.units.token_i for unit_rows in predicted])
    rows = np.concatenate([unit_rows.rows for unit_rows in predicted])
    packed_token = token_starts[doc_i] + token_i
    decoded = np.flatnonzero(~np.isnan(rows[:, 0]) & ~is_kept[packed_token])
    return Segments(
        rows=rows[decoded].astype(np.float64),
        doc_i=doc_i[decoded],
        token_i=token_i[decoded],
        unit_i=decoded,
        lengths=np.bincount(segment_of_token[packed_token[decoded]]),
    )


def find_kept_tokens(doc: Doc) -> Bools:
    """Return which tokens are in an entity, or blocked: spaCy's own NER leaves them alone, too.

    Shape: (n_tokens,).
    """
    iob, entity_type = doc.to_array([ENT_IOB, ENT_TYPE]).reshape(-1, 2).T
    return _is_kept(iob, entity_type)


def _find_blank_lines(docs: Sequence[Doc], space_i: Ints, token_starts: Ints) -> Ints:
    """Return which tokens of white space hold a blank line.

    Args:
        docs: The Docs.
        space_i: The tokens of white space, counted over all Docs. Shape: (n_space,).
        token_starts: Where the tokens of each Doc begin. Shape: (n_docs,).
    """
    # Of Docs that begin at the same token, all but the last are empty: "right" finds the last.
    doc_of_space = np.searchsorted(token_starts, space_i, side="right") - 1
    token_of_space = space_i - token_starts[doc_of_space]
    blank_lines: list[int] = []
    for i, doc_i, token_i in zip(space_i, doc_of_space, token_of_space, strict=True):
        if docs[doc_i][int(token_i)].text.count("\n") >= _BLANK_LINE:
            blank_lines.append(i)
    return np.array(blank_lines, dtype=np.int64)


def _is_kept(iob: npt.NDArray[Any], entity_type: npt.NDArray[Any]) -> Bools:
    """Return which tokens are in an entity or blocked. Shape: (n_tokens,)."""
    kept: Bools = (entity_type != 0) | (iob == _IOB_BEGIN)
    return kept
