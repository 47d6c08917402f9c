"""The one record that every format is read into, and that Docs are made from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from spacy_hf_ner.core.spans import TokenSpan

__all__ = [
    "Problem",
    "Sentence",
    "drop_blank_words",
    "find_gaps",
    "keep_outermost",
    "move_spans",
]


class Problem(NamedTuple):
    """Something in the source that had to be repaired or left out.

    Attributes:
        kind: What it is, in words that are the same for all of its kind.
        line: The line (or record) of the file, from 1.
        file: The file, where it is not the source itself but one of several.
    """

    kind: str
    line: int
    file: str = ""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence, or one text without sentence boundaries, with what the source knows of it.

    A sentence without words only carries problems, and perhaps the start of a document.

    Attributes:
        words: The words; none is empty or white space only.
        spans: The outermost entities, disjoint and in order.
        layers: All entities where the source has several levels or overlapping ones, else empty.
        levels: The entities of each level, where the source keeps its levels apart, else empty.
        rejected: Spans that are known to be no entities of their types; they may overlap.
        scores: How sure the source is of its entities, where it says so.
        missing: Indices of the words whose annotation is missing.
        gaps: The white space after each word, ``""`` where there is none and None where the source
            does not know; or nothing at all, if it never knows.
        lead: White space before the first word.
        starts_document: Whether the source begins a document here.
        is_bounded: Whether the source says that this is one sentence. If not, it may be several.
        sentence_id: The source's name for it.
        document_id: The source's name for the document that begins here.
        meta: What else the source says of the document that begins here, as JSON has it.
        pos: A part-of-speech tag for each word, ``""`` where it is missing; or nothing at all, if
            all are.
        upos: Its part of speech in Universal Dependencies, in the same way.
        feats: Its features in Universal Dependencies, ``"_"`` where it has none, in the same way.
        chunks: Chunks (base phrases), disjoint.
        has_chunks: Whether the source annotates chunks, be it that here are none.
        problems: What was repaired or left out.
        line: Where it begins in the file, from 1.
    """

    words: tuple[str, ...]
    spans: tuple[TokenSpan, ...] = ()
    layers: tuple[TokenSpan, ...] = ()
    levels: tuple[tuple[TokenSpan, ...], ...] = ()
    rejected: tuple[TokenSpan, ...] = ()
    scores: Mapping[TokenSpan, float] = field(default_factory=dict)
    missing: tuple[int, ...] = ()
    gaps: tuple[str | None, ...] = ()
    lead: str = ""
    starts_document: bool = False
    is_bounded: bool = True
    sentence_id: str = ""
    document_id: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)
    pos: tuple[str, ...] = ()
    upos: tuple[str, ...] = ()
    feats: tuple[str, ...] = ()
    chunks: tuple[TokenSpan, ...] = ()
    has_chunks: bool = False
    problems: tuple[Problem, ...] = ()
    line: int = 0


def find_gaps(words: Sequence[str], text: str) -> tuple[str, tuple[str, ...]] | None:
    """Return the white space before the first word of a text and after each word.

    It is None if the words do not fit the text.

    >>> find_gaps(["Oh", "no", "!"], "Oh  no!")
    ('', ('  ', '', ''))
    """
    at = 0
    gaps: list[str] = []
    for word in words:
        start = text.find(word, at)
        between = text[at:start]
        if start < 0 or (between and not between.isspace()):
            return None
        gaps.append(between)
        at = start + len(word)
    rest = text[at:]
    if rest and not rest.isspace():
        return None
    # The gap before a word is the one after the word before it; the first has none before it.
    lead, *after = (*gaps, rest)
    return lead, tuple(after)


def drop_blank_words(words: Sequence[str]) -> tuple[list[int], list[int]]:
    """Return the words that a Doc can hold, and where each border between words moves to.

    Words and borders are indices. A span ``(start, end)`` over all words becomes
    ``(borders[start], borders[end])``, which is empty if nothing of it is left::

        words    |a| |b|
        borders  0 1 2 3   ->   0 1 1 2

    >>> drop_blank_words(["a", " ", "b"])
    ([0, 2], [0, 1, 1, 2])
    """
    kept: list[int] = []
    borders = [0]
    for i, word in enumerate(words):
        if word and not word.isspace():
            kept.append(i)
        borders.append(len(kept))
    return kept, borders


def move_spans(spans: Sequence[TokenSpan], borders: Sequence[int]) -> tuple[TokenSpan, ...]:
    """Return the spans after their words moved, without those of which no word is left."""
    moved: list[TokenSpan] = []
    for span in spans:
        start = borders[span.start]
        end = borders[span.end]
        if start < end:
            moved.append(TokenSpan(start, end, span.entity_type))
    return tuple(moved)


def keep_outermost(spans: Iterable[TokenSpan]) -> tuple[TokenSpan, ...]:
    """Return spans that do not overlap, in order.

    Longer ones are preferred, then earlier ones, then those that come first.
    """
    taken: set[int] = set()  # words that are in an entity
    kept: list[TokenSpan] = []
    # Python's sort is stable: spans of one length and start stay in the order in which they came.
    longest_first = sorted(spans, key=lambda span: (span.start - span.end, span.start))
    for span in longest_first:
        covered = range(span.start, span.end)
        if taken.isdisjoint(covered):
            taken.update(covered)
            kept.append(span)
    return tuple(sorted(kept))
