"""How a file of columns is understood: which column holds words, which tags, which what else.

:func:`plan_layout` decides the kinds one after the other, and :func:`choose_columns` decides each
of them by the same precedence:

1. **The user names the column**, by index or by name (``token_column``, ``tag_column``).
2. **A header names it**: a first row of known names, or the line ``# global.columns`` of CoNLL-U
   Plus. The names are those of :mod:`spacy_hf_ner.corpus.headers`.
3. **Its cells show it**: those of the first rows look like this kind, as
   :mod:`spacy_hf_ner.corpus.cells` tells, and stand where such columns stand.

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

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, get_args

from spacy_hf_ner.core.wording import count, shorten
from spacy_hf_ner.corpus.cells import (
    are_mostly_distinct,
    are_offset_columns,
    are_texts,
    is_chunk_column,
    is_index_column,
    is_list_column,
    is_pos_column,
    is_tag_column,
    is_tag_like,
)
from spacy_hf_ner.corpus.headers import (
    CHUNK_NAMES,
    DOCUMENT_NAMES,
    POS_NAMES,
    SENTENCE_NAMES,
    TAG_NAMES,
    WORD_NAMES,
    find_known_name,
    is_header,
    is_unknown_header,
    normalize_names,
)
from spacy_hf_ner.corpus.sentence import Problem
from spacy_hf_ner.corpus.tag_names import are_numbered
from spacy_hf_ner.errors import CorpusError

__all__ = [
    "SAMPLE",
    "TASKS",
    "TASK_TAGS",
    "Columns",
    "Layout",
    "Sample",
    "Task",
    "choose_columns",
    "find_chunks",
    "find_document_ids",
    "find_index",
    "find_offsets",
    "find_pos",
    "find_sentence_ids",
    "find_tags",
    "find_words",
    "plan_layout",
    "read_sample",
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

N_SHOWN: Final = 10  # columns in a message

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
        tag_names: The names of the tags 0, 1, 2 …, or of the types of entities in texts, where
            they are written as numbers.
    """

    token: int | str | None = None
    tag: int | str | None = None
    separator: str | None = None
    task: Task = "ner"
    tag_names: tuple[str, ...] = ()


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
        known_tags: The tags of what is asked for, in the first rows.
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
    known_tags: frozenset[str] = frozenset({"O"})
    has_header_row: bool = False
    guessed_header: tuple[str, ...] = ()

    @property
    def task_columns(self) -> tuple[int, ...]:
        """The columns of what is asked for: tags, or else chunks, or else parts of speech."""
        if self.tags:
            return self.tags
        if self.chunk is not None:
            return (self.chunk,)
        if self.pos is not None:
            return (self.pos,)
        return ()

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
            parts.append(f"header {shorten(' '.join(self.guessed_header))!r}")
        return f"{self.n_columns} columns: {'; '.join(parts)}"


@dataclass(frozen=True, slots=True)
class Sample:
    """The first rows of a file, column by column.

    Attributes:
        columns: The cells of each column, without the header row.
        names: The name of each column in lower case; none at all where nothing names them.
        header_row: The first row, if it is a header.
        guessed_header: The same row, if its names are unknown.
    """

    columns: Sequence[Sequence[str]]
    names: Sequence[str] = ()
    header_row: tuple[str, ...] = ()
    guessed_header: tuple[str, ...] = ()


# ----------------------------------------------------------------------------------------------
# the whole layout


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
    _check_width(sample, rows, path)
    named_token = _resolve(columns.token, "token_column", sample, path)
    named_tag = _resolve(columns.tag, "tag_column", sample, path)
    layout = _find_layout(
        sample,
        separator,
        named_token=named_token,
        named_tag=named_tag,
        tag_names=columns.tag_names,
    )
    layout = _keep_task(layout, columns.task, named_tag)
    _check_task_column(layout, sample, columns.task, path)
    if named_token is None or named_tag is None:
        _check_kind(layout, sample, columns.task, path)
    return replace(layout, known_tags=_list_tags(sample, layout))


def _find_layout(
    sample: Sample,
    separator: str,
    *,
    named_token: int | None,
    named_tag: int | None,
    tag_names: Sequence[str],
) -> Layout:
    """Return which column holds what, whichever of it is asked for.

    The order matters: no kind takes a column that a kind before it has taken.

    Args:
        sample: The columns.
        separator: What separates them.
        named_token: The column of words that the user names.
        named_tag: The column of tags that the user names.
        tag_names: The names of tags that are written as numbers.
    """
    sentence = find_sentence_ids(sample)
    document = find_document_ids(sample)
    ids = sentence + document
    index = find_index(sample, ids=ids)
    token = find_words(sample, named_token, taken=index + ids)
    # Columns of tags are looked for once: some are chunks, the others entities.
    not_tags = {token, *index, *ids}
    tag_like: list[int] = []
    for column, cells in enumerate(sample.columns):
        if column in not_tags:
            continue
        if is_tag_column(cells) or are_numbered(cells, tag_names):
            tag_like.append(column)
    tags, chunk = _find_annotation(sample, named_tag, tag_like, token=token, index=index)

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
        start_char=_only(offsets[:1]),
        end_char=_only(offsets[1:]),
        sentence=_only(sentence),
        document=_only(document),
        index=_only(index),
        has_header_row=bool(sample.header_row),
        guessed_header=sample.guessed_header,
    )


def _find_annotation(
    sample: Sample, named_tag: int | None, tag_like: Sequence[int], *, token: int, index: Found
) -> tuple[Found, Found]:
    """Return the columns of entity tags, and the column of chunks.

    Args:
        sample: The columns.
        named_tag: The column that the user names.
        tag_like: The columns that look like tags.
        token: The column of words.
        index: The column that counts words.
    """
    chunk = find_chunks(sample, [column for column in tag_like if column != named_tag])
    candidates = [column for column in tag_like if column not in chunk]
    tags = find_tags(sample, named_tag, candidates, token=token, index=index)
    if tags == chunk:
        chunk = ()
    return tags, chunk


def _only(columns: Found) -> int | None:
    """Return the column of a kind that has at most one."""
    return columns[0] if columns else None


def choose_columns(
    sample: Sample,
    *,
    named: int | None = None,
    header_names: Iterable[str] = (),
    detected: Found = (),
) -> Found:
    """Return the columns of one kind: named by the user, else by a header, else shown by the cells.

    Args:
        sample: The columns.
        named: The column that the user names.
        header_names: What headers call columns of this kind.
        detected: The columns whose cells look like this kind, and that stand where such columns do.
    """
    if named is not None:
        return (named,)
    column = find_known_name(header_names, sample.names)
    if column is not None:
        return (column,)
    return detected


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
    numbers is none, nor is one that the header calls words.
    """
    has_room = len(sample.columns) > 2  # noqa: PLR2004 - index, word and tag
    is_named = 0 in ids or find_known_name(WORD_NAMES, sample.names[:1]) is not None
    if has_room and not is_named and is_index_column(sample.columns[0]):
        return (0,)
    return ()


def find_words(sample: Sample, named: int | None, *, taken: Found) -> int:
    """Return the column of words: the first that neither counts words nor names anything.

    Nothing can be asked of the cells: any text may be a word.
    """
    detected: Found = (0,)
    for column in range(len(sample.columns)):
        if column not in taken:
            detected = (column,)
            break
    return choose_columns(sample, named=named, header_names=WORD_NAMES, detected=detected)[0]


def find_chunks(sample: Sample, tag_like: Iterable[int]) -> Found:
    """Return the column of chunks: the first column of tags of phrases (CoNLL-2003).

    Args:
        sample: The columns.
        tag_like: Those that look like tags.
    """
    detected: Found = ()
    for column in tag_like:
        if is_chunk_column(sample.columns[column]):
            detected = (column,)
            break
    return choose_columns(sample, header_names=CHUNK_NAMES, detected=detected)


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
    if not tag_like:
        detected = _detect_bare_types(sample, not_tags=(token, *index))
    elif index:
        detected = _detect_levels(tag_like)
    else:
        # The last one: in CoNLL files what stands further right was added later, and is what the
        # file is about.
        detected = (tag_like[-1],)
    return choose_columns(sample, named=named, header_names=TAG_NAMES, detected=detected)


def _detect_levels(tag_like: Sequence[int]) -> Found:
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


def _detect_bare_types(sample: Sample, *, not_tags: Iterable[int]) -> Found:
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
    start = token + 1
    end = token + 2
    if end >= before:
        return ()
    columns = sample.columns
    if are_offset_columns(columns[token], columns[start], columns[end]):
        return (start, end)
    return ()


def find_pos(sample: Sample, *, token: int, before: int) -> Found:
    """Return the column of parts of speech: the one right behind the word (CoNLL-2003).

    A header that names no part of speech says that there is none.

    Args:
        sample: The columns.
        token: The column of words.
        before: The first column with annotation, which comes after it.
    """
    detected: Found = ()
    behind = token + 1
    if not sample.names and behind < before and is_pos_column(sample.columns[behind]):
        detected = (behind,)
    return choose_columns(sample, header_names=POS_NAMES, detected=detected)


# ----------------------------------------------------------------------------------------------
# the first rows of a file


def read_sample(
    rows: Sequence[Sequence[str]], columns: Columns, *, header: Sequence[str] | None = None
) -> Sample:
    """Return the first rows of a file by columns, and what names these.

    Args:
        rows: The rows, at least one.
        columns: What the user says; a name that only the user knows makes a header too.
        header: The names of the columns, if a line other than the first row has them.
    """
    if header is not None:
        return Sample(_turn(rows, len(header)), names=normalize_names(header))
    first = tuple(rows[0])
    rest = rows[1:]
    word_names = _list_user_names(columns.token)
    tag_names = _list_user_names(columns.tag)
    is_known = is_header(first, rest, word_names=word_names, tag_names=tag_names)
    if is_known or is_unknown_header(first, rest):
        return Sample(
            _turn(rest, len(first)),
            names=normalize_names(first),
            header_row=first,
            guessed_header=() if is_known else first,
        )
    return Sample(_turn(rows, _find_width(rows)))


def _list_user_names(column: int | str | None) -> list[str]:
    """Return the name of a column that the user names, as headers have it; none for an index."""
    return normalize_names([column]) if isinstance(column, str) else []


def _turn(rows: Sequence[Sequence[str]], n_columns: int) -> list[list[str]]:
    """Return the cells of each column, of the rows with all columns.

    If none has so many, all rows count, and the cells that they lack are empty.
    """
    whole = [row for row in rows if len(row) == n_columns] or rows
    columns: list[list[str]] = [[] for _ in range(n_columns)]
    for row in whole:
        padding = [""] * (n_columns - len(row))
        for column, cell in zip(columns, (*row, *padding), strict=False):
            column.append(cell)
    return columns


def _find_width(rows: Iterable[Sequence[str]]) -> int:
    """Return the most frequent number of cells in a row, the largest of several."""
    n_rows = Counter(len(row) for row in rows)
    return max(n_rows, key=lambda width: (n_rows[width], width))


# ----------------------------------------------------------------------------------------------
# what the user asks for


def _resolve(column: int | str | None, setting: str, sample: Sample, path: Path) -> int | None:
    """Return the index from 0 of a column that the user names by index or by name."""
    if column is None:
        return None
    if isinstance(column, str):
        return _find_named(column, setting, sample, path)
    n_columns = len(sample.columns)
    if not -n_columns <= column < n_columns:
        raise CorpusError(
            f"{path}: there is no column {column}: the rows have {count(n_columns, 'column')}, "
            f"counted from 0. Correct {setting}.",
            settings=(setting,),
        )
    return column % n_columns


def _find_named(name: str, setting: str, sample: Sample, path: Path) -> int:
    """Return the column that has the name that the user gives, in whatever case."""
    if name.lower() in sample.names:
        return sample.names.index(name.lower())
    known = "the file names none"
    if sample.names:
        known = f"the names are {shorten(', '.join(sample.names), 200)}"
    raise CorpusError(
        f"{path}: no column is named {name!r}; {known}. "
        f"Set {setting} to the index of the column, from 0.",
        settings=(setting,),
    )


def _check_width(sample: Sample, rows: Sequence[Sequence[str]], path: Path) -> None:
    """Refuse a header that names more columns than any row has."""
    rows = rows[1:] if sample.header_row else rows
    width = max(map(len, rows))
    if len(sample.columns) > width:
        names = shorten(" ".join(sample.names), 200)
        raise CorpusError(
            f"{path}: expected rows of {count(len(sample.columns), 'cell')}, as the header names "
            f"them ({names}), got none of more than {width}: it is not known which is which. "
            "Correct the header or the rows."
        )


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
    column = _only(layout.task_columns[:1])
    if column is None or column == layout.token:
        raise CorpusError(
            f"{path}:1: expected a column of {TASK_TAGS[task]}, "
            f"found none in {count(layout.n_columns, 'column')} ({_show(sample)}). "
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


def _check_kind(layout: Layout, sample: Sample, task: Task, path: Path) -> None:
    """Refuse a table that is of another kind: of texts, or without types among its labels.

    A user who names both columns is believed.
    """
    tag = layout.task_columns[0]
    words = sample.columns[layout.token]
    labels = sample.columns[tag]
    if are_texts(words):
        raise CorpusError(
            f"{path}:1: expected one word a row, got texts in column {layout.token} "
            f"({shorten(words[0])!r}) beside {_describe_labels(labels)} in column {tag}. The "
            "nearest form is a table of texts with entities, which has columns text, start, end "
            "and label, or a list of spans as JSON. Add them, or name the columns of words and "
            "tags with token_column and tag_column.",
            settings=("token_column", "tag_column"),
        )
    if task == "ner" and not is_tag_column(labels) and are_mostly_distinct(labels):
        raise CorpusError(
            f"{path}:1: expected a column of tags, got {_describe_labels(labels)} in column {tag} "
            f"({_show(sample)}): nearly all differ, so they are no entity types. The nearest form "
            "is one word and its tag a row. Name the columns with token_column and tag_column.",
            settings=("token_column", "tag_column"),
        )


def _describe_labels(labels: Sequence[str]) -> str:
    """Return how many labels a column has, and the first of them."""
    different = dict.fromkeys(labels)
    first = shorten(next(iter(different)))
    return f"{count(len(different), 'different label')} such as {first!r}"


def _list_tags(sample: Sample, layout: Layout) -> frozenset[str]:
    """Return the different tags of what is asked for; "O" is one in any file."""
    tags = {"O"}
    for column in layout.task_columns:
        tags.update(filter(is_tag_like, set(sample.columns[column])))
    return frozenset(tags)


def _show(sample: Sample) -> str:
    """Return the first cells of each column, for a message."""
    columns: list[str] = []
    for column, cells in enumerate(sample.columns[:N_SHOWN]):
        different = " ".join(dict.fromkeys(cells[:4]))
        columns.append(f"{column}: {shorten(different, 40)}")
    return " | ".join(columns)
