"""What a tag set allows, and how texts are laid out for decoding.

Tags form a chain whose only transitions are "legal" and "illegal" in the scheme. Rows are packed: those of
all segments one after the other, a segment being a run of tokens that no entity may leave (a document, or a piece
of one between sentence starts, preset entities and blank lines).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from spacy_hf_ner.core.arrays import Bools, Ints
from spacy_hf_ner.core.labels import TagSet


@dataclass(frozen=True, slots=True)
class Chain:
    """What a tag set allows, as arrays. K is the number of tags, T of entity types.

    Attributes:
        continues: [j, k] = tag k goes on with the entity of tag j before it. Shape: (K, K).
        starts: [j, k] = tag k is legal after tag j and does not continue it. Shape: (K, K).
        can_start: The tag may be on the first token of a segment. Shape: (K,).
        can_end: The tag may be on the last token of a segment. Shape: (K,).
        type_i: Index of the tag's entity type, or -1 for outside. Shape: (K,).
        columns: The tags of each entity type, padded with -1. Shape: (T, most tags of one type).
    """

    continues: Bools
    starts: Bools
    can_start: Bools
    can_end: Bools
    type_i: Ints
    columns: Ints

    @property
    def legal(self) -> Bools:
        """[j, k] = tag k may follow tag j. Shape: (K, K)."""
        return self.continues | self.starts


@lru_cache(maxsize=64)
def make_chain(tag_set: TagSet) -> Chain:
    """Return what a tag set allows.

    >>> from spacy_hf_ner.core.labels import read_labels
    >>> make_chain(read_labels(["O", "B-X", "I-X"], scheme="IOB2")).starts.astype(int)
    array([[1, 1, 0],
           [1, 1, 0],
           [1, 1, 0]])
    """
    scheme, tags = tag_set.scheme, tag_set.tags
    n_types, type_i = len(tag_set.entity_types), np.array(tag_set.type_i, dtype=np.int64)
    is_outside = type_i < 0
    same = (type_i[:, None] == type_i[None, :]) & ~is_outside
    opens = np.array([scheme.can_start(tag.prefix) for tag in tags]) | is_outside
    touches = np.array([scheme.can_start_touching(tag.prefix) for tag in tags])
    can_end = np.array([scheme.can_end(tag.prefix) for tag in tags]) | is_outside
    goes_on = np.array([scheme.can_go_on(tag.prefix) for tag in tags])
    follows = np.array([scheme.can_continue(tag.prefix) for tag in tags])
    width = max((int(np.sum(type_i == t)) for t in range(n_types)), default=0)
    columns = np.full((n_types, width), -1, dtype=np.int64)
    for t in range(n_types):
        members = np.flatnonzero(type_i == t)
        columns[t, : len(members)] = members
    return Chain(
        continues=same & goes_on[:, None] & follows[None, :],
        starts=can_end[:, None] & np.where(same, touches[None, :], opens[None, :]),
        can_start=opens,
        can_end=can_end,
        type_i=type_i,
        columns=columns,
    )


@dataclass(frozen=True, slots=True)
class Packing:
    """Where the segments lie among packed rows, longest first, so that those still running are a prefix.

    Attributes:
        first: The first row of each segment. Shape: (n_segments,).
        length: The number of rows of each segment, falling. Shape: (n_segments,).
        is_first: Whether a row is the first of its segment. Shape: (n_rows,).
        is_last: Whether a row is the last of its segment. Shape: (n_rows,).
    """

    first: Ints
    length: Ints
    is_first: Bools
    is_last: Bools

    def steps(self) -> Iterator[tuple[int, Ints]]:
        """Give, for t = 0, 1, …, the row at place t of each segment that is long enough."""
        n = len(self.first)
        for t in range(int(self.length[0]) if n else 0):
            while self.length[n - 1] <= t:
                n -= 1
            yield t, self.first[:n] + t

    def only(self, wanted: Bools) -> "Packing":
        """Return the packing of some of the segments. Shape of ``wanted``: (n_segments,)."""
        return Packing(self.first[wanted], self.length[wanted], self.is_first, self.is_last)


def pack(lengths: Ints) -> Packing:
    """Return where segments of these lengths lie; empty segments are left out."""
    ends = np.cumsum(lengths)
    kept = np.flatnonzero(lengths > 0)
    kept = kept[np.argsort(-lengths[kept], kind="stable")]
    n_rows = int(ends[-1]) if len(ends) else 0
    is_first, is_last = np.zeros(n_rows, dtype=bool), np.zeros(n_rows, dtype=bool)
    is_first[ends[kept] - lengths[kept]] = True
    is_last[ends[kept] - 1] = True
    return Packing(ends[kept] - lengths[kept], lengths[kept], is_first, is_last)
