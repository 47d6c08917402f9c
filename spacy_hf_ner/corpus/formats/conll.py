"""CoNLL and its kin: a word a row, tabs or spaces between columns, blank lines between sentences.

Before a file is read, :func:`plan_lines` looks at its first lines. Rows become sentences in
:mod:`spacy_hf_ner.corpus.table_source`; here is what only these files have: comments that must be
told from words that begin with ``#``, quoted cells, and character offsets.
"""

import re
import shutil
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Final, NamedTuple, TextIO

from spacy.tokens import Doc

from spacy_hf_ner.core.wording import shorten
from spacy_hf_ner.corpus.blocks import (
    DOCUMENT_MARK,
    Block,
    Row,
    is_document_mark,
    read_blocks,
    read_cell,
)
from spacy_hf_ner.corpus.cells import (
    MISSING,
    MISSING_POS,
    find_separator,
    is_number,
    is_prefixed_column,
    is_tag_like,
    is_untyped,
    split_cells,
    types_of,
)
from spacy_hf_ner.corpus.columns import SAMPLE, Layout, plan_layout
from spacy_hf_ner.corpus.format import Format, Target
from spacy_hf_ner.corpus.sentence import Problem, Sentence
from spacy_hf_ner.corpus.source import ReadOptions, Source
from spacy_hf_ner.corpus.table import Table, read_block
from spacy_hf_ner.corpus.table_source import open_tables
from spacy_hf_ner.corpus.tag_column import DEFAULT_SCHEME, write_cells, write_sentence_tags
from spacy_hf_ner.corpus.text_files import TextFile, open_text
from spacy_hf_ner.errors import CorpusError

__all__ = ["CONLL", "CoNLLWriter", "LinePlan", "is_conll", "open_conll", "plan_lines"]

_GLOBAL_COLUMNS = re.compile(r"#\s*global\.columns\s*=\s*(\S.*)")
# What a file begins with whose columns would be misunderstood without names.
COLUMN_NAMES: Final = "# global.columns = FORM UPOS CHUNK NER\n"
# A cell in quotes with at least one quote in it, doubled.
_QUOTED = re.compile(r'"(?:[^"]*"")+[^"]*"')

Line = tuple[int, str]
"""A line and its number, from 1."""


def open_conll(file: TextFile, options: ReadOptions) -> Source:
    """Return a file of words and tags in columns as a source.

    Raises:
        CorpusError: The file holds no rows, no tags, or tags of no scheme.
    """
    plan = plan_lines(file, options)
    layout = plan.layout
    has_offsets = layout.start_char is not None

    def tables() -> Iterator[Table]:
        end_char = 0
        for block in _read_file(file, plan):
            table = read_block(block, layout)
            if has_offsets:
                table, end_char = _use_offsets(table, block, layout, end_char)
            yield table

    origin = file.make_origin("conll", layout.find_problems(plan.header_line)).describe(str(layout))
    return open_tables(tables, origin, options)


def _read_file(file: TextFile, plan: "LinePlan") -> Iterator[Block]:
    """Return the blocks of a file without its header."""
    lines = ((number, line) for number, line in file.lines() if number != plan.header_line)
    return read_blocks(
        lines,
        split=plan.split,
        is_comment=plan.is_comment,
        sentence=plan.layout.sentence,
        document=plan.layout.document,
    )


# ----------------------------------------------------------------------------------------------
# what the lines of a file are


@dataclass(frozen=True, slots=True)
class LinePlan:
    """How the lines of a file are to be read.

    Attributes:
        layout: Which column holds what.
        header_line: The line that names the columns, or 0.
        labels: The tags of the rows that are surely none of comments, and their types.
        is_prefixed: Whether these tags have prefixes.
        is_quoted: Whether cells that hold a quote are in quotes, as tables are exported.
    """

    layout: Layout
    header_line: int = 0
    labels: frozenset[str] = frozenset()
    is_prefixed: bool = True
    is_quoted: bool = False

    def split(self, line: str) -> list[str]:
        """Return the cells of a line, without the quotes around them where they are in quotes."""
        cells = split_cells(line, self.layout.separator)
        if self.is_quoted and '"' in line:
            return list(map(_unquote, cells))
        return cells

    def is_comment(self, line: str, cells: Sequence[str]) -> bool:
        """Tell a comment from a row whose word begins with "#".

        A row has all columns, and a tag in the right one.
        """
        layout = self.layout
        if len(cells) != layout.n_columns:
            # "# text = Oh no!" has some other number of cells, in nearly any file.
            return True
        if layout.index is not None and not cells[layout.index].isdecimal():
            # Where words are numbered, a row begins with its number, whatever its word (GermEval,
            # UNER).
            return True
        tag = cells[layout.task_columns[0]]
        if is_tag_like(tag) or tag in self.labels:
            # "#NFL O" (WNUT-17), or "#c PER" in a file of bare types.
            return False
        if line[1:2].isspace():
            # "# id 17" has a number of cells by chance. With tabs, a word "#" may lack its
            # annotation.
            return layout.separator == " " or tag not in MISSING
        if tag.isdecimal():
            # "#id 17": no entity type is a number.
            return True
        # "#sentence two" beside tags with prefixes. Beside bare types, it may be a hashtag of a new
        # type; a missing or damaged tag ("#c -", "#e B-") is that of a hashtag, too.
        is_nearly_tag = is_untyped(tag) or tag in MISSING
        return self.is_prefixed and not is_nearly_tag


def plan_lines(file: TextFile, options: ReadOptions) -> LinePlan:
    """Return how the lines of a file are to be read, from the first of them.

    Raises:
        CorpusError: The file holds no rows, or no column of tags.
    """
    plain, hashed = _read_sample(file)
    # Comments must not count as rows; but if all lines begin with "#", they are words that do.
    row_lines = plain or hashed
    separator = options.columns.separator or _find_separator(row_lines)
    rows = _split_rows(row_lines, separator)
    cells = [row.cells for row in rows]
    layout = plan_layout(
        cells,
        separator=separator,
        columns=options.columns,
        path=file.path,
        header=_find_column_names(hashed),
    )
    body = cells[1:] if layout.has_header_row else cells
    labels = _read_labels(body, layout)
    labels += _read_labels((split_cells(line, separator) for _, line in hashed), layout)
    return LinePlan(
        layout,
        header_line=rows[0].line if layout.has_header_row else 0,
        labels=frozenset(labels) - MISSING | types_of(labels),
        is_prefixed=is_prefixed_column(labels),
        # Only tables that programs export have quotes around cells, and these have headers.
        is_quoted=layout.has_header_row and separator == "\t" and _are_quoted(cells),
    )


def _read_sample(file: TextFile) -> tuple[list[Line], list[Line]]:
    """Return the first lines of a file: rows, and lines that begin with "#", which may be rows.

    Blank lines are left out.
    """
    plain: list[Line] = []
    hashed: list[Line] = []
    for number, line in islice(file.lines(), SAMPLE):
        if line.startswith("#"):
            hashed.append((number, line))
        elif line.strip():
            plain.append((number, line))
    return plain, hashed


def _find_column_names(comments: Iterable[Line]) -> list[str] | None:
    """Return the names of the columns if a comment has them, as in CoNLL-U Plus."""
    for _, comment in comments:
        match = _GLOBAL_COLUMNS.match(comment)
        if match:
            return match[1].split()
    return None


def _find_separator(lines: Iterable[Line]) -> str:
    """Return what separates cells; document marks are often written otherwise than rows."""
    return find_separator(line for _, line in lines if not line.startswith(DOCUMENT_MARK))


def _split_rows(lines: Iterable[Line], separator: str) -> list[Row]:
    """Return the rows among lines without comments: all but document marks."""
    rows: list[Row] = []
    for number, line in lines:
        cells = split_cells(line, separator)
        if not is_document_mark(cells):
            rows.append(Row(number, cells))
    return rows


def _read_labels(rows: Iterable[Sequence[str]], layout: Layout) -> list[str]:
    """Return the tags of the rows that are surely none of comments.

    Args:
        rows: The cells of the first lines, of comments too.
        layout: Which column holds what.
    """
    task_column = layout.task_columns[0]
    labels: list[str] = []
    for cells in rows:
        if len(cells) != layout.n_columns:
            continue
        label = cells[task_column]
        if is_tag_like(label) or not cells[0].startswith("#"):
            labels.append(label)
    return labels


def _are_quoted(rows: Iterable[Sequence[str]]) -> bool:
    """Tell whether there are cells with quotes, and all of them are in quotes."""
    has_quotes = False
    for cells in rows:
        for cell in cells:
            if '"' not in cell:
                continue
            if not _QUOTED.fullmatch(cell):
                return False
            has_quotes = True
    return has_quotes


def _unquote(cell: str) -> str:
    """Return what a cell in quotes holds, or the cell if it is in none."""
    if _QUOTED.fullmatch(cell):
        return cell[1:-1].replace('""', '"')
    return cell


# ----------------------------------------------------------------------------------------------
# character offsets


class _Offsets(NamedTuple):
    """Where each word of a sentence begins and ends in its document, in characters."""

    starts: list[int]
    ends: list[int]


def _use_offsets(table: Table, block: Block, layout: Layout, end_char: int) -> tuple[Table, int]:
    """Return the table with the white space and document start that offsets show.

    Args:
        table: The sentence's table.
        block: Its rows.
        layout: Which columns hold the offsets.
        end_char: Where the last word before the sentence ended.

    Returns:
        The table, and where the last word of the sentence ends.
    """
    offsets = _read_offsets(block, layout)
    if offsets is None:
        problem = Problem("character offsets that are no numbers, not used", table.lines[0])
        return replace(table, problems=[*table.problems, problem]), end_char
    # Every document counts from 0 again.
    is_first = end_char == 0 or offsets.starts[0] < end_char
    used = replace(
        table,
        gaps=_gaps_between_words(offsets),
        starts_document=table.starts_document or is_first,
    )
    return used, offsets.ends[-1]


def _read_offsets(block: Block, layout: Layout) -> _Offsets | None:
    """Return the character offsets of the words, or None if some cell is no number."""
    offsets = _Offsets([], [])
    for row in block.rows:
        start = read_cell(row, layout.start_char)
        end = read_cell(row, layout.end_char)
        if not (is_number(start) and is_number(end)):
            return None
        offsets.starts.append(int(start))
        offsets.ends.append(int(end))
    return offsets


def _gaps_between_words(offsets: _Offsets) -> list[str | None]:
    """Return the white space after each word, which is unknown after the last one.

    ::

        characters  0123456
        words       Oh no!
        starts      0  3 5
        ends         2  5 6       2 < 3: a space; 5 = 5: none
    """
    gaps: list[str | None] = []
    next_starts = offsets.starts[1:]
    for end, next_start in zip(offsets.ends, next_starts, strict=False):
        gaps.append(" " if next_start > end else "")
    gaps.append(None)
    return gaps


# ----------------------------------------------------------------------------------------------
# writing


class CoNLLWriter:
    """Writes four columns separated by tabs: word, part of speech, chunk, tag.

    Where the cells alone would be taken for something else (words "1", "2", "3" for an index, tags
    that are all missing for none), a first line names the columns. Files are read back before they
    are handed out, so that what was written is what others will read.
    """

    def __init__(self, target: Target) -> None:
        self._path = target.path
        self._file: TextIO = self._path.open("w", encoding="utf-8", newline="\n")
        self._scheme = target.scheme
        self._fingerprints = array("q")  # of each sentence
        self._source = "the corpus"

    def add(self, sentences: Sequence[Sentence], doc: Doc) -> None:
        """Take one document.

        Raises:
            CorpusError: A word, or one of its tags, holds a tab or a line end, or is a document
                mark.
        """
        self._source = doc.user_data.get("source", self._source)
        self._file.write("-DOCSTART-\t-X-\t-X-\tO\n\n")
        for i, sentence in enumerate(sentences):
            rows = _make_rows(sentence, self._scheme)
            text = "\n".join(map("\t".join, rows)) + "\n"
            if _breaks_columns(text, len(rows)) or _holds_mark(text, rows):
                raise _refuse_cell(rows, self._source)
            self._file.write(text + "\n")
            self._fingerprints.append(_fingerprint(sentence, starts_document=i == 0))

    def finish(self) -> None:
        """Make sure that the file is read back as it was written.

        Raises:
            CorpusError: It is not, whether its columns are named or not.
        """
        self._file.close()
        if self._find_difference() is None:
            return
        self._name_columns()
        difference = self._find_difference()
        if difference is not None:
            raise CorpusError(
                f"{self._source}: expected sentences that columns of text can hold, got one that "
                f"would be read back otherwise: {difference}. "
                "Write .spacy or .parquet, which hold any word, or correct the corpus."
            )

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _name_columns(self) -> None:
        """Put a line before all others that names the columns."""
        plain = self._path.with_name(f"{self._path.name}.plain")
        self._path.rename(plain)
        with plain.open("rb") as rows, self._path.open("wb") as file:
            file.write(COLUMN_NAMES.encode())
            shutil.copyfileobj(rows, file)
        plain.unlink()

    def _find_difference(self) -> str | None:
        """Return how the file is read back where that is not as it was written, or None."""
        try:
            source = open_conll(open_text(self._path), ReadOptions())
        except CorpusError as error:
            return str(error).replace(str(self._path), self._path.name)
        sentences = source.read()
        for number, written in enumerate(self._fingerprints, start=1):
            sentence = next(sentences, None)
            if sentence is None:
                return f"sentence {number} is not there"
            if _fingerprint(sentence, starts_document=sentence.starts_document) != written:
                words = shorten(" ".join(sentence.words))
                entities = shorten(", ".join(span.entity_type for span in sentence.spans))
                return f"sentence {number} as {words!r} with entities {entities or 'of no type'}"
        return None


def _fingerprint(sentence: Sentence, *, starts_document: bool) -> int:
    """Return a number that is the same for sentences that are the same in columns."""
    pos: list[str] = []
    for tag in sentence.pos:
        pos.append("" if tag in MISSING_POS else tag)
    if not any(pos):
        pos = []
    annotation = (sentence.spans, sentence.missing, sentence.chunks)
    return hash((sentence.words, tuple(pos), annotation, starts_document))


def _make_rows(sentence: Sentence, scheme: str) -> list[tuple[str, ...]]:
    """Return word, part of speech, chunk and tag of each word."""
    n_words = len(sentence.words)
    nothing = ["_"] * n_words
    pos = [tag or "_" for tag in sentence.pos] or nothing
    chunks = nothing
    if sentence.chunks:
        chunks = write_cells(sentence.chunks, n_words, DEFAULT_SCHEME)
    tags = [tag or "-" for tag in write_sentence_tags(sentence, scheme)]
    return list(zip(sentence.words, pos, chunks, tags, strict=True))


def _breaks_columns(text: str, n_rows: int) -> bool:
    """Tell whether cells hold tabs or line ends: there are more than rows of four cells need."""
    if text.count("\t") != 3 * n_rows or text.count("\n") != n_rows:
        return True
    return "\r" in text


def _holds_mark(text: str, rows: Iterable[Sequence[str]]) -> bool:
    """Tell whether a row of the text would be read as a document mark."""
    return DOCUMENT_MARK in text and any(map(is_document_mark, rows))


def _refuse_cell(rows: Iterable[Sequence[str]], source: str) -> CorpusError:
    """Return an error that names the first cell that breaks the columns, else the first mark."""
    expected, got = _describe_refusal(list(chain.from_iterable(rows)))
    return CorpusError(
        f"{source}: expected {expected}, got {got}. "
        "Write .spacy or .parquet, which hold any word, or correct the corpus."
    )


def _describe_refusal(cells: Sequence[str]) -> tuple[str, str]:
    for cell in cells:
        if not set("\t\n\r").isdisjoint(cell):
            got = f"{shorten(cell)!r}: a tab or a line end in it would break the columns"
            return "words and tags on one line", got
    mark = next(cell for cell in cells if cell.startswith(DOCUMENT_MARK))
    got = f"{shorten(mark)!r}: it would begin a new document"
    return "words and tags that are no document marks", got


def is_conll(head: Sequence[str]) -> bool:  # noqa: ARG001 - the interface of all formats
    """Tell whether a text can be columns: whatever no format before this one in the list takes."""
    return True


CONLL: Final = Format(
    name="conll",
    shared_suffixes=(
        ".annotated",
        ".bio",
        ".bioes",
        ".bmes",
        ".conll",
        ".data",
        ".dev",
        ".iob",
        ".iob2",
        ".ner",
        ".test",
        ".train",
        ".tsv",
        ".txt",
    ),
    sniff=is_conll,
    open_text=open_conll,
    written_suffixes=(".conll", ".tsv"),
    open_writer=CoNLLWriter,
)
