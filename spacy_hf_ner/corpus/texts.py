"""Texts with entities given as characters to sentences: tokens end wherever an entity does.

What is left out is unknown, not "outside": the words of an entity that cannot be read, or that has
no place beside a longer one, are not annotated.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

import spacy
from spacy.language import Language

from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.core.wording import count
from spacy_hf_ner.corpus.offsets import CHARACTERS, LINE_ENDS_ONCE, to_characters
from spacy_hf_ner.corpus.sentence import Problem, Sentence, keep_outermost
from spacy_hf_ner.corpus.source import Origin, Source
from spacy_hf_ner.errors import ConfigError, CorpusError

__all__ = [
    "CUT",
    "CUT_BUT_FOR",
    "OUTSIDE",
    "UNTYPED",
    "CharRange",
    "CharSpan",
    "TextRecord",
    "blank_pipeline",
    "make_text_sentence",
    "make_text_source",
]

CharRange = tuple[int, int]
"""The first character of something, and the one after its last."""

OUTSIDE: Final = "entity outside of its text, left out"
UNTYPED: Final = "entity without a type, left out"
LOST: Final = frozenset({OUTSIDE, UNTYPED})
CUT: Final = "entity that begins or ends inside of a token, token cut"
# Nor would it be cut if its offsets counted something else than characters, by what they count.
CUT_BUT_FOR: Final[Mapping[str, str]] = {
    "utf16": f"{CUT} (not so with offsets in UTF-16 units)",
    "graphemes": f"{CUT} (not so with offsets in graphemes)",
}

# What offsets may count that do not lead to the text of an entity.
CONVERTED: Final[Mapping[str, str]] = {
    "utf16": "offsets in UTF-16 units, converted",
    LINE_ENDS_ONCE: "offsets that count a line end of two characters once, converted",
}

NEARBY: Final = 32  # characters in which an entity's text is looked for, on either side


@dataclass(frozen=True, slots=True)
class CharSpan:
    """An entity in a text, end-exclusive, in characters.

    Attributes:
        start_char: Its first character.
        end_char: The character after its last one.
        entity_type: Its type; empty where the source has none that can be read.
        surface: The text that the source says it has, or empty.
        parts: Its parts, if there are several; such an entity goes to the layers only.
        line: Where it stands in its file, or 0 where that is not known.
        score: How sure the source is of it, or None.
    """

    start_char: int
    end_char: int
    entity_type: str
    surface: str = ""
    parts: tuple[CharRange, ...] = ()
    line: int = 0
    score: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRecord:
    """A text with what its source says of it.

    Attributes:
        text: The text; it is kept to the letter.
        spans: Its entities, in any order; they may overlap.
        rejected: Spans that are known to be no entities of their types.
        line: Where the text stands in its file, and the spans that do not know better.
        is_annotated: Whether "no entity" means that there is none.
        text_id: The source's name for the text.
        tokens: The source's tokens, if it has any.
        meta: What else the source says of it.
        problems: What was repaired so far.
    """

    text: str
    spans: Sequence[CharSpan] = ()
    rejected: Sequence[CharSpan] = ()
    line: int = 1
    is_annotated: bool = True
    text_id: str = ""
    tokens: Sequence[CharRange] | None = None
    meta: Mapping[str, Any] | None = None
    problems: Sequence[Problem] = ()


@lru_cache(maxsize=8)
def blank_pipeline(lang: str) -> Language:
    """Return an empty pipeline of a language, the same one on each call.

    Raises:
        ConfigError: spaCy has no such language, or a library that it needs is not installed.
    """
    try:
        return spacy.blank(lang)
    except ImportError as error:
        raise ConfigError(
            f"lang must be a language code that spaCy can make a pipeline for, got {lang!r}: "
            f"{error}",
            settings=("lang",),
        ) from error


def make_text_sentence(record: TextRecord, *, lang: str, offsets: str = CHARACTERS) -> Sentence:
    """Return a text as one sentence without known sentence boundaries.

    It has no words if the text is white space.

    Args:
        record: The text and its entities.
        lang: Language code of the tokenizer.
        offsets: What the offsets of entities and tokens count.
    """
    text = record.text
    problems = list(record.problems)
    said = _count_characters(record, offsets)
    spans, unknown, of_spans = _check_spans(said.spans, said)
    rejected, _, of_rejected = _check_spans(said.rejected, said)
    problems += [*of_spans, *of_rejected]

    tokens = _find_tokens(text, said.tokens, lang)
    words, lines_of_cuts = _cut_at_borders(tokens, [*spans, *rejected])
    if lines_of_cuts:
        kind = _name_cuts(record, tokens, offsets)
        problems += [Problem(kind, line) for line in lines_of_cuts]
    on_words = _Words(words)
    layers, outermost, scores = _align_spans(spans, on_words)

    # What is no entity that is kept, and yet not known to be outside.
    unknown += _find_homeless(spans, outermost, on_words)
    missing = on_words.find_overlapping(unknown)
    if not record.is_annotated:
        missing = set(range(len(words)))
    for span in outermost:
        missing -= set(range(span.start, span.end))

    if len(layers) == len(outermost):
        layers = ()  # there is one level only
    lead, gaps = _find_gaps_between(text, words)
    return Sentence(
        words=tuple(text[start:end] for start, end in words),
        spans=outermost,
        layers=layers,
        rejected=tuple(sorted(set(map(on_words.move, rejected)))),
        scores=scores,
        missing=tuple(sorted(missing)),
        gaps=gaps,
        lead=lead,
        starts_document=True,
        is_bounded=False,
        document_id=record.text_id,
        meta=record.meta or {},
        problems=tuple(problems),
        line=record.line,
    )


def make_text_source(read: Callable[[], Iterator[Sentence]], origin: Origin) -> Source:
    """Return the source of sentences whose entities are given in texts, one document each.

    Args:
        read: Returns a new iterator over the sentences.
        origin: What they are read from.
    """
    return Source(origin, lambda: _refuse_if_all_lost(read(), origin.name), has_documents=True)


def _refuse_if_all_lost(sentences: Iterable[Sentence], name: str) -> Iterator[Sentence]:
    """Yield sentences; at the end, refuse a source whose entities have all been left out.

    Raises:
        CorpusError: There were entities, and none is left.
    """
    first_problems: dict[str, Problem] = {}
    n_lost: Counter[str] = Counter()
    has_entities = False
    for sentence in sentences:
        yield sentence
        has_entities = has_entities or bool(sentence.spans or sentence.layers)
        if has_entities:
            continue
        for problem in sentence.problems:
            if problem.kind in LOST:
                n_lost[problem.kind] += 1
                first_problems.setdefault(problem.kind, problem)
    if has_entities or not n_lost:
        return
    (kind, n), *_ = n_lost.most_common()
    first = first_problems[kind]
    advice = "Check that these are the offsets of these texts, and what they count (offsets)."
    if kind == UNTYPED:
        advice = "Export types by their names, or name their numbers (tag_names)."
    entities = count(n_lost.total(), "entity", "entities")
    raise CorpusError(
        f"{first.file or name}:{first.line}: expected entities with types that lie in their texts, "
        f"got {entities} of which none can be read ({n:,} × {kind}, here first): nothing would be "
        f"left to learn from. {advice}",
        settings=("offsets", "tag_names"),
    )


# ----------------------------------------------------------------------------------------------
# what the source says


def _count_characters(record: TextRecord, unit: str) -> TextRecord:
    """Return a record whose offsets count characters."""
    if unit == CHARACTERS:
        return record
    tokens = record.tokens
    if tokens is not None:
        tokens = _convert_ranges(record.text, tokens, unit)
    return replace(
        record,
        spans=_convert_spans(record.text, record.spans, unit),
        rejected=_convert_spans(record.text, record.rejected, unit),
        tokens=tokens,
    )


def _convert_spans(text: str, spans: Iterable[CharSpan], unit: str) -> list[CharSpan]:
    converted: list[CharSpan] = []
    for span in spans:
        (start, end), *parts = _convert_ranges(
            text, [(span.start_char, span.end_char), *span.parts], unit
        )
        converted.append(replace(span, start_char=start, end_char=end, parts=tuple(parts)))
    return converted


def _convert_ranges(text: str, ranges: Sequence[CharRange], unit: str) -> list[CharRange]:
    starts = to_characters(text, [start for start, _ in ranges], unit)
    ends = to_characters(text, [end for _, end in ranges], unit)
    return list(zip(starts, ends, strict=True))


def _check_spans(
    spans: Iterable[CharSpan], record: TextRecord
) -> tuple[list[CharSpan], list[CharRange], list[Problem]]:
    """Return spans that lie in their text and have no white space at their borders.

    Returns:
        These spans, the characters of those that cannot be read, and what was repaired.
    """
    text = record.text
    checked: list[CharSpan] = []
    unknown: list[CharRange] = []
    problems: list[Problem] = []
    for span in spans:
        line = span.line or record.line
        start, end, of_place = _find_place(text, span, line)
        problems += of_place
        inside = text[max(start, 0) : max(end, 0)]
        if not 0 <= start < end <= len(text):
            problems.append(Problem(OUTSIDE, line))
            unknown.append(_guess_place(text, start, end))
        elif not inside.strip():
            problems.append(Problem("entity of white space only, left out", line))
        elif not span.entity_type:
            problems.append(Problem(UNTYPED, line))
            unknown.append((start, end))
        else:
            n_left = len(inside) - len(inside.lstrip())
            n_right = len(inside) - len(inside.rstrip())
            if n_left or n_right:
                problems.append(Problem("white space at the border of an entity, trimmed", line))
            found = replace(span, start_char=start + n_left, end_char=end - n_right, line=line)
            checked.append(found)
    return checked, unknown, problems


def _find_place(text: str, span: CharSpan, line: int) -> tuple[int, int, list[Problem]]:
    """Return where an entity is: its own text beats offsets that disagree with it, if it can."""
    start = span.start_char
    end = span.end_char
    surface = span.surface
    if not surface or text[max(start, 0) : max(end, 0)] == surface:
        return start, end, []
    for unit, kind in CONVERTED.items():
        ((unit_start, unit_end),) = _convert_ranges(text, [(start, end)], unit)
        if text[max(unit_start, 0) : max(unit_end, 0)] == surface:
            return unit_start, unit_end, [Problem(kind, line)]
    first = max(start - NEARBY, 0)
    last = max(end, 0) + NEARBY
    found = text.find(surface, first, last)
    is_only_one = found >= 0 and text.find(surface, found + 1, last) < 0
    if is_only_one:
        kind = "entity whose text is not at its offsets but near by, taken by its text"
        return found, found + len(surface), [Problem(kind, line)]
    kind = "entity whose text is not at its offsets, taken by its offsets"
    return start, end, [Problem(kind, line)]


def _guess_place(text: str, start: int, end: int) -> CharRange:
    """Return the characters among which an entity must be whose offsets cannot be right."""
    first = min(start, end)
    last = max(start, end, first + 1)
    if first >= len(text) or last <= 0:
        return 0, len(text)  # nobody knows where it is
    return max(first, 0), last


# ----------------------------------------------------------------------------------------------
# tokens


def _find_tokens(text: str, tokens: Sequence[CharRange] | None, lang: str) -> list[CharRange]:
    """Return the tokens that are not white space: the source's where they fit, else spaCy's.

    White space at the border of a token is no part of it.
    """
    found: list[CharRange] = []
    if tokens is not None and _cover_text(tokens, text):
        for start, end in tokens:
            word = text[start:end].strip()
            if word:
                start += text[start:end].index(word)  # noqa: PLW2901 - the same token, trimmed
                found.append((start, start + len(word)))
        return found
    for token in blank_pipeline(lang).tokenizer(text):
        if not token.is_space:
            found.append((token.idx, token.idx + len(token)))
    return found


def _cover_text(tokens: Sequence[CharRange], text: str) -> bool:
    """Tell whether tokens are in order, and only white space lies between them."""
    at = 0
    for start, end in tokens:
        if start < at or text[at:start].strip():
            return False
        at = end
    return not text[at:].strip()


def _cut_at_borders(
    tokens: Sequence[CharRange], spans: Iterable[CharSpan]
) -> tuple[list[CharRange], list[int]]:
    """Return the tokens, cut where an entity begins or ends inside of them.

    One border moves on through the text beside the tokens::

        tokens   |New-York|based|
        entities |New|York|            words   |New|-|York|based|

    For each border inside of a token, the line of its entity is returned, too.
    """
    line_of_border: dict[int, int] = {}
    for span in spans:
        line_of_border[span.start_char] = span.line
        line_of_border[span.end_char] = span.line
    borders = sorted(line_of_border)
    words: list[CharRange] = []
    lines_of_cuts: list[int] = []
    i = 0
    for start, end in tokens:
        left = start
        while i < len(borders) and borders[i] <= start:
            i += 1
        while i < len(borders) and borders[i] < end:
            border = borders[i]
            words.append((left, border))
            lines_of_cuts.append(line_of_border[border])
            left = border
            i += 1
        words.append((left, end))
    return words, lines_of_cuts


def _name_cuts(record: TextRecord, tokens: Sequence[CharRange], unit: str) -> str:
    """Return what cuts of tokens are called: it says if they come from what offsets count."""
    if unit == CHARACTERS and not record.text.isascii():
        for other, kind in CUT_BUT_FOR.items():
            converted = _convert_spans(record.text, record.spans, other)
            _, lines_of_cuts = _cut_at_borders(tokens, converted)
            if not lines_of_cuts:
                return kind
    return CUT


# ----------------------------------------------------------------------------------------------
# entities on words


class _Words:
    """Finds words by their characters. They end wherever an entity does."""

    def __init__(self, words: Sequence[CharRange]) -> None:
        self._starts = [start for start, _ in words]
        self._ends = [end for _, end in words]

    def move(self, span: CharSpan) -> TokenSpan:
        """Return an entity on words."""
        start = bisect_left(self._starts, span.start_char)
        end = bisect_left(self._ends, span.end_char) + 1
        return TokenSpan(start, end, span.entity_type)

    def find_overlapping(self, ranges: Iterable[CharRange]) -> set[int]:
        """Return the words that share a character with some range."""
        found: set[int] = set()
        for first, last in ranges:
            # From the first word that ends behind the first character, to the last that starts
            # before the last one.
            start = bisect_right(self._ends, first)
            end = bisect_left(self._starts, last)
            found.update(range(start, end))
        return found


def _align_spans(
    spans: Iterable[CharSpan], words: _Words
) -> tuple[tuple[TokenSpan, ...], tuple[TokenSpan, ...], dict[TokenSpan, float]]:
    """Return the entities of all levels, the outermost of them, and their scores, on words."""
    layers: set[TokenSpan] = set()
    candidates: dict[TokenSpan, None] = {}  # a set that keeps the order
    scores: dict[TokenSpan, float] = {}
    for span in spans:
        token_span = words.move(span)
        layers.add(token_span)
        if not span.parts:
            candidates[token_span] = None
        if span.score is not None:
            scores[token_span] = span.score
    return tuple(sorted(layers)), keep_outermost(candidates), scores


def _find_homeless(
    spans: Iterable[CharSpan], outermost: Iterable[TokenSpan], words: _Words
) -> list[CharRange]:
    """Return where entities are that are not among the outermost: they overlap, or are in parts."""
    kept = set(outermost)
    ranges: list[CharRange] = []
    for span in spans:
        if span.parts:
            ranges += span.parts
        elif words.move(span) not in kept:
            ranges.append((span.start_char, span.end_char))
    return ranges


def _find_gaps_between(text: str, words: Sequence[CharRange]) -> tuple[str, tuple[str, ...]]:
    """Return the white space before the first word and after each word.

    >>> _find_gaps_between(" Oh  no!", [(1, 3), (5, 7), (7, 8)])
    (' ', ('  ', '', ''))
    """
    gaps: list[str] = []
    left = 0  # the character after the word before
    for start, end in words:
        gaps.append(text[left:start])
        left = end
    gaps.append(text[left:])
    # The gap before a word is the one after the word before it; the first has none before it.
    lead, *after = gaps
    return lead, tuple(after)
