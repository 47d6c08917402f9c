"""The units of Docs: what gets a row of tag scores."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from spacy.attrs import IDX, IS_SPACE, LENGTH
from spacy.tokens import Doc

from spacy_hf_ner.core.alignment import Parts, Units
from spacy_hf_ner.core.arrays import Ints, find_starts

__all__ = ["PackedUnits", "find_units", "pack_units"]

_ATTRIBUTES = [IDX, LENGTH, IS_SPACE]
# Characters between two texts: the space that may follow the last token of the first, and one
# more, so that what ends one text never touches what begins the next.
_GAP = 2


@dataclass(frozen=True, slots=True)
class PackedUnits:
    """The units of several Docs, which are thought of as one text.

    Attributes:
        packed: The units of the one text.
        by_doc: The units of each Doc, in its own tokens and characters.
        unit_starts: The first unit of each Doc in ``packed``. Shape: (n_docs,).
        char_starts: The first character of each Doc in the one text. Shape: (n_docs,).
    """

    packed: Units
    by_doc: list[Units]
    unit_starts: Ints
    char_starts: Ints

    def split(self, parts: Parts) -> "PackedUnits":
        """Return the parts that these units were split into.

        Args:
            parts: The parts of ``packed``.
        """
        bounds = np.searchsorted(parts.whole, np.append(self.unit_starts, len(self.packed)))
        char_shift = np.repeat(self.char_starts, np.diff(bounds))
        token_in_doc = np.concatenate([units.token_i for units in self.by_doc])
        in_docs = Units(
            token_i=token_in_doc[parts.whole],
            start_char=parts.units.start_char - char_shift,
            end_char=parts.units.end_char - char_shift,
        )
        return PackedUnits(parts.units, _split(in_docs, bounds), bounds[:-1], self.char_starts)


def find_units(doc: Doc) -> Units:
    """Return the units of a Doc: its tokens, except those that are white space or empty."""
    return pack_units([doc]).packed


def pack_units(docs: Sequence[Doc]) -> PackedUnits:
    """Return the units of several Docs, of which there is at least one.

    All are found in one pass, because numpy's price for a call is that of a short Doc::

        Docs          Angela met    Tim
        token_i       0      1      0      ->  0  1  2
        start_char    0      7      0      ->  0  7  12     (char_starts 0, 12)
    """
    n_tokens = np.array([len(doc) for doc in docs], dtype=np.int64)
    token_starts = find_starts(n_tokens)
    by_doc = [doc.to_array(_ATTRIBUTES).reshape(-1, len(_ATTRIBUTES)) for doc in docs]
    start_char, n_chars, is_space = np.concatenate(by_doc).astype(np.int64).T

    token_i = np.flatnonzero((is_space == 0) & (n_chars > 0))
    unit_start = start_char[token_i]
    unit_end = unit_start + n_chars[token_i]
    bounds = np.searchsorted(token_i, np.append(token_starts, n_tokens.sum()))
    n_units = np.diff(bounds)

    text_lengths = np.zeros(len(docs), dtype=np.int64)
    has_tokens = n_tokens > 0
    last_token = (token_starts + n_tokens - 1)[has_tokens]
    text_lengths[has_tokens] = start_char[last_token] + n_chars[last_token]
    char_starts = find_starts(text_lengths + _GAP)
    char_shift = np.repeat(char_starts, n_units)

    token_in_doc = token_i - np.repeat(token_starts, n_units)
    return PackedUnits(
        packed=Units(token_i, unit_start + char_shift, unit_end + char_shift),
        by_doc=_split(Units(token_in_doc, unit_start, unit_end), bounds),
        unit_starts=bounds[:-1],
        char_starts=char_starts,
    )


def _split(units: Units, bounds: Ints) -> list[Units]:
    """Return the units between each bound and the next. Shape of ``bounds``: (n_docs + 1,)."""
    by_doc: list[Units] = []
    start = 0
    for end in bounds[1:].tolist():
        doc_units = Units(
            token_i=units.token_i[start:end],
            start_char=units.start_char[start:end],
            end_char=units.end_char[start:end],
        )
        by_doc.append(doc_units)
        start = end
    return by_doc
