"""A table to a sentence: its words, their annotation, and the white space between them."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.corpus.cells import MISSING_POS
from spacy_hf_ner.corpus.sentence import Problem, Sentence, drop_blank_words, find_gaps, move_spans
from spacy_hf_ner.corpus.table import Table
from spacy_hf_ner.corpus.tag_column import SentenceAnnotation, TagColumn

__all__ = ["make_sentence"]


def make_sentence(table: Table, tags: TagColumn, chunks: TagColumn) -> Sentence:
    """Return the sentence of a table; rows of blank words are left out, entities stay whole."""
    trimmed = _trim_words(table)
    kept, borders = drop_blank_words(trimmed.words)
    words = [trimmed.words[i] for i in kept]
    gaps = [trimmed.gaps[i] for i in kept]
    # Spans are read over all rows and move with the words: a blank word is no end of an entity.
    annotations = _read_tag_columns(table, tags)
    outermost = annotations[0]
    phrases = _read_chunks(table, chunks)
    spacing = _find_spacing(table, words, gaps)

    problems = [*table.problems, *trimmed.problems]
    problems += _find_blank_entities(outermost.spans, borders, table.lines)
    for annotation in annotations:
        problems += annotation.problems
    problems += phrases.problems
    problems += spacing.problems
    return Sentence(
        words=tuple(words),
        spans=move_spans(outermost.spans, borders),
        layers=move_spans(_merge_layers(annotations), borders),
        levels=tuple(move_spans(level, borders) for level in _list_levels(annotations)),
        missing=_move_words(outermost.missing, trimmed.words, borders),
        gaps=spacing.gaps,
        lead=spacing.lead,
        starts_document=table.starts_document,
        sentence_id=table.sentence_id,
        document_id=table.document_id,
        pos=_read_pos(table.pos, kept),
        upos=_read_pos(table.upos, kept),
        feats=_read_feats(table.feats, kept),
        chunks=move_spans(phrases.spans, borders),
        has_chunks=bool(table.chunks),
        problems=tuple(problems),
        line=table.lines[0],
    )


class _TrimmedWords(NamedTuple):
    """The words of all rows without the white space around them, and the white space after each."""

    words: list[str]
    gaps: list[str | None]
    problems: list[Problem]


def _trim_words(table: Table) -> _TrimmedWords:
    words = [word.strip() for word in table.words]
    gaps = list(table.gaps) or [None] * len(words)
    problems: list[Problem] = []
    if words == table.words and all(words):  # nearly always
        return _TrimmedWords(words, gaps, problems)
    for i, (word, trimmed) in enumerate(zip(table.words, words, strict=True)):
        if not trimmed:
            problems.append(Problem("blank word, left out", table.lines[i]))
        elif trimmed != word:
            problems.append(Problem("white space around a word, trimmed", table.lines[i]))
            space_after = word[len(word.rstrip()) :]
            gaps[i] = space_after or gaps[i]
    return _TrimmedWords(words, gaps, problems)


def _read_tag_columns(table: Table, tags: TagColumn) -> list[SentenceAnnotation]:
    """Return what each column of tags says; nothing is annotated where there are none."""
    if not table.tags:
        return [SentenceAnnotation(spans=(), missing=tuple(range(len(table.words))))]
    return [tags.read(cells, table.lines) for cells in table.tags]


def _merge_layers(annotations: Sequence[SentenceAnnotation]) -> Sequence[TokenSpan]:
    """Return the entities of all columns, and of all levels in their cells, in order.

    There are none where one column has one level, whose entities are the sentence's.
    """
    if len(annotations) == 1:
        return annotations[0].layers
    layers: set[TokenSpan] = set()
    for annotation in annotations:
        layers.update(annotation.layers, annotation.spans)
    return sorted(layers)


def _list_levels(annotations: Sequence[SentenceAnnotation]) -> list[Sequence[TokenSpan]]:
    """Return the entities of each level: of each column, or of each level in its cells.

    There are none where one column has one level.
    """
    levels: list[Sequence[TokenSpan]] = []
    for annotation in annotations:
        levels += annotation.levels or [annotation.spans]
    return levels if len(levels) > 1 else []


def _move_words(
    word_i: Iterable[int], words: Sequence[str], borders: Sequence[int]
) -> tuple[int, ...]:
    """Return the indices that words have once blank ones are left out, for those that are not."""
    moved: list[int] = []
    for i in word_i:
        if words[i]:
            # A border counts the words before it that are kept: of a kept word, it is its index.
            moved.append(borders[i])
    return tuple(moved)


def _find_blank_entities(
    spans: Iterable[TokenSpan], borders: Sequence[int], lines: Sequence[int]
) -> list[Problem]:
    """Return a problem for each entity that is lost because all its words are blank."""
    problems: list[Problem] = []
    for span in spans:
        if borders[span.start] == borders[span.end]:
            problems.append(Problem("entity of blank words only, left out", lines[span.start]))
    return problems


def _read_chunks(table: Table, chunks: TagColumn) -> SentenceAnnotation:
    """Return the chunks, whose problems say that they are about chunks."""
    if not table.chunks:
        return SentenceAnnotation(spans=())
    phrases = chunks.read(table.chunks, table.lines)
    problems: list[Problem] = []
    for problem in phrases.problems:
        problems.append(Problem(f"chunks, {problem.kind}", problem.line))
    return SentenceAnnotation(spans=phrases.spans, problems=tuple(problems))


def _read_feats(cells: Sequence[str], kept: Iterable[int]) -> tuple[str, ...]:
    """Return the features of each word that is kept; none if no row has any, or says so."""
    if not any(cells):
        return ()
    return tuple(cells[i] for i in kept)


def _read_pos(cells: Sequence[str], kept: Iterable[int]) -> tuple[str, ...]:
    """Return the part of speech of each word that is kept; none if no row has one."""
    # Of no cells at all, this holds, too.
    if MISSING_POS.issuperset(cells):
        return ()
    pos: list[str] = []
    for i in kept:
        tag = cells[i]
        pos.append("" if tag in MISSING_POS else tag)
    return tuple(pos)


class _Spacing(NamedTuple):
    """The white space before the first word, and after each word where any of it is known."""

    lead: str
    gaps: tuple[str | None, ...]
    problems: tuple[Problem, ...] = ()


def _find_spacing(table: Table, words: Sequence[str], row_gaps: list[str | None]) -> _Spacing:
    """Return the white space of the sentence: that of its text, else that of its rows.

    Args:
        table: The sentence.
        words: Its words that are not blank.
        row_gaps: The white space after each of them, as the rows have it.
    """
    from_rows = _Spacing("", _known_gaps(row_gaps))
    if table.text is None or not words:
        return from_rows
    found = find_gaps(words, table.text)
    if found is None:
        problem = Problem("text that does not fit the words, not used", table.lines[0])
        return from_rows._replace(problems=(problem,))
    lead, text_gaps = found
    # A text ends with its last word; what comes after that is known from its row, if at all.
    last_gap = text_gaps[-1] or row_gaps[-1]
    return _Spacing(lead, _known_gaps([*text_gaps[:-1], last_gap]))


def _known_gaps(gaps: Sequence[str | None]) -> tuple[str | None, ...]:
    """Return the white space after each word, or nothing if none of it is known."""
    if all(gap is None for gap in gaps):
        return ()
    return tuple(gaps)
