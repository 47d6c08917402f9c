"""The units of a Doc: what gets a row of tag scores."""

from collections.abc import Sequence

import numpy as np
from spacy.attrs import IDX, IS_SPACE, LENGTH
from spacy.tokens import Doc

from spacy_hf_ner.core.alignment import Units
from spacy_hf_ner.core.arrays import Ints

__all__ = ["find_units", "pack_units"]


def find_units(doc: Doc) -> Units:
    """Return the units of a Doc: its tokens, except those that are white space or empty."""
    attributes = doc.to_array([IDX, LENGTH, IS_SPACE]).reshape(-1, 3).astype(np.int64)
    start_char, n_chars, is_space = attributes.T
    token_i = np.flatnonzero((is_space == 0) & (n_chars > 0))
    unit_start = start_char[token_i]
    return Units(token_i, unit_start, unit_start + n_chars[token_i])


def pack_units(units: Sequence[Units], *, token_starts: Ints, char_starts: Ints) -> Units:
    """Return the units of several texts as those of one text, in which they follow each other.

    ::

        texts         Angela met    Tim
        token_i       0      1      0      ->  0  1  2
        start_char    0      7      0      ->  0  7  12     with char_starts 0, 12

    Args:
        units: The units of each text, of which there is at least one.
        token_starts: Where the tokens of each text begin in the one text. Shape: (n_texts,).
        char_starts: Where its characters do. Shape: (n_texts,).
    """
    n_units = np.array([len(text) for text in units], dtype=np.int64)
    token_shift = np.repeat(token_starts, n_units)
    char_shift = np.repeat(char_starts, n_units)
    return Units(
        token_i=np.concatenate([text.token_i for text in units]) + token_shift,
        start_char=np.concatenate([text.start_char for text in units]) + char_shift,
        end_char=np.concatenate([text.end_char for text in units]) + char_shift,
    )
