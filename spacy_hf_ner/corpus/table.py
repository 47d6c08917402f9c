"""Columns of text to sentences: what all formats with one word a row have in common.

A format yields a :class:`Table` for each sentence, as the file has it; :func:`read_block` makes one
of rows and a layout. :func:`open_tables` reads all tables once to learn the scheme, and then makes
sentences of them.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.core.wording import count, shorten
from spacy_hf_ner.corpus.blocks import Block, Row, read_cell, read_metadata
from spacy_hf_ner.corpus.cells import MISSING_POS, is_tag_like, is_untyped, types_of
from spacy_hf_ner.corpus.columns import Columns, Layout
from spacy_hf_ner.corpus.sentence import Problem, Sentence, drop_blank_words, find_gaps, move_spans
from spacy_hf_ner.corpus.source import ReadOptions, Source
from spacy_hf_ner.corpus.tag_column import (
    Annotation,
    CellPairs,
    TagColumn,
    are_untyped,
    interpret_tags,
    pair_cells,
)
from spacy_hf_ner.corpus.tag_labels import BARE
from spacy_hf_ner.corpus.tag_names import name_cells
from spacy_hf_ner.errors import CorpusError

__all__ = ["Table", "make_sentence", "open_tables", "read_block"]


@dataclass(slots=True)
class Table:
    """The columns of one sentence; lists that are not empty have one item a row.

    Attributes:
        lines: The line of each row in the file.
        words: The words, blank ones too.
        tags: The tag cells, one list a level, the outermost first.
        pos: Part-of-speech tags, as the file has them where they are missing too.
        chunks: Chunk tags.
        gaps: White space after each word, None where the source does not know.
        text: The sentence as it was written, if the source has it.
        starts_document: Whether a document begins here.
        sentence_id: The source's name for the sentence.
        document_id: The source's name for the document that begins here.
        problems: What was repaired so far.
    """

    lines: list[int]
    words: list[str]
    tags: list[list[str]]
    pos: list[str] = field(default_factory=list)
    chunks: list[str] = field(default_factory=list)
    gaps: list[str | None] = field(default_factory=list)
    text: str | None = None
    starts_document: bool = False
    sentence_id: str = ""
    document_id: str = ""
    problems: list[Problem] = field(default_factory=list)


# ----------------------------------------------------------------------------------------------
# rows to a table


def read_block(block: Block, layout: Layout) -> Table:
    """Return the table of a sentence.

    A row of another width has at most a tag, and only where its cell looks like one: nobody knows
    which of its cells is which. If all that it has is a tag, its word is blank, as in rows of the
    usual width that have no word.
    """
    rows: list[Sequence[str]] = []
    problems: list[Problem] = []
    for row in block.rows:
        if len(row.cells) == layout.n_columns:
            rows.append(row.cells)
        elif lone_tag := _find_lone_tag(row, layout):
            rows.append(_make_cells(layout, tag=lone_tag))
        else:
            rows.append(_straighten(row, layout))
            problems.append(_report_width(row, rows[-1], layout))

    tags: list[list[str]] = []
    for column in layout.tags:
        cells = _read_column(rows, column)
        tags.append(list(map(str.strip, cells)))
    metadata = read_metadata(block)
    return Table(
        lines=[row.line for row in block.rows],
        words=_read_column(rows, layout.token),
        tags=tags,
        pos=_read_column(rows, layout.pos),
        chunks=_read_column(rows, layout.chunk),
        text=metadata.text,
        starts_document=metadata.starts_document,
        sentence_id=metadata.sentence_id,
        document_id=metadata.document_id,
        problems=problems,
    )


def _read_column(rows: Iterable[Sequence[str]], column: int | None) -> list[str]:
    """Return the cells of a column of rows that all have it; none if there is no such column."""
    if column is None:
        return []
    return [cells[column] for cells in rows]


def _find_lone_tag(row: Row, layout: Layout) -> str:
    """Return the only filled cell of a row, if it is one of the tags of the file; else nothing.

    Words may look like tags of other files: "E-mail", "I-95".
    """
    filled = [cell.strip() for cell in row.cells if cell.strip()]
    if len(filled) == 1 and filled[0] in layout.known_tags:
        return filled[0]
    return ""


def _make_cells(layout: Layout, *, word: str = "", tag: str = "") -> list[str]:
    """Return a row with all columns, in which at most a word and its outermost tag are filled."""
    cells = [""] * layout.n_columns
    cells[layout.token] = word
    cells[layout.task_columns[0]] = tag
    return cells


def _straighten(row: Row, layout: Layout) -> list[str]:
    """Return a row of another width with all columns: its word and its tags, the others empty."""
    cells = _make_cells(layout, word=read_cell(row, layout.token))
    for column in layout.task_columns:
        cell = read_cell(row, column)
        if is_tag_like(cell.strip()):
            cells[column] = cell
    return cells


def _report_width(row: Row, straight: Sequence[str], layout: Layout) -> Problem:
    """Return the problem that a row has another width: whether its tag survives."""
    has_tag = straight[layout.task_columns[0]] != ""
    fate = "kept" if has_tag else "missing"
    width = count(len(row.cells), "column")
    return Problem(f"row of {width}, not {layout.n_columns}: its tag is {fate}", row.line)


# ----------------------------------------------------------------------------------------------
# tables to a source


def open_tables(
    read: Callable[[], Iterator[Table]],
    *,
    name: str,
    format_name: str,
    options: ReadOptions,
    description: str,
    problems: tuple[Problem, ...] = (),
) -> Source:
    """Return the source of sentences that a format's tables make.

    Args:
        read: Returns a new iterator over the tables.
        name: The file's path, or the data set's name.
        format_name: The format's name.
        options: What the user says about the corpus.
        description: Encoding, columns and the like, for people.
        problems: What was wrong with the file as a whole.

    Raises:
        CorpusError: The tags fit no scheme, or not the one that is named, or have no types.
    """
    columns = options.columns
    if columns.tag_names:
        read = partial(_name_tags, read, columns, name)
    counts = _count_cells(read())
    is_about_chunks = columns.task == "chunk"
    task_pairs = counts.chunk_pairs if is_about_chunks else counts.tag_pairs
    if options.scheme != BARE and are_untyped(task_pairs):
        raise _untyped_error(read(), name, is_about_chunks=is_about_chunks)

    # The scheme that the user names is that of the task's column; the other one is told by itself.
    tag_scheme = chunk_scheme = "auto"
    if is_about_chunks:
        chunk_scheme = options.scheme
    else:
        tag_scheme = options.scheme
    try:
        tags = interpret_tags(counts.tag_pairs, scheme=tag_scheme)
        chunks = interpret_tags(counts.chunk_pairs, scheme=chunk_scheme)
    except CorpusError as error:
        prefix_lines = _show_prefix_lines(read())
        raise CorpusError(f"{name}: {error}{prefix_lines}", settings=error.settings) from error

    def read_sentences() -> Iterator[Sentence]:
        for table in read():
            yield make_sentence(table, tags, chunks)

    task_tags = chunks if is_about_chunks else tags
    return Source(
        name=name,
        format=format_name,
        read=read_sentences,
        has_documents=counts.has_documents,
        n_sentences=counts.n_tables,
        n_words=counts.n_words,
        scheme=task_tags.name,
        share=task_tags.share,
        description=description,
        problems=problems,
    )


def _name_tags(
    read: Callable[[], Iterator[Table]], columns: Columns, source: str
) -> Iterator[Table]:
    """Yield tables with names in place of the numbers of what is asked for."""
    for table in read():
        name = partial(name_cells, names=columns.tag_names, source=source, lines=table.lines)
        if columns.task == "ner":
            table.tags = list(map(name, table.tags))
        elif columns.task == "chunk":
            table.chunks = name(table.chunks)
        else:
            table.pos = name(table.pos)
        yield table


class _Counts(NamedTuple):
    """What all tables of a source hold, in constant memory."""

    tag_pairs: CellPairs
    chunk_pairs: CellPairs
    n_tables: int
    n_words: int
    has_documents: bool


def _count_cells(tables: Iterable[Table]) -> _Counts:
    """Return how often one cell stands above another in the columns of tags and of chunks."""
    tag_pairs: CellPairs = Counter()
    chunk_pairs: CellPairs = Counter()
    n_tables = 0
    n_words = 0
    has_documents = False
    for table in tables:
        n_tables += 1
        n_words += len(table.words)
        has_documents |= table.starts_document
        for level in table.tags:
            tag_pairs.update(pair_cells(level))
        if table.chunks:
            chunk_pairs.update(pair_cells(table.chunks))
    return _Counts(tag_pairs, chunk_pairs, n_tables, n_words, has_documents)


def _untyped_error(tables: Iterable[Table], name: str, *, is_about_chunks: bool) -> CorpusError:
    """Return an error that names the first of the tags that have no types."""
    line, cell = _find_untyped(tables, is_about_chunks=is_about_chunks)
    return CorpusError(
        f"{name}:{line}: expected tags with types such as B-PER, got {shorten(cell)!r}: all tags "
        "but O are prefixes without types. Write B-TYPE and I-TYPE, name another column with "
        'tag_column, or read them with scheme = "bare".',
        settings=("tag_column", "scheme"),
    )


def _find_untyped(tables: Iterable[Table], *, is_about_chunks: bool) -> tuple[int, str]:
    """Return line and cell of the first tag without a type, of which there must be one."""
    for table in tables:
        columns = [table.chunks] if is_about_chunks else table.tags
        for cells in columns:
            # A record may lack the column of chunks that the others have.
            for line, cell in zip(table.lines, cells, strict=False):
                if any(map(is_untyped, cell.split(","))):
                    return line, cell
    raise AssertionError("the caller has counted tags without types")


def _show_prefix_lines(tables: Iterable[Table]) -> str:
    """Return the first line of each prefix, for a message."""
    first_lines: dict[str, int] = {}
    for table in tables:
        for cells in (*table.tags, table.chunks):
            for cell, line in zip(cells, table.lines, strict=False):
                if types_of([cell]):
                    first_lines.setdefault(cell[0].upper(), line)
    if not first_lines:
        return ""
    shown = [f"{prefix}- {line}" for prefix, line in sorted(first_lines.items())]
    return f" First lines: {', '.join(shown)}."


# ----------------------------------------------------------------------------------------------
# a table to a sentence


def make_sentence(table: Table, tags: TagColumn, chunks: TagColumn) -> Sentence:
    """Return the sentence of a table; rows of blank words are left out, entities stay whole."""
    trimmed = _trim_words(table)
    # Spans are read over all rows and move with the words: a blank word is no end of an entity.
    kept, borders = drop_blank_words(trimmed.words)
    words = [trimmed.words[i] for i in kept]
    gaps = [trimmed.gaps[i] for i in kept]
    levels = _read_levels(table, tags)
    outermost = levels[0]
    phrases = _read_chunks(table, chunks)
    spacing = _find_spacing(table, words, gaps)

    problems = [*table.problems, *trimmed.problems]
    problems += _find_blank_entities(outermost.spans, borders, table.lines)
    for level in levels:
        problems += level.problems
    problems += phrases.problems
    problems += spacing.problems
    return Sentence(
        words=tuple(words),
        spans=move_spans(outermost.spans, borders),
        layers=move_spans(_merge_layers(levels), borders),
        missing=tuple(borders[i] for i in outermost.missing if trimmed.words[i]),
        gaps=spacing.gaps,
        lead=spacing.lead,
        starts_document=table.starts_document,
        sentence_id=table.sentence_id,
        document_id=table.document_id,
        pos=_read_pos(table, kept),
        chunks=move_spans(phrases.spans, borders),
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


def _read_levels(table: Table, tags: TagColumn) -> list[Annotation]:
    """Return what the tags say on each level; nothing is annotated where there are none."""
    if not table.tags:
        return [Annotation(spans=(), missing=tuple(range(len(table.words))))]
    return [tags.read(cells, table.lines) for cells in table.tags]


def _merge_layers(levels: Sequence[Annotation]) -> Sequence[TokenSpan]:
    """Return the entities of all levels in order; none if there is only one level."""
    if len(levels) == 1:
        return levels[0].layers
    layers: set[TokenSpan] = set()
    for level in levels:
        layers.update(level.layers, level.spans)
    return sorted(layers)


def _find_blank_entities(
    spans: Iterable[TokenSpan], borders: Sequence[int], lines: Sequence[int]
) -> list[Problem]:
    """Return a problem for each entity that is lost because all its words are blank."""
    problems: list[Problem] = []
    for span in spans:
        if borders[span.start] == borders[span.end]:
            problems.append(Problem("entity of blank words only, left out", lines[span.start]))
    return problems


def _read_chunks(table: Table, chunks: TagColumn) -> Annotation:
    """Return the chunks, whose problems say that they are about chunks."""
    if not table.chunks:
        return Annotation(spans=())
    phrases = chunks.read(table.chunks, table.lines)
    problems: list[Problem] = []
    for problem in phrases.problems:
        problems.append(Problem(f"chunks, {problem.kind}", problem.line))
    return Annotation(spans=phrases.spans, problems=tuple(problems))


def _read_pos(table: Table, kept: Iterable[int]) -> tuple[str, ...]:
    """Return the part of speech of each word that is kept; none if no row has one."""
    if MISSING_POS.issuperset(table.pos):
        return ()
    pos: list[str] = []
    for i in kept:
        tag = table.pos[i]
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
