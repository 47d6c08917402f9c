"""CoNLL and its kin: a word a row, tabs or spaces between columns, blank lines between sentences."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, TextIO, TypedDict

from spacy.tokens import Doc

from spacy_hf_ner.corpus.blocks import (
    DOCUMENT_MARK,
    Block,
    is_document_mark,
    read_blocks,
    read_cell,
)
from spacy_hf_ner.corpus.columns import (
    SAMPLE,
    Layout,
    find_separator,
    is_number,
    is_prefixed_column,
    plan_layout,
    split_cells,
)
from spacy_hf_ner.corpus.format import Format, Target
from spacy_hf_ner.corpus.sentence import Problem, Sentence
from spacy_hf_ner.corpus.source import ReadOptions, Source
from spacy_hf_ner.corpus.table import Table, open_tables
from spacy_hf_ner.corpus.tag_column import (
    DEFAULT_SCHEME,
    MISSING,
    is_tag_like,
    is_untyped,
    types_of,
    write_cells,
    write_sentence_tags,
)
from spacy_hf_ner.corpus.text_files import TextFile
from spacy_hf_ner.errors import CorpusError

TEXT: Final = re.compile(r"#\s*text\s*=\s?(.*)")
SENTENCE_ID: Final = re.compile(r"#\s*(?:sent_id\s*=|id\s)\s*(\S+)(?:\s.*)?")
DOCUMENT: Final = re.compile(r"#\s*newdoc\b(?:\s*id)?\s*=?\s*(.*?)\s*")
GLOBAL_COLUMNS: Final = re.compile(r"#\s*global\.columns\s*=\s*(.+)")
QUOTED: Final = re.compile(r'"(?:[^"]*"")+[^"]*"')
GERMEVAL_SOURCE: Final = re.compile(r"#\t(\S+)\t\[.*")


def open_conll(file: TextFile, options: ReadOptions) -> Source:
    """Return a file of words and tags in columns as a source.

    Raises:
        CorpusError: The file holds no rows, no tags, or tags of no scheme.
    """
    plan = _plan(file, options)
    layout = plan.layout

    def tables() -> Iterator[Table]:
        lines = ((number, line) for number, line in file.lines() if number != plan.header_line)
        end_char = 0
        blocks = read_blocks(
            lines,
            split=plan.split,
            is_comment=plan.is_comment,
            sentence=layout.sentence,
            document=layout.document,
        )
        for block in blocks:
            table = read_block(block, layout)
            if layout.start_char is not None:
                end_char = _read_offsets(table, block, layout, end_char)
            yield table

    return open_tables(
        tables,
        name=str(file.path),
        format_name="conll",
        options=options,
        description=f"{file.encoding}, {layout}",
        problems=(*file.problems, *layout.find_problems(plan.header_line)),
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    """How the lines of a file are to be read.

    Attributes:
        layout: Which column holds what.
        header_line: The line that names the columns, or 0.
        labels: The tags of the rows that are surely none of comments, and their types.
        is_prefixed: Whether these tags have prefixes.
        is_quoted: Whether cells that hold a quote are in quotes, as tables are exported.
    """

    layout: Layout
    header_line: int
    labels: frozenset[str]
    is_prefixed: bool
    is_quoted: bool

    def split(self, line: str) -> list[str]:
        cells = split_cells(line, self.layout.separator)
        if not self.is_quoted or '"' not in line:
            return cells
        return [cell[1:-1].replace('""', '"') if QUOTED.fullmatch(cell) else cell for cell in cells]

    def is_comment(self, line: str, cells: list[str]) -> bool:
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
        tag = cells[layout.task_column or 0]
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


def _plan(file: TextFile, options: ReadOptions) -> _Plan:
    """Look at the first lines of a file."""
    sample = [(n, line) for n, line in islice(file.lines(), SAMPLE) if line.strip()]
    named = next(
        (match[1].split() for _, line in sample if (match := GLOBAL_COLUMNS.match(line))), None
    )
    lines = [(n, line) for n, line in sample if not line.startswith("#")] or sample
    separator = options.columns.separator or find_separator(
        line for _, line in lines if not line.startswith(DOCUMENT_MARK)
    )
    numbered = [(n, split_cells(line, separator)) for n, line in lines]
    numbered = [(n, cells) for n, cells in numbered if not is_document_mark(cells)]
    rows = [cells for _, cells in numbered]
    layout = plan_layout(
        rows, separator=separator, columns=options.columns, path=file.path, header=named
    )
    has_header_row = layout.has_header_row
    task_column = layout.task_column or 0
    hashed = [split_cells(line, separator) for _, line in sample if line.startswith("#")]
    whole = [row for row in (*rows[has_header_row:], *hashed) if len(row) == layout.n_columns]
    column = [
        row[task_column]
        for row in whole
        if is_tag_like(row[task_column]) or not row[0].startswith("#")
    ]
    quoted = (
        [cell for row in rows for cell in row if '"' in cell]
        if has_header_row and separator == "\t"
        else []
    )
    return _Plan(
        layout,
        header_line=numbered[0][0] if has_header_row else 0,
        labels=frozenset(column) - MISSING | types_of(column),
        is_prefixed=is_prefixed_column(column),
        is_quoted=bool(quoted) and all(map(QUOTED.fullmatch, quoted)),
    )


def read_block(block: Block, layout: Layout) -> Table:
    """Return the table of a sentence.

    A row of another width has at most a tag, and only where that looks like one.
    """
    problems: list[Problem] = []
    tags = [[cell.strip() for cell in _read_column(block, column)] for column in layout.tags]
    pos, chunks = _read_column(block, layout.pos), _read_column(block, layout.chunk)
    task_cells = tags[0] if tags else chunks or pos
    for i, row in enumerate(block.rows):
        if len(row.cells) == layout.n_columns:
            continue
        fate = "kept" if is_tag_like(task_cells[i]) else "missing"
        problems.append(
            Problem(
                f"row of {len(row.cells)} columns, not {layout.n_columns}: its tag is {fate}",
                row.line,
            )
        )
        for level in tags or (task_cells,):
            level[i] = level[i] if is_tag_like(level[i]) else ""
        for other in (pos, chunks):
            if other and other is not task_cells:
                other[i] = ""
    return Table(
        lines=[row.line for row in block.rows],
        words=_read_column(block, layout.token),
        tags=tags,
        pos=pos,
        chunks=chunks,
        problems=problems,
        **read_comments(block),
    )


def _read_column(block: Block, column: int | None) -> list[str]:
    """Return the cells of a column; none at all if there is no such column."""
    return [] if column is None else [read_cell(row, column) for row in block.rows]


class Comments(TypedDict):
    """What the comments of a block say of its sentence."""

    text: str | None
    starts_document: bool
    sentence_id: str
    document_id: str


def read_comments(block: Block) -> Comments:
    """Return what the comments of a block, or its columns, say of its sentence."""
    said = Comments(
        text=None,
        starts_document=block.starts_document,
        sentence_id=block.sentence_id,
        document_id=block.document_id,
    )
    for comment in block.comments:
        line = comment.cells[0]
        if match := TEXT.fullmatch(line):
            said["text"] = match[1]
        elif match := DOCUMENT.fullmatch(line):
            said["starts_document"], said["document_id"] = True, match[1]
        elif match := SENTENCE_ID.fullmatch(line) or GERMEVAL_SOURCE.fullmatch(line):
            said["sentence_id"] = match[1]
    return said


def _read_offsets(table: Table, block: Block, layout: Layout, end_char: int) -> int:
    """Fill in white space and document starts from character offsets; return the last end."""
    assert layout.start_char is not None
    assert layout.end_char is not None
    columns = _read_column(block, layout.start_char), _read_column(block, layout.end_char)
    offsets = list(zip(*columns, strict=True))
    if not all(is_number(start) and is_number(end) for start, end in offsets):
        table.problems.append(
            Problem("character offsets that are no numbers, not used", table.lines[0])
        )
        return end_char
    starts, ends = [int(start) for start, _ in offsets], [int(end) for _, end in offsets]
    table.starts_document |= starts[0] < end_char or end_char == 0
    table.gaps = [" " if start > end else "" for end, start in zip(ends, starts[1:], strict=False)]
    table.gaps.append(None)
    return ends[-1]


class CoNLLWriter:
    """Writes four columns separated by tabs: word, part of speech, chunk, tag."""

    def __init__(self, target: Target) -> None:
        self._file: TextIO = target.path.open("w", encoding="utf-8", newline="\n")
        self._scheme = target.scheme

    def add(self, sentences: Sequence[Sentence], doc: Doc) -> None:
        """Take one document.

        Raises:
            CorpusError: A word, or one of its tags, holds a tab or a line end, or is a document
                mark.
        """
        self._file.write("-DOCSTART-\t-X-\t-X-\tO\n\n")
        for sentence in sentences:
            n_words = len(sentence.words)
            pos = [tag or "_" for tag in sentence.pos] or ["_"] * n_words
            chunks = (
                write_cells(sentence.chunks, n_words, DEFAULT_SCHEME)
                if sentence.chunks
                else ["_"] * n_words
            )
            tags = [tag or "-" for tag in write_sentence_tags(sentence, self._scheme)]
            rows = list(zip(sentence.words, pos, chunks, tags, strict=True))
            text = "".join("\t".join(row) + "\n" for row in rows)
            is_cut = (text.count("\t"), text.count("\n"), text.count("\r")) != (
                3 * n_words,
                n_words,
                0,
            )
            if is_cut or (DOCUMENT_MARK in text and any(map(is_document_mark, rows))):
                raise _refuse_cell(rows, doc)
            self._file.write(text + "\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _refuse_cell(rows: Iterable[Sequence[str]], doc: Doc) -> CorpusError:
    cells = [cell for row in rows for cell in row]
    cut = next((cell for cell in cells if any(mark in cell for mark in "\t\n\r")), None)
    if cut is None:
        cell = next(cell for cell in cells if cell.startswith(DOCUMENT_MARK))
        found = f"words and tags that are no document marks, got {cell!r}: it would begin a new document"
    else:
        found = f"words and tags on one line, got {cut!r}: a tab or a line end in it would break the columns"
    return CorpusError(
        f"{doc.user_data.get('source', 'the corpus')}: expected {found}. Write .spacy or .parquet, which hold any "
        "word, or correct the corpus."
    )


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
