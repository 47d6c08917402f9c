"""Lines to blocks: the rows between two blank lines, with the comments that stand before them.

Here it is decided where sentences and documents begin and what comments say of them; what the cells
of a row mean is not known yet.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

__all__ = [
    "DOCUMENT_MARK",
    "Block",
    "Kind",
    "Metadata",
    "Row",
    "group_rows",
    "is_document_mark",
    "read_blocks",
    "read_cell",
    "read_metadata",
]

DOCUMENT_MARK: Final = "-DOCSTART-"

Kind = Literal["row", "blank", "mark", "comment"]

_TEXT = re.compile(r"#\s*text\s*=\s?(.*)")
_SENTENCE_ID = re.compile(r"#\s*(?:sent_id\s*=|id\s)\s*(\S+)(?:\s.*)?")
_DOCUMENT = re.compile(r"#\s*newdoc\b(?:\s*id)?\s*=?\s*(.*?)\s*")
# GermEval, between tabs: "# http://www.heise.de/tp/r4/artikel/32/32883/1.html [2010-07-04]".
_GERMEVAL_SOURCE = re.compile(r"#\t(\S+)\t\[.*")


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
    """Tell whether a row is a document mark, in whichever of its cells.

    After a number, or in quotes, the mark does not begin the line.

    >>> is_document_mark(["0", "-DOCSTART-", "O"]), is_document_mark(["a-DOCSTART-", "O"])
    (True, False)
    """
    # One search in the joined cells is cheap, and nearly all rows end here.
    if DOCUMENT_MARK not in "\t".join(cells):
        return False
    return any(cell.startswith(DOCUMENT_MARK) for cell in cells)


def read_blocks(
    lines: Iterable[tuple[int, str]],
    *,
    split: Callable[[str], list[str]],
    is_comment: Callable[[str, list[str]], bool],
    sentence: int | None = None,
    document: int | None = None,
) -> Iterator[Block]:
    """Return the blocks of a file: lines that are not blank, between lines that are.

    A line that holds only white space is blank. A document mark is no row of the block that it
    touches, and begins a new one. Comments belong to the block whose rows follow them, or in whose
    midst they stand.

    Args:
        lines: The lines with their numbers.
        split: Returns the cells of a line.
        is_comment: Tells whether a line that begins with "#", and its cells, are a comment.
        sentence: The column that names the sentence.
        document: The column that names the document.
    """
    rows = _classify_lines(lines, split, is_comment)
    return group_rows(rows, sentence=sentence, document=document)


def _classify_lines(
    lines: Iterable[tuple[int, str]],
    split: Callable[[str], list[str]],
    is_comment: Callable[[str, list[str]], bool],
) -> Iterator[tuple[Kind, Row]]:
    """Yield what each line is, and its cells; a comment is a single cell."""
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


def group_rows(
    rows: Iterable[tuple[Kind, Row]], *, sentence: int | None = None, document: int | None = None
) -> Iterator[Block]:
    """Yield the blocks of a file.

    A block ends before a blank row, a document mark, or a row with the name of another sentence or
    document. A row that names neither goes on with both.

    Args:
        rows: What each row is, and its cells.
        sentence: The column that names the sentence.
        document: The column that names the document.
    """
    has_names = sentence is not None or document is not None
    block = Block()
    document_id = ""  # of all rows so far; it outlives the block
    for kind, row in rows:
        sentence_name = document_name = ""
        if has_names and kind == "row":
            sentence_name = read_cell(row, sentence)
            document_name = read_cell(row, document)
        starts_document = kind == "mark" or document_name not in ("", document_id)
        starts_sentence = sentence_name not in ("", block.sentence_id)

        if block.rows and (kind == "blank" or starts_document or starts_sentence):
            yield block
            block = Block()

        if starts_document:
            block.starts_document = True
        if kind == "comment":
            block.comments.append(row)
        elif kind == "row":
            document_id = document_name or document_id
            block.document_id = document_id
            block.sentence_id = sentence_name or block.sentence_id
            block.rows.append(row)
    if block.rows:
        yield block


def read_cell(row: Row, column: int | None) -> str:
    """Return a cell of a row, empty if the row is too short or there is no such column."""
    if column is None or column >= len(row.cells):
        return ""
    return row.cells[column]


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the comments of a block, or its columns, say of its sentence.

    Attributes:
        text: The sentence as it was written, if a comment has it.
        starts_document: Whether a document begins with the sentence.
        sentence_id: The sentence's name.
        document_id: The document's name.
    """

    text: str | None
    starts_document: bool
    sentence_id: str
    document_id: str


def read_metadata(block: Block) -> Metadata:
    """Return what is known of a sentence; comments overrule columns, later comments earlier ones.

    >>> row = Row(3, ["no", "O"])
    >>> block = Block([row], comments=[Row(1, ["# sent_id = s-1"]), Row(2, ["# text = no"])])
    >>> read_metadata(block)
    Metadata(text='no', starts_document=False, sentence_id='s-1', document_id='')
    """
    text: str | None = None
    starts_document = block.starts_document
    sentence_id = block.sentence_id
    document_id = block.document_id
    for comment in block.comments:
        line = comment.cells[0]
        if match := _TEXT.fullmatch(line):
            text = match[1]
        elif match := _DOCUMENT.fullmatch(line):
            starts_document = True
            document_id = match[1]
        elif match := _SENTENCE_ID.fullmatch(line) or _GERMEVAL_SOURCE.fullmatch(line):
            sentence_id = match[1]
    return Metadata(text, starts_document, sentence_id, document_id)
