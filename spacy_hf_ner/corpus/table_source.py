"""Tables to a source of sentences: what all formats with one word a row have in common.

All tables are read once to count their cells, from which the scheme is told, and then again for
each reading of the sentences; where something is wrong, once more for the line to be named.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple

from spacy_hf_ner.core.wording import shorten
from spacy_hf_ner.corpus.cells import is_untyped, types_of
from spacy_hf_ner.corpus.columns import Columns
from spacy_hf_ner.corpus.sentence import Sentence
from spacy_hf_ner.corpus.source import Origin, ReadOptions, Source
from spacy_hf_ner.corpus.table import Table
from spacy_hf_ner.corpus.table_sentence import make_sentence
from spacy_hf_ner.corpus.tag_column import (
    CellPairs,
    TagColumn,
    are_untyped,
    interpret_tags,
    pair_cells,
)
from spacy_hf_ner.corpus.tag_labels import BARE
from spacy_hf_ner.corpus.tag_names import name_cells
from spacy_hf_ner.errors import CorpusError

__all__ = ["open_tables"]


def open_tables(
    read: Callable[[], Iterator[Table]], origin: Origin, options: ReadOptions
) -> Source:
    """Return the source of sentences that a format's tables make.

    Args:
        read: Returns a new iterator over the tables.
        origin: What they are read from.
        options: What the user says about the corpus.

    Raises:
        CorpusError: The tags fit no scheme, or not the one that is named, or have no types.
    """
    columns = options.columns
    if columns.tag_names:
        read = partial(_name_tags, read, columns, origin.name)
    counts = _count_cells(read())
    is_about_chunks = columns.task == "chunk"
    task_pairs = counts.chunk_pairs if is_about_chunks else counts.tag_pairs
    if options.scheme != BARE and are_untyped(task_pairs):
        raise _untyped_error(read(), origin.name, is_about_chunks=is_about_chunks)
    try:
        tags, chunks = _interpret(counts, options)
    except CorpusError as error:
        prefix_lines = _show_prefix_lines(read())
        raise CorpusError(
            f"{origin.name}: {error}{prefix_lines}", settings=error.settings
        ) from error

    def read_sentences() -> Iterator[Sentence]:
        for table in read():
            yield make_sentence(table, tags, chunks)

    task_tags = chunks if is_about_chunks else tags
    return Source(
        origin,
        read_sentences,
        has_documents=counts.has_documents,
        n_sentences=counts.n_tables,
        n_words=counts.n_words,
        scheme=task_tags.scheme_name,
        share=task_tags.share,
    )


def _name_tags(
    read: Callable[[], Iterator[Table]], columns: Columns, source: str
) -> Iterator[Table]:
    """Yield tables in which the cells of the task are names, not numbers; each table is changed."""
    for table in read():
        to_names = partial(name_cells, names=columns.tag_names, source=source, lines=table.lines)
        if columns.task == "ner":
            table.tags = list(map(to_names, table.tags))
        elif columns.task == "chunk":
            table.chunks = to_names(table.chunks)
        else:
            table.pos = to_names(table.pos)
        yield table


def _interpret(counts: "_Counts", options: ReadOptions) -> tuple[TagColumn, TagColumn]:
    """Return what the tags mean, and what the chunk tags mean.

    The scheme that the user names is that of the chunks where these are the task. Else it is that
    of the tags, which a corpus of parts of speech may have, too. The other is told from its cells.
    """
    if options.columns.task == "chunk":
        tags = interpret_tags(counts.tag_pairs)
        chunks = interpret_tags(counts.chunk_pairs, scheme=options.scheme)
    else:
        tags = interpret_tags(counts.tag_pairs, scheme=options.scheme)
        chunks = interpret_tags(counts.chunk_pairs)
    return tags, chunks


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
        for cells in table.tags:
            tag_pairs.update(pair_cells(cells))
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
                # A tag with a type begins with its prefix, of one letter.
                if types_of([cell]):
                    first_lines.setdefault(cell[0].upper(), line)
    if not first_lines:
        return ""
    shown = [f"{prefix}- {line}" for prefix, line in sorted(first_lines.items())]
    return f" First lines: {', '.join(shown)}."
