"""Lines to blocks: the rows between two blank lines, the comments before them, and where documents begin."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

DOCUMENT_MARK: Final = "-DOCSTART-"


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
        starts_document: Whether a document mark stands before them.
    """

    rows: list[Row] = field(default_factory=list)
    comments: list[Row] = field(default_factory=list)
    starts_document: bool = False


def read_blocks(
    lines: Iterable[tuple[int, str]],
    *,
    split: Callable[[str], list[str]],
    is_comment: Callable[[str, list[str]], bool],
) -> Iterator[Block]:
    """Yield the blocks of a file: lines that are not blank, between lines that are.

    A line that holds only white space is blank. A document mark is no row of the block that it touches, and begins a
    new one. Comments belong to the block whose rows follow them, or in whose midst they stand.
    """
    block = Block()
    for number, line in lines:
        if not line or line.isspace():
            if block.rows:
                yield block
                block = Block()
        elif line.startswith(DOCUMENT_MARK):
            if block.rows:
                yield block
                block = Block()
            block.starts_document = True
        else:
            cells = split(line)
            if line.startswith("#") and is_comment(line, cells):
                block.comments.append(Row(number, [line]))
            else:
                block.rows.append(Row(number, cells))
    if block.rows:
        yield block
