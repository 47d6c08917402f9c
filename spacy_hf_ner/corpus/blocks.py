"""Lines to blocks: the rows between two blank lines, the comments before them, and where documents begin."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

DOCUMENT_MARK: Final = "-DOCSTART-"

Kind = Literal["row", "blank", "mark", "comment"]


class Row(NamedTuple):
    """One row of a file: its line number from 1, and its cells."""

    line: int
    cells: list[str]


@dataclass(slots=True)
class Block:
    """The rows of one sentence.

    Attributes:
        rows: The rows, at least one.
        comments: The comment lines before or among them.
        starts_document: Whether a document begins with them.
        sentence_id: The sentence's name, where a column holds it.
        document_id: The document's name, where a column holds it.
    """

    rows: list[Row] = field(default_factory=list)
    comments: list[Row] = field(default_factory=list)
    starts_document: bool = False
    sentence_id: str = ""
    document_id: str = ""


def is_document_mark(cells: Sequence[str]) -> bool:
    """Tell whether a row is a document mark: after a number, or in quotes, it does not begin the line."""
    return DOCUMENT_MARK in "\t".join(cells) and any(
        cell.startswith(DOCUMENT_MARK) for cell in cells
    )


def read_blocks(
    lines: Iterable[tuple[int, str]],
    *,
    split: Callable[[str], list[str]],
    is_comment: Callable[[str, list[str]], bool],
    sentence: int | None = None,
    document: int | None = None,
) -> Iterator[Block]:
    """Return the blocks of a file: lines that are not blank, between lines that are.

    A line that holds only white space is blank. A document mark is no row of the block that it touches, and begins a
    new one. Comments belong to the block whose rows follow them, or in whose midst they stand.

    Args:
        lines: The lines with their numbers.
        split: Returns the cells of a line.
        is_comment: Tells whether a line that begins with "#", and its cells, are a comment.
        sentence: The column that names the sentence.
        document: The column that names the document.
    """

    def classify() -> Iterator[tuple[Kind, Row]]:
        for number, line in lines:
            if not line or line.isspace():
                yield "blank", Row(number, [])
                continue
            cells = split(line)
            if line.startswith("#") and is_comment(line, cells):
                yield "comment", Row(number, [line])
            elif DOCUMENT_MARK in line and is_document_mark(cells):
                yield "mark", Row(number, cells)
            else:
                yield "row", Row(number, cells)

    return group_rows(classify(), sentence=sentence, document=document)


def group_rows(
    rows: Iterable[tuple[Kind, Row]], *, sentence: int | None = None, document: int | None = None
) -> Iterator[Block]:
    """Yield the blocks: blank rows and marks end them, and so do another sentence's or document's name in its column.

    A row that names neither goes on with both.
    """
    block = Block()
    document_id = name = document_name = ""
    has_names = sentence is not None or document is not None
    for kind, row in rows:
        is_row = kind == "row"
        if has_names:
            name, document_name = (
                (read_cell(row, sentence), read_cell(row, document)) if is_row else ("", "")
            )
        starts_document = kind == "mark" or document_name not in ("", document_id)
        if block.rows and (
            kind == "blank" or starts_document or name not in ("", block.sentence_id)
        ):
            yield block
            block = Block()
        block.starts_document |= starts_document
        if kind == "comment":
            block.comments.append(row)
        elif is_row:
            document_id = document_name or document_id
            block.sentence_id, block.document_id = name or block.sentence_id, document_id
            block.rows.append(row)
    if block.rows:
        yield block


def read_cell(row: Row, column: int | None) -> str:
    """Return a cell of a row, empty if the row is too short or there is no such column."""
    return row.cells[column] if column is not None and column < len(row.cells) else ""
