"""The columns of one sentence, in formats with one word a row.

A format yields a :class:`Table` for each sentence, as the file has it; :func:`read_block` makes one
of rows and a layout. Module ``table_source`` reads all tables once to learn the scheme, and
``table_sentence`` then makes sentences of them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from spacy_hf_ner.core.wording import count
from spacy_hf_ner.corpus.blocks import Block, Row, read_cell, read_metadata
from spacy_hf_ner.corpus.cells import is_tag_like
from spacy_hf_ner.corpus.columns import Layout
from spacy_hf_ner.corpus.sentence import Problem

__all__ = ["Table", "read_block"]


@dataclass(slots=True)
class Table:
    """The columns of one sentence; lists that are not empty have one item a row.

    Attributes:
        lines: The line of each row in the file.
        words: The words, blank ones too.
        tags: The cells of each column of tags, that of the outermost entities first.
        pos: Part-of-speech tags, as the file has them where they are missing too.
        upos: Parts of speech in Universal Dependencies, in the same way.
        feats: Features in Universal Dependencies, in the same way; ``"_"`` for none, ``""`` where
            they are missing.
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
    upos: list[str] = field(default_factory=list)
    feats: list[str] = field(default_factory=list)
    chunks: list[str] = field(default_factory=list)
    gaps: list[str | None] = field(default_factory=list)
    text: str | None = None
    starts_document: bool = False
    sentence_id: str = ""
    document_id: str = ""
    problems: list[Problem] = field(default_factory=list)


def read_block(block: Block, layout: Layout) -> Table:
    """Return the table of a sentence.

    Of a row of another width, nobody knows which of its cells is which::

        cells of the row                        what is read
        nothing but a tag that the file has     that tag, for a blank word; an empty cell is usual
                                                there, so that this is no problem
        more                                    the word, and from columns of tags what looks like a
                                                tag; a problem, which says whether there is any
    """
    rows: list[Sequence[str]] = []
    problems: list[Problem] = []
    for row in block.rows:
        if len(row.cells) == layout.n_columns:
            rows.append(row.cells)
        elif lone_tag := _find_lone_tag(row, layout):
            rows.append(_make_cells(layout, tag=lone_tag))
        else:
            straight = _straighten(row, layout)
            rows.append(straight)
            problems.append(_report_width(row, straight, layout))

    tag_columns: list[list[str]] = []
    for column in layout.tags:
        cells = _read_column(rows, column)
        tag_columns.append(list(map(str.strip, cells)))
    metadata = read_metadata(block)
    return Table(
        lines=[row.line for row in block.rows],
        words=_read_column(rows, layout.token),
        tags=tag_columns,
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
