"""Texts with entities given as characters to sentences: tokens are cut where an entity begins or ends."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import spacy
from spacy.language import Language

from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.corpus.sentence import Problem, Sentence, keep_outermost
from spacy_hf_ner.errors import ConfigError


@dataclass(frozen=True, slots=True, order=True)
class CharSpan:
    """An entity in a text, end-exclusive, in characters.

    Attributes:
        start_char: Its first character.
        end_char: The character after its last one.
        entity_type: Its type.
        surface: The text that the source says it has, or empty.
        is_hull: Whether it is the hull of an entity in several parts; such a span goes to the layers only.
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
            f"lang must be a language code that spaCy can make a pipeline for, got {lang!r}: {error}"
        ) from error


def make_text_sentence(
    text: str,
    spans: Iterable[CharSpan],
    *,
    lang: str,
    line: int,
    is_annotated: bool = True,
    text_id: str = "",
    tokens: Sequence[tuple[int, int]] | None = None,
) -> Sentence:
    """Return a text as one sentence without known sentence boundaries; it has no words if the text is white space.

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
    whole = [span for span in (_check_span(text, span, line, problems) for span in spans) if span]
    words = _cut(_token_borders(text, tokens, lang), whole, problems)
    starts = {start: i for i, (start, _) in enumerate(words)}
    ends = {end: i + 1 for i, (_, end) in enumerate(words)}
    found = [
        (span, TokenSpan(starts[span.start_char], ends[span.end_char], span.entity_type))
        for span in whole
    ]
    layers = sorted({token_span for _, token_span in found})
    outer = keep_outermost(
        dict.fromkeys(token_span for span, token_span in found if not span.is_hull)
    )
    borders = [0, *(border for word in words for border in word), len(text)]
    lead, *gaps = (text[borders[i] : borders[i + 1]] for i in range(0, len(borders), 2))
    return Sentence(
        words=tuple(text[start:end] for start, end in words),
        spans=tuple(outer),
        layers=tuple(layers) if len(layers) > len(outer) else (),
        missing=() if is_annotated else tuple(range(len(words))),
        gaps=tuple(gaps),
        lead=lead,
        starts_document=True,
        is_bounded=False,
        document_id=text_id,
        problems=tuple(problems),
        line=line,
    )


def _check_span(text: str, span: CharSpan, line: int, problems: list[Problem]) -> CharSpan | None:
    """Return a span that lies in the text and neither begins nor ends with white space, or None."""
    start, end, line = span.start_char, span.end_char, span.line or line
    if span.surface and text[start:end] != span.surface:
        moved = _from_utf16(text, start), _from_utf16(text, end)
        if text[slice(*moved)] == span.surface:
            problems.append(Problem("offsets in UTF-16 units, converted", line))
            start, end = moved
        else:
            problems.append(
                Problem("entity whose text is not at its offsets, taken by its offsets", line)
            )
    if not 0 <= start < end <= len(text) or not span.entity_type:
        problems.append(Problem("entity outside of its text or without a type, left out", line))
        return None
    inside = text[start:end]
    left, right = len(inside) - len(inside.lstrip()), len(inside) - len(inside.rstrip())
    if left == len(inside):
        problems.append(Problem("entity of white space only, left out", line))
        return None
    if left or right:
        problems.append(Problem("white space at the border of an entity, trimmed", line))
    return CharSpan(start + left, end - right, span.entity_type, is_hull=span.is_hull, line=line)


def _from_utf16(text: str, offset: int) -> int:
    """Return the character at an offset counted in UTF-16 units, as JavaScript does."""
    return len(text.encode("utf-16-le")[: 2 * max(offset, 0)].decode("utf-16-le", "ignore"))


def _token_borders(
    text: str, tokens: Sequence[tuple[int, int]] | None, lang: str
) -> list[tuple[int, int]]:
    """Return the borders of the tokens that are not white space: the source's where they fit, else spaCy's."""
    if tokens is not None:
        at = 0
        gaps: list[str] = []
        for start, end in tokens:
            gaps.append(text[at:start] if start >= at else "overlap")
            at = end
        if not "".join((*gaps, text[at:])).strip():
            return [
                (start, end)
                for start, end in tokens
                if text[start:end].strip() == text[start:end] != ""
            ]
    doc = blank_pipeline(lang).tokenizer(text)
    return [(token.idx, token.idx + len(token)) for token in doc if not token.is_space]


def _cut(
    tokens: Sequence[tuple[int, int]], spans: Iterable[CharSpan], problems: list[Problem]
) -> list[tuple[int, int]]:
    """Cut tokens where an entity begins or ends inside of them."""
    lines = {border: span.line for span in spans for border in (span.start_char, span.end_char)}
    borders = sorted(lines)
    words: list[tuple[int, int]] = []
    at = 0
    for start, end in tokens:
        left = start
        while at < len(borders) and borders[at] <= start:
            at += 1
        while at < len(borders) and borders[at] < end:
            words.append((left, borders[at]))
            problems.append(
                Problem(
                    "entity that begins or ends inside of a token, token cut", lines[borders[at]]
                )
            )
            left = borders[at]
            at += 1
        words.append((left, end))
    return words
