"""Docs to what the network reads: packed subwords, their alignment with tokens, and the windows over them.

The characters of all Docs are thought of as one long text, so that a batch is aligned in one go.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from spacy.attrs import IDX, IS_SPACE, LENGTH, SENT_START
from spacy.tokens import Doc

from spacy_hf_ner.core.alignment import Alignment, Units, align_subwords
from spacy_hf_ner.core.arrays import Floats32, Ints
from spacy_hf_ner.core.windows import Window, plan_sentence_windows, plan_windows
from spacy_hf_ner.model.reading.encoding import Encoding

Starts = tuple[Ints, Ints]  # where tokens start, where sentences start

SHORTEST_MIXED_WINDOW = 16


@dataclass(frozen=True, slots=True)
class Reading:
    """How texts are cut into windows.

    Attributes:
        window: The most subwords in a window.
        overlap: Subwords that neighbouring windows share where they are not cut between sentences.
        by_sentence: Each sentence is read by itself.
    """

    window: int
    overlap: int
    by_sentence: bool = False

    def plan(self, n_subwords: int, find_starts: Callable[[], Starts]) -> list[Window]:
        """Return the windows of a text of ``n_subwords``; where its tokens start is asked only if it must be cut."""
        if n_subwords <= self.window and not self.by_sentence:
            return [Window(0, n_subwords, 0, n_subwords)] if n_subwords else []
        cut = plan_sentence_windows if self.by_sentence else plan_windows
        token_starts, sentence_starts = find_starts()
        return cut(
            n_subwords,
            window=self.window,
            overlap=self.overlap,
            token_starts=token_starts,
            sentence_starts=sentence_starts,
        )


@dataclass(frozen=True, slots=True)
class MixedReading:
    """How texts are cut in training: those that fit one window are read whole, longer ones in windows of mixed lengths.

    A model that reads only one length in training is worse at every other. Windows do not overlap, as nothing would be
    learned twice from the same context.

    Attributes:
        reading: How the model reads when it predicts.
        longest: The most subwords that it can read.
    """

    reading: Reading
    longest: int

    def plan(self, n_subwords: int, find_starts: Callable[[], Starts]) -> list[Window]:
        """Return the windows of a text of ``n_subwords``, of a random length from 16 subwords to twice the window."""
        reading = self.reading
        if n_subwords <= reading.window or reading.by_sentence:
            return reading.plan(n_subwords, find_starts)
        longest = min(2 * reading.window, self.longest)
        shortest = min(SHORTEST_MIXED_WINDOW, reading.window)
        window = random.randint(shortest, longest)  # noqa: S311 - spaCy seeds it
        return Reading(window, overlap=0).plan(n_subwords, find_starts)


@dataclass(frozen=True, slots=True)
class Layout:
    """A batch of Docs as the network reads it. Subwords, units and tokens of all Docs are packed.

    Attributes:
        ids: Shape: (n_subwords,).
        alignment: Which subwords speak for which unit.
        windows: Windows of all Docs, in positions of ``ids``.
        token_i: The packed token of each unit. Shape: (n_units,).
        n_tokens: The number of tokens of each Doc. Shape: (n_docs,).
    """

    ids: Ints
    alignment: Alignment
    windows: list[Window]
    token_i: Ints
    n_tokens: Ints

    def spread_rows(self, rows: Floats32) -> list[Floats32]:
        """Return each Doc's rows, one a token, from rows of units; NaN for tokens that are no unit.

        Shape of ``rows``: (n_units, n_tags). Shape of each result: (n_tokens, n_tags).
        """
        packed = np.full((int(self.n_tokens.sum()), rows.shape[1]), np.nan, dtype=np.float32)
        packed[self.token_i] = rows
        return np.split(packed, np.cumsum(self.n_tokens)[:-1])

    def gather_rows(self, rows: Sequence[Floats32]) -> Floats32:
        """Return the rows of units from each Doc's rows; the reverse of :meth:`spread_rows`."""
        return np.concatenate(rows)[self.token_i]


def lay_out(
    docs: Sequence[Doc], encodings: Sequence[Encoding], reading: Reading | MixedReading
) -> Layout:
    """Return the layout of a batch of Docs; at least one, with their encodings."""
    n_tokens = np.array([len(doc) for doc in docs], dtype=np.int64)
    n_subwords = np.array([len(encoding.ids) for encoding in encodings], dtype=np.int64)
    first_token, first_subword = np.cumsum(n_tokens) - n_tokens, np.cumsum(n_subwords) - n_subwords
    by_doc = [doc.to_array([IDX, LENGTH, IS_SPACE]).reshape(-1, 3).astype(np.int64) for doc in docs]
    n_chars = np.array(
        [rows[-1, 0] + rows[-1, 1] + 2 if len(rows) else 1 for rows in by_doc], dtype=np.int64
    )
    first_char = np.cumsum(n_chars) - n_chars
    attributes = np.concatenate(by_doc)
    start_char = attributes[:, 0] + np.repeat(first_char, n_tokens)
    token_i = np.flatnonzero((attributes[:, 2] == 0) & (attributes[:, 1] > 0))
    units = Units(token_i, start_char[token_i], (start_char + attributes[:, 1])[token_i])
    shift = np.repeat(first_char, n_subwords)
    alignment = align_subwords(
        np.concatenate([e.start_char for e in encodings]) + shift,
        np.concatenate([e.end_char for e in encodings]) + shift,
        units,
    )
    windows: list[Window] = []
    for i, doc in enumerate(docs):
        first, n = int(first_subword[i]), int(n_subwords[i])
        find_starts = partial(
            _find_starts, doc, alignment, units, subword=first, token=int(first_token[i])
        )
        windows += [
            Window(w.start + first, w.end + first, w.own_start + first, w.own_end + first)
            for w in reading.plan(n, find_starts)
        ]
    return Layout(np.concatenate([e.ids for e in encodings]), alignment, windows, token_i, n_tokens)


def find_sentence_starts(doc: Doc) -> Ints:
    """Return the tokens that the Doc knows to start a sentence; none where boundaries were never set."""
    return np.flatnonzero(doc.to_array([SENT_START]) == 1)


def _find_starts(
    doc: Doc, alignment: Alignment, units: Units, *, subword: int, token: int
) -> Starts:
    """Return where in a Doc's subwords tokens start, and where sentences do.

    Args:
        doc: The Doc.
        alignment: Packed alignment.
        units: Packed units.
        subword: The Doc's first packed subword.
        token: Its first packed token.
    """
    first_unit, end_unit = np.searchsorted(units.token_i, [token, token + len(doc)])
    evidence = alignment.evidence[first_unit:end_unit]
    owned = (evidence >= 0) & ~alignment.is_shared[first_unit:end_unit]
    token_starts = evidence[owned] - subword
    owning_tokens = units.token_i[first_unit:end_unit][owned] - token
    at = np.searchsorted(owning_tokens, find_sentence_starts(doc))
    sentence_starts = np.unique(token_starts[at[at < len(token_starts)]])
    return token_starts, sentence_starts[sentence_starts > 0]
