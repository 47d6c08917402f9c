"""How a file of columns is understood: which column holds words, which tags, which what else.

:func:`plan_layout` decides the kinds one after the other, and :func:`choose_columns` decides each
of them by the same precedence:

1. **The user names the column**, by index or by name (``token_column``, ``tag_column``).
2. **A header names it**: a first row of known names, or the line ``# global.columns`` of CoNLL-U
   Plus.
3. **Its cells show it**: the function of the kind looks at the cells of the first rows.

==================  ======  ======  ============================================================
kind                user    header  cells
==================  ======  ======  ============================================================
sentence, document          yes     never: a name can look like anything
index of words                      column 0 counts: 0 or 1, 2, 3 …
word                yes     yes     the first column that is none of the above
chunk               yes     yes     the first column of tags that are all of phrases (NP, VP …)
tag, and levels     yes     yes     the last column of tags; of numbered words, neighbours too
character offsets                   two columns behind the word, as far apart as it is long
part of speech      yes     yes     the column behind the word, if its cells differ little
==================  ======  ======  ============================================================

The user has one ``tag_column``; it names the column of what is asked for (``column``): entities,
chunks, or parts of speech.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, get_args

from spacy_hf_ner.corpus.sentence import Problem
from spacy_hf_ner.corpus.tag_column import MISSING, MISSING_POS, is_tag_like, is_untyped, types_of
from spacy_hf_ner.errors import CorpusError

__all__ = [
    "CHUNK_NAMES",
    "DOCUMENT_NAMES",
    "POS_NAMES",
    "SAMPLE",
    "SENTENCE_NAMES",
    "TAG_NAMES",
    "TASKS",
    "TASK_TAGS",
    "WORD_NAMES",
    "Columns",
    "Layout",
    "Sample",
    "Task",
    "are_offset_columns",
    "choose_columns",
    "find_chunks",
    "find_document_ids",
    "find_index",
    "find_offsets",
    "find_pos",
    "find_sentence_ids",
    "find_separator",
    "find_tags",
    "find_words",
    "is_chunk_column",
    "is_header",
    "is_index_column",
    "is_list_column",
    "is_number",
    "is_pos_column",
    "is_prefixed_column",
    "is_tag_column",
    "is_unknown_header",
    "plan_layout",
    "read_sample",
    "split_cells",
]

Task = Literal["ner", "chunk", "pos"]
TASKS: Final[tuple[Task, ...]] = get_args(Task)
TASK_TAGS: Final[dict[Task, str]] = {
    "ner": "tags (O, B-PER, …)",
    "chunk": "chunks (O, B-NP, …)",
    "pos": "parts of speech",
}

# How many lines are looked at before a file is read.
SAMPLE: Final = 5_000

# The share of a column's cells that must look like their kind. Files hold damaged rows: a bare "U"
# or "I-" among the tags of WNUT-17, a word that was joined with its tag.
MIN_SHARE: Final = 0.9

# Longer numbers are no index and no offset; Python refuses to read those of thousands of digits.
MAX_DIGITS: Final = 18

# Tag sets of parts of speech are small (Penn: 45, Universal Dependencies: 17). Those with
# morphology may have one tag for fifty rows; a column of words or lemmas has far more different
# cells.
MAX_POS_TAGS: Final = 60
MIN_ROWS_PER_POS_TAG: Final = 50

# Names of columns in header rows, in CoNLL-U Plus and in data sets. Earlier names win.
WORD_NAMES: Final = ("token", "tokens", "word", "words", "form", "text")
TAG_NAMES: Final = (
    "tag",
    "tags",
    "ner",
    "ner_tag",
    "ner_tags",
    "ner-tags",
    "label",
    "labels",
    "entity",
    "bio",
    "iob",
)
POS_NAMES: Final = ("pos", "pos_tag", "pos_tags", "upos", "xpos")
CHUNK_NAMES: Final = ("chunk", "chunk_tag", "chunk_tags")
SENTENCE_NAMES: Final = (
    "sentence #",
    "sentence",
    "sentence_id",
    "sent_id",
    "sentence id",
    "sentence_idx",
)
DOCUMENT_NAMES: Final = ("document_id", "doc_id", "document")

# The phrases of the CoNLL-2000 shared task.
CHUNK_TYPES: Final = frozenset(
    ("NP", "VP", "PP", "ADVP", "ADJP", "SBAR", "PRT", "CONJP", "INTJ", "LST", "UCP")
)

_INDEX = re.compile(r"\d+([-.]\d+)?")
_NUMBER = re.compile(r"\d+")

Found = tuple[int, ...]
"""The columns of one kind, by index from 0; empty where there are none."""


@dataclass(frozen=True, slots=True)
class Columns:
    """What the user says about the columns.

    A column is an index (from 0, or negative from the end), a name, or None to detect it.

    Attributes:
        token: The column of words.
        tag: The column of tags.
        separator: What separates cells: a tab, a comma, or a space for runs of spaces.
        task: What the tags are: entities, chunks or parts of speech.
    """

    token: int | str | None = None
    tag: int | str | None = None
    separator: str | None = None
    task: Task = "ner"


@dataclass(frozen=True, slots=True)
class Layout:
    """Which column of a file holds what, all by index from 0.

    Attributes:
        separator: What separates cells; a space stands for runs of spaces.
        n_columns: The usual number of columns.
        token: The column of words.
        tags: The columns of tags, one a level, the outermost first.
        pos: The column of part-of-speech tags.
        chunk: The column of chunk tags.
        start_char: The column of each word's first character.
        end_char: The column of the character after its last one.
        sentence: The column that names the sentence on its first row.
        document: The column that names the document, in the same way.
        index: The column that counts the words of a sentence.
        has_header_row: Whether the first of the rows names the columns.
        guessed_header: The first row, where its names are unknown and only its lack of a tag shows
            what it is.
    """

    separator: str
    n_columns: int
    token: int
    tags: tuple[int, ...]
    pos: int | None = None
    chunk: int | None = None
    start_char: int | None = None
    end_char: int | None = None
    sentence: int | None = None
    document: int | None = None
    index: int | None = None
    has_header_row: bool = False
    guessed_header: tuple[str, ...] = ()

    @property
    def task_column(self) -> int | None:
        """The column of what is asked for: outermost tags, or else chunks, or else pos."""
        if self.tags:
            return self.tags[0]
        return self.pos if self.chunk is None else self.chunk

    def find_problems(self, header_line: int) -> tuple[Problem, ...]:
        """Return what is doubtful about a header on this line: that it may be none."""
        if not self.guessed_header:
            return ()
        return (Problem("first row taken for a header", header_line),)

    def __str__(self) -> str:
        parts = [f"token {self.token}"]
        if self.tags:
            parts.append(f"tag {', '.join(map(str, self.tags))}")
        if self.pos is not None:
            parts.append(f"pos {self.pos}")
        if self.chunk is not None:
            parts.append(f"chunk {self.chunk}")
        if self.start_char is not None:
            parts.append(f"characters {self.start_char}, {self.end_char}")
        if self.guessed_header:
            parts.append(f"header {' '.join(self.guessed_header)!r}")
        return f"{self.n_columns} columns: {'; '.join(parts)}"


@dataclass(frozen=True, slots=True)
class Sample:
    """The first rows of a file, column by column.

    Attributes:
        columns: The cells of each column, without the header row.
        names: The name of each column in lower case; none at all where nothing names them.
        header_row: The first row, if it is a header.
        is_guessed: Whether the names of this header are unknown.
    """

    columns: Sequence[Sequence[str]]
    names: Sequence[str] = ()
    header_row: tuple[str, ...] = ()
    is_guessed: bool = False

    def find_name(self, known: Iterable[str]) -> int | None:
        """Return the column that the header gives the first of some known names, or None."""
        return _find_name(known, self.names)


def split_cells(line: str, separator: str) -> list[str]:
    r"""Return the cells of a line; only the separator splits, never other white space.

    >>> split_cells("New York\tB-LOC", "\t"), split_cells("5\xa0000   CD O", " ")
    (['New York', 'B-LOC'], ['5\xa0000', 'CD', 'O'])
    """
    cells = line.split(separator)
    if separator == " ":
        # A space stands for a run of spaces, and these give empty cells. `line.split()` would cut
        # at other white space too, which belongs to words (5\xa0000).
        return list(filter(None, cells))
    return cells


def is_number(cell: str) -> bool:
    """Tell whether a cell is a number from 0 that Python can read."""
    return cell.isdecimal() and len(cell) <= MAX_DIGITS


def find_separator(lines: Iterable[str]) -> str:
    """Return a tab if most lines hold one, else a space.

    Most, not one: words may hold spaces (BTC), and a comment of a file with spaces may hold a tab
    (MultiCoNER).
    """
    sample = list(lines)
    n_tabs = sum("\t" in line for line in sample)
    return "\t" if n_tabs > len(sample) // 2 else " "


def plan_layout(
    rows: Sequence[Sequence[str]],
    *,
    separator: str,
    columns: Columns,
    path: Path,
    header: Sequence[str] | None = None,
) -> Layout:
    """Return which column holds what.

    Args:
        rows: The cells of the first rows.
        separator: What separates them.
        columns: What the user says; the rest is detected.
        path: The file, for messages.
        header: The names of the columns, if a line other than the first row has them.

    Raises:
        CorpusError: There is no such column, or none that looks like tags.
    """
    if not rows:
        raise CorpusError(f"{path}: expected rows of words and tags, got an empty file.")
    sample = read_sample(rows, columns, header=header)
    named_token = _resolve(columns.token, "token_column", sample, path)
    named_tag = _resolve(columns.tag, "tag_column", sample, path)
    layout = _find_layout(sample, separator, named_token=named_token, named_tag=named_tag)
    layout = _keep_task(layout, columns.task, named_tag)
    _check_task_column(layout, sample, columns.task, path)
    return layout


def _find_layout(
    sample: Sample, separator: str, *, named_token: int | None, named_tag: int | None
) -> Layout:
    """Return which column holds what, whichever of it is asked for.

    The order matters: no kind takes a column that a kind before it has taken.

    Args:
        sample: The columns.
        separator: What separates them.
        named_token: The column of words that the user names.
        named_tag: The column of tags that the user names.
    """
    sentence = find_sentence_ids(sample)
    document = find_document_ids(sample)
    ids = sentence + document
    index = find_index(sample, ids=ids)
    token = find_words(sample, named_token, taken=index + ids)
    tags, chunk = _find_annotation(sample, named_tag, token=token, index=index, ids=ids)

    # Offsets and parts of speech stand between the word and whatever is annotated.
    first_annotated = min(tags + chunk, default=len(sample.columns))
    offsets = find_offsets(sample, token=token, before=first_annotated)
    pos: Found = ()
    if not offsets:
        pos = find_pos(sample, token=token, before=first_annotated)
    if pos and pos[0] in tags:
        pos = ()

    return Layout(
        separator=separator,
        n_columns=len(sample.columns),
        token=token,
        tags=tags,
        pos=_only(pos),
        chunk=_only(chunk),
        start_char=offsets[0] if offsets else None,
        end_char=offsets[1] if offsets else None,
        sentence=_only(sentence),
        document=_only(document),
        index=_only(index),
        has_header_row=bool(sample.header_row),
        guessed_header=sample.header_row if sample.is_guessed else (),
    )


def _find_annotation(
    sample: Sample, named_tag: int | None, *, token: int, index: Found, ids: Found
) -> tuple[Found, Found]:
    """Return the columns of entity tags, and the column of chunks.

    Args:
        sample: The columns.
        named_tag: The column that the user names.
        token: The column of words.
        index: The column that counts words.
        ids: The columns that name sentences and documents.
    """
    # Columns of tags are looked for once: some are chunks, the others entities.
    not_tags = {token, *index, *ids}
    tag_like: list[int] = []
    for column, cells in enumerate(sample.columns):
        if column not in not_tags and is_tag_column(cells):
            tag_like.append(column)
    chunk = find_chunks(sample, [column for column in tag_like if column != named_tag])
    candidates = [column for column in tag_like if column not in chunk]
    tags = find_tags(sample, named_tag, candidates, token=token, index=index)
    if tags == chunk:
        chunk = ()
    return tags, chunk


def choose_columns(
    sample: Sample,
    *,
    named: int | None = None,
    header_names: Iterable[str] = (),
    detect: Callable[[], Found] | None = None,
) -> Found:
    """Return the columns of one kind: named by the user, else by a header, else shown by the cells.

    Args:
        sample: The columns.
        named: The column that the user names.
        header_names: What headers call columns of this kind.
        detect: Returns the columns whose cells look like this kind, or nothing; None where cells
            show nothing.
    """
    if named is not None:
        return (named,)
    column = sample.find_name(header_names)
    if column is not None:
        return (column,)
    return () if detect is None else detect()


# ----------------------------------------------------------------------------------------------
# kinds of columns


def find_sentence_ids(sample: Sample) -> Found:
    """Return the column that names sentences; only a header tells it (GMB: ``Sentence #``).

    Its cells would not: those of GMB are empty on all rows but a sentence's first, and numbers
    would pass for the index of words.
    """
    return choose_columns(sample, header_names=SENTENCE_NAMES)


def find_document_ids(sample: Sample) -> Found:
    """Return the column that names documents; only a header tells it, as with sentences."""
    return choose_columns(sample, header_names=DOCUMENT_NAMES)


def find_index(sample: Sample, *, ids: Found) -> Found:
    """Return the column that counts words: the first one, if it does (GermEval, UNER).

    A word and a tag must be left beside it, and a column that names sentences or documents by
    numbers is none.
    """

    def detect() -> Found:
        has_room = len(sample.columns) > 2  # noqa: PLR2004 - index, word and tag
        if has_room and 0 not in ids and is_index_column(sample.columns[0]):
            return (0,)
        return ()

    return choose_columns(sample, detect=detect)


def find_words(sample: Sample, named: int | None, *, taken: Found) -> int:
    """Return the column of words: the first that neither counts words nor names anything.

    Nothing can be asked of the cells: any text may be a word.
    """

    def detect() -> Found:
        for column in range(len(sample.columns)):
            if column not in taken:
                return (column,)
        return (0,)

    return choose_columns(sample, named=named, header_names=WORD_NAMES, detect=detect)[0]


def find_chunks(sample: Sample, tag_like: Iterable[int]) -> Found:
    """Return the column of chunks: the first column of tags of phrases (CoNLL-2003).

    Args:
        sample: The columns.
        tag_like: Those that look like tags.
    """

    def detect() -> Found:
        for column in tag_like:
            if is_chunk_column(sample.columns[column]):
                return (column,)
        return ()

    return choose_columns(sample, header_names=CHUNK_NAMES, detect=detect)


def find_tags(
    sample: Sample, named: int | None, tag_like: Sequence[int], *, token: int, index: Found
) -> Found:
    """Return the columns of entity tags, one for each level, the outermost first.

    Args:
        sample: The columns.
        named: The column that the user names.
        tag_like: Those that look like tags, chunks excluded, in their order.
        token: The column of words.
        index: The column that counts words.
    """

    def detect() -> Found:
        if not tag_like:
            return _find_bare_types(sample, not_tags=(token, *index))
        if index:
            return _find_levels(tag_like)
        # The last one: in CoNLL files what stands further right was added later, and is what the
        # file is about.
        return (tag_like[-1],)

    return choose_columns(sample, named=named, header_names=TAG_NAMES, detect=detect)


def _find_levels(tag_like: Sequence[int]) -> Found:
    """Return the columns of tags that stand side by side from the first one on.

    Files that number their words have the levels of nested entities so, the outermost first
    (GermEval).
    """
    levels = [tag_like[0]]
    for column in tag_like[1:]:
        if column != levels[-1] + 1:
            break
        levels.append(column)
    return tuple(levels)


def _find_bare_types(sample: Sample, *, not_tags: Iterable[int]) -> Found:
    """Return the last column with a cell "O".

    Types without prefixes (GUM, articles on NLP) look like any other words; only "O" shows them.
    """
    excluded = set(not_tags)
    for column in reversed(range(len(sample.columns))):
        if column not in excluded and "O" in sample.columns[column]:
            return (column,)
    return ()


def find_offsets(sample: Sample, *, token: int, before: int) -> Found:
    """Return the two columns of character offsets right behind the word (AnEM), if there are any.

    Args:
        sample: The columns.
        token: The column of words.
        before: The first column with annotation, which comes after them.
    """

    def detect() -> Found:
        start = token + 1
        end = token + 2
        if end >= before:
            return ()
        columns = sample.columns
        if are_offset_columns(columns[token], columns[start], columns[end]):
            return (start, end)
        return ()

    return choose_columns(sample, detect=detect)


def find_pos(sample: Sample, *, token: int, before: int) -> Found:
    """Return the column of parts of speech: the one right behind the word (CoNLL-2003).

    A header that names no part of speech says that there is none.

    Args:
        sample: The columns.
        token: The column of words.
        before: The first column with annotation, which comes after it.
    """

    def detect() -> Found:
        column = token + 1
        if sample.names or column >= before:
            return ()
        return (column,) if is_pos_column(sample.columns[column]) else ()

    return choose_columns(sample, header_names=POS_NAMES, detect=detect)


# ----------------------------------------------------------------------------------------------
# what cells look like


def is_index_column(cells: Sequence[str]) -> bool:
    """Tell whether cells count the words of sentences.

    Ranges ``3-4`` and decimals ``3.1`` count words that are written as one, and those that are not
    written (CoNLL-U). Each sentence begins again at 1 or 0, so one of these is there; years or
    amounts of money lack it.
    """
    return _most(cells, _is_index) and ("1" in cells or "0" in cells)


def is_tag_column(cells: Sequence[str]) -> bool:
    """Tell whether the cells that are not missing are tags with prefixes, or "O".

    Words fail, and so does the column of annotators behind the tags of UNER.
    """
    filled = [cell for cell in cells if cell not in MISSING]
    return _most(filled, is_tag_like)


def is_prefixed_column(cells: Sequence[str]) -> bool:
    """Tell whether nearly all cells are tags with prefixes, or "O", and some have a prefix."""
    return is_tag_column(cells) and bool(types_of(cells))


def is_chunk_column(cells: Sequence[str]) -> bool:
    """Tell whether all tags among the cells are of phrases; no entity is called NP or VP."""
    has_chunks = False
    for cell in cells:
        if not is_tag_like(cell) or len(cell) == 1:
            continue
        if cell[2:] not in CHUNK_TYPES:
            return False
        has_chunks = True
    return has_chunks


def is_pos_column(cells: Sequence[str]) -> bool:
    """Tell whether cells can be parts of speech: few different ones, not all missing or numbers.

    MultiCoNER fills its columns of parts of speech and chunks with "_".
    """
    different = set(cells)
    if different <= MISSING_POS or all(map(_NUMBER.fullmatch, different)):
        return False
    return len(different) <= max(MAX_POS_TAGS, len(cells) // MIN_ROWS_PER_POS_TAG)


def are_offset_columns(words: Sequence[str], starts: Sequence[str], ends: Sequence[str]) -> bool:
    """Tell whether two columns of numbers lie as far apart as the words are long."""
    n_fitting = 0
    for word, start, end in zip(words, starts, ends, strict=True):
        if is_number(start) and is_number(end):
            n_fitting += int(end) - int(start) == len(word)
    return n_fitting >= MIN_SHARE * len(words)


def is_list_column(cells: Sequence[str]) -> bool:
    """Tell whether all cells are lists, as exported data sets have them: one sentence a row."""
    return bool(cells) and all(map(_is_list, cells))


def _is_list(cell: str) -> bool:
    bare = cell.strip('"')
    return bare.startswith("[") and bare.endswith("]")


def _is_index(cell: str) -> bool:
    return _INDEX.fullmatch(cell) is not None


def _most(cells: Sequence[str], fits: Callable[[str], bool]) -> bool:
    """Tell whether there are cells, and most of them fit."""
    return bool(cells) and sum(map(fits, cells)) >= MIN_SHARE * len(cells)


# ----------------------------------------------------------------------------------------------
# headers


def read_sample(
    rows: Sequence[Sequence[str]], columns: Columns, *, header: Sequence[str] | None = None
) -> Sample:
    """Return the first rows of a file by columns, and what names these.

    Args:
        rows: The rows, at least one.
        columns: What the user says; a name that only the user knows makes a header too.
        header: The names of the columns, if a line other than the first row has them.
    """
    header_row: tuple[str, ...] = ()
    is_guessed = False
    if header is None:
        first = rows[0]
        rest = rows[1:]
        has_header = is_header(first, rest, columns)
        is_guessed = not has_header and is_unknown_header(first, rest)
        if has_header or is_guessed:
            header_row = tuple(first)
            rows = rest
    names = header_row or header or ()
    n_columns = len(names) or _most_common([len(row) for row in rows])
    return Sample(
        columns=_turn(rows, n_columns),
        names=[name.strip().lower() for name in names],
        header_row=header_row,
        is_guessed=is_guessed,
    )


def is_header(
    first: Sequence[str], rest: Sequence[Sequence[str]], columns: Columns | None = None
) -> bool:
    """Tell whether the first row names a column of words and one of tags, and holds no tag.

    Two names are needed: "word" alone, or "label", may be the first word of a text.
    """
    if not rest or any(map(is_tag_like, first)):
        return False
    columns = columns or Columns()
    names = [cell.strip().lower() for cell in first]
    word_names = (*WORD_NAMES, str(columns.token).lower())
    tag_names = (*TAG_NAMES, *POS_NAMES, *CHUNK_NAMES, str(columns.tag).lower())
    has_word = _find_name(word_names, names) is not None
    has_tag = _find_name(tag_names, names) is not None
    return has_word and has_tag


def is_unknown_header(first: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    """Tell whether the first row is a header of unknown names (``Wort Marke``).

    It is one if it has no tag where the rows below have tags with prefixes: not even a damaged one,
    a missing one, or the bare type of one of theirs.
    """
    below = [row for row in rest if len(row) == len(first)]
    has_tags = False
    for column, name in enumerate(first):
        cells = [row[column] for row in below]
        if not is_prefixed_column(cells):
            continue
        has_tags = True
        is_damaged = is_untyped(name) or name in MISSING or name in types_of(cells)
        if is_damaged or is_tag_like(name):
            return False
    return has_tags


def _turn(rows: Sequence[Sequence[str]], n_columns: int) -> list[list[str]]:
    """Return the cells of each column, of the rows with all columns; of all rows, if none has."""
    whole = [row for row in rows if len(row) == n_columns] or rows
    columns: list[list[str]] = [[] for _ in range(n_columns)]
    for row in whole:
        for column, cell in zip(columns, row, strict=False):
            column.append(cell)
    return columns


def _most_common(counts: Sequence[int]) -> int:
    """Return the most frequent number, the largest of several."""
    return max(sorted(set(counts), reverse=True), key=counts.count)


def _find_name(known: Iterable[str], names: Sequence[str]) -> int | None:
    for name in known:
        if name in names:
            return names.index(name)
    return None


# ----------------------------------------------------------------------------------------------
# what the user asks for


def _resolve(column: int | str | None, setting: str, sample: Sample, path: Path) -> int | None:
    """Return the index from 0 of a column that the user names by index or by name."""
    if column is None:
        return None
    if isinstance(column, str):
        if column.lower() in sample.names:
            return sample.names.index(column.lower())
        known = "the file names none"
        if sample.names:
            known = f"the names are {', '.join(sample.names)}"
        raise CorpusError(
            f"{path}: no column is named {column!r}; {known}. "
            f"Set {setting} to the index of the column, from 0.",
            settings=(setting,),
        )
    n_columns = len(sample.columns)
    if not -n_columns <= column < n_columns:
        raise CorpusError(
            f"{path}: there is no column {column}: the rows have {n_columns} columns, "
            f"counted from 0. Correct {setting}.",
            settings=(setting,),
        )
    return column % n_columns


def _keep_task(layout: Layout, task: Task, named: int | None) -> Layout:
    """Leave only what is asked for, in the column that the user names, and what may be beside it.

    Beside entities, chunks and parts of speech are kept; beside chunks, parts of speech.
    """
    if task == "pos":
        pos = layout.pos if named is None else named
        return replace(layout, tags=(), chunk=None, pos=pos)
    if task == "chunk":
        chunk = layout.chunk if named is None else named
        pos = None if chunk is None else layout.pos
        return replace(layout, tags=(), chunk=chunk, pos=pos)
    if not layout.tags:
        return replace(layout, chunk=None, pos=None)
    return layout


def _check_task_column(layout: Layout, sample: Sample, task: Task, path: Path) -> None:
    """Refuse a layout without the column that is asked for, or with lists in its cells."""
    column = layout.task_column
    if column is None or column == layout.token:
        raise CorpusError(
            f"{path}:1: expected a column of {TASK_TAGS[task]}, "
            f"found none in {layout.n_columns} columns ({_show(sample)}). "
            "Name it with tag_column, or set format to that of the file.",
            settings=("tag_column", "format"),
        )
    if is_list_column(sample.columns[layout.token]) and is_list_column(sample.columns[column]):
        raise CorpusError(
            f"{path}:1: expected one word a row, got lists in columns {layout.token} and "
            f"{column}. "
            'Read them with format = "csv".',
            settings=("format",),
        )


def _show(sample: Sample) -> str:
    """Return the first cells of each column, for a message."""
    columns: list[str] = []
    for column, cells in enumerate(sample.columns):
        different = dict.fromkeys(cells[:4])
        columns.append(f"{column}: {' '.join(different)}")
    return " | ".join(columns)[:300]


def _only(columns: Found) -> int | None:
    """Return the column of a kind that has at most one."""
    return columns[0] if columns else None
