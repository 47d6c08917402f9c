"""Texts with entities given as characters to sentences: tokens end wherever an entity does."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import spacy
from spacy.language import Language

from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.corpus.sentence import Problem, Sentence, keep_outermost
from spacy_hf_ner.errors import ConfigError

__all__ = ["CharSpan", "blank_pipeline", "make_text_sentence"]

CharRange = tuple[int, int]
"""The first character of something, and the one after its last."""


@dataclass(frozen=True, slots=True, order=True)
class CharSpan:
    """An entity in a text, end-exclusive, in characters.

    Attributes:
        start_char: Its first character.
        end_char: The character after its last one.
        entity_type: Its type.
        surface: The text that the source says it has, or empty.
        is_hull: Whether it is the hull of an entity in several parts; such a span goes to the
            layers only.
        line: Where it stands in its file, or 0 where that is not known.
    """

    start_char: int
    end_char: int
    entity_type: str
    surface: str = ""
    is_hull: bool = False
    line: int = 0


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


def make_text_sentence(
    text: str,
    spans: Iterable[CharSpan],
    *,
    lang: str,
    line: int,
    is_annotated: bool = True,
    text_id: str = "",
    tokens: Sequence[CharRange] | None = None,
) -> Sentence:
    """Return a text as one sentence without known sentence boundaries.

    It has no words if the text is white space.

    Args:
        text: The text; it is kept to the letter.
        spans: Its entities, in any order; they may overlap.
        lang: Language code of the tokenizer.
        line: Where the text stands in its file, and the spans that do not know better.
        is_annotated: Whether "no entity" means that there is none.
        text_id: The source's name for the text.
        tokens: First and after-last character of the source's tokens, if it has any.
    """
    problems: list[Problem] = []
    valid: list[CharSpan] = []
    for span in spans:
        checked, found = _check_span(text, span, line)
        problems += found
        if checked is not None:
            valid.append(checked)
    words, cuts = _cut_at_borders(_token_borders(text, tokens, lang), valid)
    problems += cuts
    layers, outermost = _align_spans(valid, words)
    lead, gaps = _find_gaps_between(text, words)
    return Sentence(
        words=tuple(text[start:end] for start, end in words),
        spans=outermost,
        layers=layers if len(layers) > len(outermost) else (),
        missing=() if is_annotated else tuple(range(len(words))),
        gaps=gaps,
        lead=lead,
        starts_document=True,
        is_bounded=False,
        document_id=text_id,
        problems=tuple(problems),
        line=line,
    )


def _align_spans(
    spans: Iterable[CharSpan], words: Sequence[CharRange]
) -> tuple[tuple[TokenSpan, ...], tuple[TokenSpan, ...]]:
    """Return the entities of all levels, and the outermost of them, on words.

    Words end wherever an entity does, so none falls between two words.
    """
    word_at_start = {start: i for i, (start, _) in enumerate(words)}
    word_at_end = {end: i + 1 for i, (_, end) in enumerate(words)}
    layers: set[TokenSpan] = set()
    candidates: dict[TokenSpan, None] = {}  # a set that keeps the order
    for span in spans:
        start = word_at_start[span.start_char]
        end = word_at_end[span.end_char]
        token_span = TokenSpan(start, end, span.entity_type)
        layers.add(token_span)
        if not span.is_hull:
            candidates[token_span] = None
    return tuple(sorted(layers)), keep_outermost(candidates)


def _find_gaps_between(text: str, words: Sequence[CharRange]) -> tuple[str, tuple[str, ...]]:
    """Return the white space before the first word and after each word.

    >>> _find_gaps_between(" Oh  no!", [(1, 3), (5, 7), (7, 8)])
    (' ', ('  ', '', ''))
    """
    gap_starts = [0, *(end for _, end in words)]
    gap_ends = [*(start for start, _ in words), len(text)]
    lead, *gaps = (text[start:end] for start, end in zip(gap_starts, gap_ends, strict=True))
    return lead, tuple(gaps)


def _check_span(text: str, span: CharSpan, line: int) -> tuple[CharSpan | None, list[Problem]]:
    """Return a span that lies in its text and has no white space at its borders, and its problems.

    The span is None if nothing of it is left.
    """
    start = span.start_char
    end = span.end_char
    line = span.line or line
    problems: list[Problem] = []
    if span.surface and text[start:end] != span.surface:
        utf16_start = _from_utf16(text, start)
        utf16_end = _from_utf16(text, end)
        if text[utf16_start:utf16_end] == span.surface:
            problems.append(Problem("offsets in UTF-16 units, converted", line))
            start = utf16_start
            end = utf16_end
        else:
            kind = "entity whose text is not at its offsets, taken by its offsets"
            problems.append(Problem(kind, line))
    if not 0 <= start < end <= len(text) or not span.entity_type:
        problems.append(Problem("entity outside of its text or without a type, left out", line))
        return None, problems
    inside = text[start:end]
    n_left = len(inside) - len(inside.lstrip())
    n_right = len(inside) - len(inside.rstrip())
    if n_left == len(inside):
        problems.append(Problem("entity of white space only, left out", line))
        return None, problems
    if n_left or n_right:
        problems.append(Problem("white space at the border of an entity, trimmed", line))
    trimmed = CharSpan(
        start + n_left, end - n_right, span.entity_type, is_hull=span.is_hull, line=line
    )
    return trimmed, problems


def _from_utf16(text: str, offset: int) -> int:
    """Return the character at an offset counted in UTF-16 units, as JavaScript does."""
    before = text.encode("utf-16-le")[: 2 * max(offset, 0)]
    return len(before.decode("utf-16-le", "ignore"))


def _token_borders(text: str, tokens: Sequence[CharRange] | None, lang: str) -> list[CharRange]:
    """Return the tokens that are not white space: the source's where they fit, else spaCy's."""
    if tokens is not None and _cover_text(tokens, text):
        borders = []
        for start, end in tokens:
            word = text[start:end]
            if word and word == word.strip():
                borders.append((start, end))
        return borders
    doc = blank_pipeline(lang).tokenizer(text)
    return [(token.idx, token.idx + len(token)) for token in doc if not token.is_space]


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
) -> tuple[list[CharRange], list[Problem]]:
    """Return the tokens, cut where an entity begins or ends inside of them, and what was cut.

    One border moves on through the text beside the tokens::

        tokens   |New-York|based|
        entities |New|York|            words   |New|-|York|based|
    """
    lines: dict[int, int] = {}  # of each border
    for span in spans:
        lines[span.start_char] = span.line
        lines[span.end_char] = span.line
    borders = sorted(lines)
    words: list[CharRange] = []
    problems: list[Problem] = []
    i = 0
    for start, end in tokens:
        left = start
        while i < len(borders) and borders[i] <= start:
            i += 1
        while i < len(borders) and borders[i] < end:
            border = borders[i]
            words.append((left, border))
            kind = "entity that begins or ends inside of a token, token cut"
            problems.append(Problem(kind, lines[border]))
            left = border
            i += 1
        words.append((left, end))
    return words, problems
