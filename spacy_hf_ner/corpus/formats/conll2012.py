"""CoNLL-2012 (OntoNotes): eleven columns and more, in which brackets show where entities lie.

::

    bc/cctv/00  0  0  The    DT   …  (ORG*     The Red Cross is an ORG
    bc/cctv/00  0  1  Red    NNP  …  *
    bc/cctv/00  0  2  Cross  NNP  …  *)
    bc/cctv/00  0  3  left   VBD  …  *

Source: https://conll.cemantix.org/2012/data.html
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from spacy_hf_ner.corpus.blocks import Block, Row, read_blocks, read_cell
from spacy_hf_ner.corpus.cells import MISSING, split_cells
from spacy_hf_ner.corpus.format import Format
from spacy_hf_ner.corpus.sentence import Problem
from spacy_hf_ner.corpus.source import ReadOptions, Source
from spacy_hf_ner.corpus.table import Table
from spacy_hf_ner.corpus.table_source import open_tables
from spacy_hf_ner.corpus.text_files import TextFile
from spacy_hf_ner.errors import CorpusError

__all__ = ["CONLL_2012", "is_conll_2012", "open_conll_2012", "read_brackets"]

DOCUMENT: Final = 0
PART: Final = 1
NUMBER: Final = 2
WORD: Final = 3
POS: Final = 4
ENTITIES: Final = 10

_BEGIN = re.compile(r"#begin document \((.*)\); part (\d+)\s*")
_CELL = re.compile(r"(\([^()*\s]+)*\*?\)*")
_MARK = re.compile(r"\(([^()*]+)|\)")


def open_conll_2012(file: TextFile, options: ReadOptions) -> Source:
    """Return a file with brackets as a source.

    Raises:
        CorpusError: Something is asked for that such files do not hold.
    """
    columns = options.columns
    if columns.task == "chunk" or columns.token is not None or columns.tag is not None:
        raise CorpusError(
            f"{file.path}: expected entities or parts of speech of CoNLL-2012, whose columns are "
            "known, got settings that name others. Leave column, token_column and tag_column "
            "out, or set format to that of the file.",
            settings=("column", "token_column", "tag_column", "format"),
        )

    def tables() -> Iterator[Table]:
        for block in _read_file(file):
            table = _read_block(block)
            if columns.task == "pos":
                table.tags = []
            yield table

    origin = file.make_origin("conll2012").describe("entities in brackets")
    return open_tables(tables, origin, options)


def _read_file(file: TextFile) -> Iterator[Block]:
    return read_blocks(
        file.lines(),
        split=_split,
        is_comment=lambda line, _cells: line.startswith(("#begin", "#end")),
    )


def _split(line: str) -> list[str]:
    """Return the cells of a line, which tabs or runs of spaces separate."""
    return split_cells(line, "\t" if "\t" in line else " ")


def _read_block(block: Block) -> Table:
    """Return the table of a sentence, whose entities become tags in IOB2, one list a level."""
    table = Table(
        lines=[row.line for row in block.rows],
        words=_read_column(block, WORD),
        tags=[],
        pos=_read_column(block, POS),
    )
    for comment in block.comments:
        match = _BEGIN.fullmatch(comment.cells[0])
        if match:
            table.starts_document = True
            table.document_id = f"{match[1]}, part {int(match[2])}"
    table.tags = read_brackets(block.rows, table.problems)
    return table


@dataclass(slots=True)
class _Levels:
    """The tags of all words so far, one list a level, and the entities that are open."""

    n_words: int
    tags: list[list[str]] = field(default_factory=list)
    open_types: list[str] = field(default_factory=list)

    def set_tag(self, level: int, word_i: int, tag: str) -> None:
        while len(self.tags) <= level:
            self.tags.append(["O"] * self.n_words)
        self.tags[level][word_i] = tag


def read_brackets(rows: Sequence[Row], problems: list[Problem]) -> list[list[str]]:
    """Return the tags of a sentence in IOB2, the outermost level first; empty where missing.

    Args:
        rows: The rows of the sentence.
        problems: Takes a problem for each bracket without its other one.
    """
    levels = _Levels(n_words=len(rows))
    for word_i, row in enumerate(rows):
        cell = read_cell(row, ENTITIES)
        is_missing = cell in MISSING or not _CELL.fullmatch(cell)
        if is_missing:
            levels.set_tag(0, word_i, "")
            if cell not in MISSING:
                problems.append(Problem("cell that is no bracket, its tag is missing", row.line))
            continue
        for level, entity_type in enumerate(levels.open_types):
            levels.set_tag(level, word_i, f"I-{entity_type}")
        n_closed = 0
        for mark in _MARK.finditer(cell):
            if mark[1]:
                levels.set_tag(len(levels.open_types), word_i, f"B-{mark[1]}")
                levels.open_types.append(mark[1])
            else:
                n_closed += 1
        if n_closed > len(levels.open_types):
            problems.append(Problem("bracket that closes no entity, left out", row.line))
        del levels.open_types[max(0, len(levels.open_types) - n_closed) :]
    if levels.open_types:
        problems.append(Problem("entity that is not closed, ends with its sentence", rows[-1].line))
    return levels.tags or [["O"] * len(rows)]


def _read_column(block: Block, column: int) -> list[str]:
    return [read_cell(row, column) for row in block.rows]


def is_conll_2012(head: Sequence[str]) -> bool:
    """Tell whether most of the first lines are numbered rows with brackets in their place."""
    rows: list[list[str]] = []
    for line in head:
        if not line.startswith(("#begin", "#end")):
            rows.append(_split(line))
    n_fitting = sum(map(_is_row, rows))
    return n_fitting > len(rows) / 2 and _has_stars(rows)


def _is_row(cells: Sequence[str]) -> bool:
    if len(cells) <= ENTITIES or not (cells[PART].isdecimal() and cells[NUMBER].isdecimal()):
        return False
    return _CELL.fullmatch(cells[ENTITIES]) is not None


def _has_stars(rows: Iterable[Sequence[str]]) -> bool:
    """Tell whether words without a bracket have a star, as nothing but such files has."""
    return any(len(cells) > ENTITIES and "*" in cells[ENTITIES] for cells in rows)


CONLL_2012: Final = Format(
    name="conll2012",
    shared_suffixes=(".gold_conll", ".v4_auto_conll", ".v4_gold_conll", ".v9_gold_conll"),
    sniff=is_conll_2012,
    open_text=open_conll_2012,
)
