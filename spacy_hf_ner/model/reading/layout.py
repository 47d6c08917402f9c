"""Docs to what the network reads: packed subwords, their alignment with units, and windows.

The Docs of a batch are thought of as one long text, so that all are aligned in one go::

    Docs            "Angela met"     ""   "Tim"
    one text        Angela met··     ··   Tim··         (·· keeps neighbours apart)
    char_starts     0                12   14
    subwords        [An][gela][met]       [Tim]
    subword_starts  0                3    3

Inside of a Layout, subwords and the alignment are those of the one text. The units are each
Doc's own: its tokens, or, where the labels of a checkpoint run over subwords, parts of tokens with
one subword each; or both, as some tokens are split and the others are not.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
from spacy.attrs import SENT_START
from spacy.tokens import Doc

from spacy_hf_ner.core.alignment import Alignment, Units, align_subwords, split_at_subwords
from spacy_hf_ner.core.arrays import Bools, Floats32, Ints, find_starts
from spacy_hf_ner.core.units import UnitRows
from spacy_hf_ner.core.windows import Window, plan_sentence_windows, plan_windows
from spacy_hf_ner.model.reading.encoding import Encoding
from spacy_hf_ner.model.reading.units import PackedUnits, pack_units

__all__ = [
    "SHORTEST_MIXED_WINDOW",
    "LabelUnit",
    "Layout",
    "MixedReading",
    "Reading",
    "TextStarts",
    "find_sentence_starts",
    "lay_out",
]

SHORTEST_MIXED_WINDOW = 16
"""Subwords in the shortest window that training reads of a long text."""

LabelUnit = Literal["token", "subword", "part"]
"""What the labels of a checkpoint run over, and so what has a row of tag scores.

``"part"``: tokens, but of a token that an entity cuts, its subwords.
"""


@dataclass(frozen=True, slots=True)
class TextStarts:
    """Where a text may be cut.

    Attributes:
        tokens: The first subword of each token that has one. Shape: (n_starts,).
        sentences: The first subword of each sentence but the first. Shape: (n_sentences - 1,).
    """

    tokens: Ints
    sentences: Ints


@dataclass(frozen=True, slots=True)
class Reading:
    """How texts are cut into windows.

    Attributes:
        window: The most subwords in a window.
        overlap: Subwords that neighbouring windows share where no sentence ends between them.
        by_sentence: Each sentence is read by itself.
    """

    window: int
    overlap: int
    by_sentence: bool = False

    def plan(self, n_subwords: int, find_text_starts: Callable[[], TextStarts]) -> list[Window]:
        """Return the windows of a text.

        Args:
            n_subwords: The subwords of the text.
            find_text_starts: Says where it may be cut; called only if it must be cut.
        """
        if n_subwords == 0:
            return []
        if n_subwords <= self.window and not self.by_sentence:
            return [Window(0, n_subwords, 0, n_subwords)]
        plan = plan_sentence_windows if self.by_sentence else plan_windows
        text_starts = find_text_starts()
        return plan(
            n_subwords,
            window=self.window,
            overlap=self.overlap,
            token_starts=text_starts.tokens,
            sentence_starts=text_starts.sentences,
        )


@dataclass(frozen=True, slots=True)
class MixedReading:
    """How texts are cut in training: short ones not at all, long ones in windows of mixed lengths.

    A model that reads only one length in training is worse at every other. Windows of mixed lengths
    do not overlap, as nothing would be learned twice from the same context. Where each sentence is
    read by itself, texts are cut as in prediction: only a sentence longer than the window overlaps.

    Attributes:
        reading: How the model reads when it predicts.
        longest: The most subwords that it can read.
    """

    reading: Reading
    longest: int

    def plan(self, n_subwords: int, find_text_starts: Callable[[], TextStarts]) -> list[Window]:
        """Return the windows of a text; a long one gets a random length, up to twice the window.

        For the arguments see :meth:`Reading.plan`.
        """
        reading = self.reading
        if n_subwords <= reading.window or reading.by_sentence:
            return reading.plan(n_subwords, find_text_starts)
        shortest = min(SHORTEST_MIXED_WINDOW, reading.window)
        longest = min(2 * reading.window, self.longest)
        window = random.randint(shortest, longest)  # noqa: S311 - spaCy seeds it
        return Reading(window, overlap=0).plan(n_subwords, find_text_starts)


@dataclass(frozen=True, slots=True)
class Layout:
    """A batch of Docs as the network reads it, packed into one text.

    Attributes:
        ids: The subwords of all Docs. Shape: (n_subwords,).
        alignment: Which subwords speak for which unit, counted over all Docs.
        windows: Windows of all Docs, in positions of ``ids``.
        packed: The units of all Docs, and of each.
        start_char: First character of each subword in the one text. Shape: (n_subwords,).
        end_char: The character after its last one. Shape: (n_subwords,).
    """

    ids: Ints
    alignment: Alignment
    windows: list[Window]
    packed: PackedUnits
    start_char: Ints
    end_char: Ints

    @property
    def units(self) -> list[Units]:
        """The units of each Doc, in its own tokens and characters."""
        return self.packed.by_doc

    def split(self, wanted: Bools | None = None) -> "Layout":
        """Return the layout in which units are split until each has one subword.

        Windows stay: they are cut between tokens, whatever the labels run over.

        Args:
            wanted: The units to split, counted over all Docs; None to split all.
                Shape: (n_units,).
        """
        parts = split_at_subwords(
            self.start_char, self.end_char, self.packed.packed, self.alignment, wanted=wanted
        )
        return replace(self, packed=self.packed.split(parts), alignment=parts.alignment)

    def find_units(self, tokens: Sequence[Ints]) -> Bools:
        """Return which units, of all Docs, lie in some tokens.

        Args:
            tokens: The tokens, for each Doc. Shape of each: (n_wanted,).
        """
        by_doc = [
            np.isin(units.token_i, wanted) for units, wanted in zip(self.units, tokens, strict=True)
        ]
        return np.concatenate(by_doc)

    def split_rows(self, rows: Floats32) -> list[UnitRows]:
        """Return the rows of each Doc from those of all. Shape of ``rows``: (n_units, n_tags)."""
        by_doc: list[UnitRows] = []
        start = 0
        for units in self.units:
            end = start + len(units)
            by_doc.append(UnitRows(rows[start:end], units))
            start = end
        return by_doc


def lay_out(
    docs: Sequence[Doc],
    encodings: Sequence[Encoding],
    reading: Reading | MixedReading,
    *,
    label_unit: LabelUnit = "token",
    cut_tokens: Sequence[Ints] | None = None,
) -> Layout:
    """Return the layout of a batch of Docs.

    Args:
        docs: At least one Doc.
        encodings: The subwords of each.
        reading: How their texts are cut into windows.
        label_unit: What the labels of the checkpoint run over.
        cut_tokens: The tokens of each Doc that are split where labels run over parts of tokens;
            None for none. Shape of each: (n_cut,).
    """
    units = pack_units(docs)
    n_subwords = np.array([len(encoding.ids) for encoding in encodings], dtype=np.int64)
    char_shift = np.repeat(units.char_starts, n_subwords)
    start_char = np.concatenate([encoding.start_char for encoding in encodings]) + char_shift
    end_char = np.concatenate([encoding.end_char for encoding in encodings]) + char_shift
    alignment = align_subwords(start_char, end_char, units.packed)
    subword_starts = find_starts(n_subwords)
    cuts = _Cuts(docs, units, alignment, subword_starts)
    windows: list[Window] = []
    for doc_i, first_subword in enumerate(subword_starts.tolist()):
        find_text_starts = partial(cuts.find, doc_i)
        for window in reading.plan(len(encodings[doc_i].ids), find_text_starts):
            windows.append(window.shift(first_subword))
    ids = np.concatenate([encoding.ids for encoding in encodings])
    layout = Layout(ids, alignment, windows, units, start_char, end_char)
    if label_unit == "subword":
        return layout.split()
    if label_unit == "part" and cut_tokens is not None:
        return layout.split(layout.find_units(cut_tokens))
    return layout


def find_sentence_starts(doc: Doc) -> Ints:
    """Return the tokens that a Doc knows to start a sentence; none where nobody has set them."""
    return np.flatnonzero(doc.to_array([SENT_START]) == 1)


@dataclass(frozen=True, slots=True)
class _Cuts:
    """Where the Docs of a batch may be cut, looked up for each that must be.

    Attributes:
        docs: The Docs.
        units: Their units.
        alignment: The alignment of the one text.
        subword_starts: The first subword of each Doc in it. Shape: (n_docs,).
    """

    docs: Sequence[Doc]
    units: PackedUnits
    alignment: Alignment
    subword_starts: Ints

    def find(self, doc_i: int) -> TextStarts:
        """Return where tokens and sentences of a Doc start, in its own subwords.

        ::

            tokens            Tim      met   ␣␣   Ann Lee   .
            units             0        1          2   3     4
            evidence          0        2          3   4     4      (a subword of "Lee." for both)
            token_starts      0        2          3   4
            sentence starts   Tim, ␣␣  ->  0, 3  ->  3             (0 is no place to cut)
        """
        units = self.units.by_doc[doc_i]
        first_unit = self.units.unit_starts[doc_i]
        end_unit = first_unit + len(units)
        evidence = self.alignment.evidence[first_unit:end_unit]
        is_shared = self.alignment.is_shared[first_unit:end_unit]
        owns = (evidence >= 0) & ~is_shared
        token_starts = evidence[owns] - self.subword_starts[doc_i]
        # A sentence whose first token has no subword starts with the next token that has one.
        owning_tokens = units.token_i[owns]
        at = np.searchsorted(owning_tokens, find_sentence_starts(self.docs[doc_i]))
        sentence_starts = np.unique(token_starts[at[at < len(token_starts)]])
        return TextStarts(token_starts, sentence_starts[sentence_starts > 0])
