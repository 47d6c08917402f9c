"""Columns of text to sentences: what all formats with one word a row have in common.

A format yields a :class:`Table` for each sentence, as the file has it; :func:`open_tables` reads
them all once to learn the scheme, and then makes sentences of them.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NoReturn

from spacy_hf_ner.corpus.sentence import Problem, Sentence, drop_blank_words, find_gaps, move_spans
from spacy_hf_ner.corpus.source import ReadOptions, Source
from spacy_hf_ner.corpus.tag_column import (
    BARE,
    MISSING_POS,
    Annotation,
    CellPairs,
    TagColumn,
    are_untyped,
    interpret_tags,
    is_untyped,
    pair_cells,
    types_of,
)
from spacy_hf_ner.errors import CorpusError


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
    tag_pairs: CellPairs = Counter()
    chunk_pairs: CellPairs = Counter()
    n_tables = n_documents = 0
    for table in read():
        n_tables += 1
        n_documents += table.starts_document
        for level in table.tags:
            tag_pairs.update(pair_cells(level))
        if table.chunks:
            chunk_pairs.update(pair_cells(table.chunks))
    is_about_chunks = options.columns.task == "chunk"
    if options.scheme != BARE and are_untyped(chunk_pairs if is_about_chunks else tag_pairs):
        _refuse_untyped(read(), name, is_about_chunks=is_about_chunks)
    try:
        tags = interpret_tags(tag_pairs, scheme="auto" if is_about_chunks else options.scheme)
        chunks = interpret_tags(chunk_pairs, scheme=options.scheme if is_about_chunks else "auto")
    except CorpusError as error:
        prefix_lines = _show_prefix_lines(read())
        raise CorpusError(f"{name}: {error}{prefix_lines}", settings=error.settings) from error
    task_tags = chunks if is_about_chunks else tags
    return Source(
        name=name,
        format=format_name,
        read=lambda: (make_sentence(table, tags, chunks) for table in read()),
        has_documents=n_documents > 0,
        n_sentences=n_tables,
        scheme=task_tags.name,
        share=task_tags.share,
        description=description,
        problems=problems,
    )


def _refuse_untyped(tables: Iterable[Table], name: str, *, is_about_chunks: bool) -> NoReturn:
    """Raise an error that names the first of the tags that have no types."""
    columns = ((table.lines, [table.chunks] if is_about_chunks else table.tags) for table in tables)
    rows = (
        (line, cell)
        for lines, levels in columns
        for cells in levels
        for line, cell in zip(lines, cells, strict=True)
    )
    line, cell = next((line, cell) for line, cell in rows if any(map(is_untyped, cell.split(","))))
    raise CorpusError(
        f"{name}:{line}: expected tags with types such as B-PER, got {cell!r}: all tags but O are "
        "prefixes without types. Write B-TYPE and I-TYPE, name another column with tag_column, or "
        'read them with scheme = "bare".',
        settings=("tag_column", "scheme"),
    )


def _show_prefix_lines(tables: Iterable[Table]) -> str:
    """Return the first line of each prefix, for a message."""
    lines: dict[str, int] = {}
    for table in tables:
        for cells in (*table.tags, table.chunks):
            for cell, line in zip(cells, table.lines, strict=False):
                if types_of([cell]):
                    lines.setdefault(cell[0].upper(), line)
    return (
        f" First lines: {', '.join(f'{prefix}- {line}' for prefix, line in sorted(lines.items()))}."
        if lines
        else ""
    )


def make_sentence(table: Table, tags: TagColumn, chunks: TagColumn) -> Sentence:
    """Return the sentence of a table; rows of blank words are left out, entities stay whole."""
    lines, problems = table.lines, table.problems
    words = [word.strip() for word in table.words]
    gaps = table.gaps or [None] * len(words)
    for i, word in enumerate(table.words):
        if not words[i]:
            problems.append(Problem("blank word, left out", lines[i]))
        elif words[i] != word:
            problems.append(Problem("white space around a word, trimmed", lines[i]))
            gaps[i] = word[len(word.rstrip()) :] or gaps[i]
    kept, borders = drop_blank_words(words)
    unknown = Annotation(spans=(), missing=tuple(range(len(words))))
    first, *others = [tags.read(level, lines) for level in table.tags] or [unknown]
    layers = (
        {span for level in (first, *others) for span in (*level.layers, *level.spans)}
        if others
        else first.layers
    )
    spans = move_spans(first.spans, borders)
    for span in first.spans:
        if borders[span.start] == borders[span.end]:
            problems.append(Problem("entity of blank words only, left out", lines[span.start]))
    for level in (first, *others):
        problems += level.problems
    phrases = chunks.read(table.chunks, lines) if table.chunks else Annotation(spans=())
    problems += [Problem(f"chunks, {problem.kind}", problem.line) for problem in phrases.problems]
    pos = ["" if tag in MISSING_POS else tag for tag in table.pos]
    lead, known_gaps = "", [gaps[i] for i in kept]
    if table.text is not None:
        found = find_gaps([words[i] for i in kept], table.text)
        if found is None:
            problems.append(Problem("text that does not fit the words, not used", lines[0]))
        else:
            lead, known_gaps = found[0], [*found[1][:-1], found[1][-1] or known_gaps[-1]]
    return Sentence(
        words=tuple(words[i] for i in kept),
        spans=spans,
        layers=move_spans(sorted(layers), borders),
        missing=tuple(borders[i] for i in first.missing if words[i]),
        gaps=tuple(known_gaps) if any(gap is not None for gap in known_gaps) else (),
        lead=lead,
        starts_document=table.starts_document,
        sentence_id=table.sentence_id,
        document_id=table.document_id,
        pos=tuple(pos[i] for i in kept) if any(pos) else (),
        chunks=move_spans(phrases.spans, borders),
        problems=tuple(problems),
        line=lines[0],
    )
