"""Which column of a file holds what: named by the user, by a header, or told by what the cells look like."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, get_args

from spacy_hf_ner.corpus.sentence import Problem
from spacy_hf_ner.corpus.tag_column import MISSING, MISSING_POS, is_tag_like, is_untyped, types_of
from spacy_hf_ner.errors import CorpusError

Task = Literal["ner", "chunk", "pos"]
TASKS: Final[tuple[Task, ...]] = get_args(Task)
TASK_TAGS: Final[dict[Task, str]] = {
    "ner": "tags (O, B-PER, …)",
    "chunk": "chunks (O, B-NP, …)",
    "pos": "parts of speech",
}

SAMPLE: Final = 5_000  # lines that are looked at
MAX_DIGITS: Final = 18  # of a number
SHARE: Final = (
    0.9  # of the cells must look like what the column is taken for; files hold damaged rows
)

# Names of columns in header rows, CoNLL-U Plus and datasets.
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

CHUNK_TYPES: Final = frozenset(
    ("NP", "VP", "PP", "ADVP", "ADJP", "SBAR", "PRT", "CONJP", "INTJ", "LST", "UCP")
)

_INDEX = re.compile(r"\d+([-.]\d+)?")
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Columns:
    """What the user says about the columns: an index (from 0, or negative from the end), a name, or None to detect.

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
        has_header: Whether the first row names the columns.
        guessed_header: The first row, where its names are unknown and only its lack of a tag tells what it is.
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
    has_header: bool = False
    guessed_header: tuple[str, ...] = ()

    @property
    def told(self) -> int | None:
        """The column of what the rows tell: the outermost tags, or chunks, or parts of speech."""
        return self.tags[0] if self.tags else self.chunk if self.chunk is not None else self.pos

    def find_problems(self, header_line: int) -> tuple[Problem, ...]:
        """Return what is wrong with a header in this line: that it may be none."""
        return (
            (Problem("first row taken for a header", header_line),) if self.guessed_header else ()
        )

    def __str__(self) -> str:
        parts = [f"token {self.token}"]
        parts += [f"tag {', '.join(map(str, self.tags))}"] if self.tags else []
        parts += [
            f"{name} {i}" for name, i in (("pos", self.pos), ("chunk", self.chunk)) if i is not None
        ]
        if self.start_char is not None:
            parts.append(f"characters {self.start_char}, {self.end_char}")
        parts += [f"header {' '.join(self.guessed_header)!r}"] if self.guessed_header else []
        return f"{self.n_columns} columns: " + "; ".join(parts)


def split_cells(line: str, separator: str) -> list[str]:
    r"""Return the cells of a line; only the separator splits, never other white space.

    >>> split_cells("New York\tB-LOC", "\t"), split_cells("5\xa0000   CD O", " ")
    (['New York', 'B-LOC'], ['5\xa0000', 'CD', 'O'])
    """
    return [cell for cell in line.split(" ") if cell] if separator == " " else line.split(separator)


def is_number(cell: str) -> bool:
    """Tell whether a cell is a number from 0 that Python can read; it reads no number of thousands of digits."""
    return cell.isdecimal() and len(cell) <= MAX_DIGITS


def find_separator(lines: Iterable[str]) -> str:
    """Return a tab if most lines hold one, else a space."""
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
        header: The names of the columns, if something names them.

    Raises:
        CorpusError: There is no such column, or none that looks like tags.
    """
    if not rows:
        raise CorpusError(f"{path}: expected rows of words and tags, got an empty file.")
    is_guessed = (
        header is None
        and not _is_header(rows[0], rows[1:], columns)
        and _is_unlike(rows[0], rows[1:])
    )
    if header is None and (is_guessed or _is_header(rows[0], rows[1:], columns)):
        header, rows = rows[0], rows[1:]
    names = [name.strip().lower() for name in header or ()]
    n_columns = len(header) if header else _most_common([len(row) for row in rows])
    whole = [row for row in rows if len(row) == n_columns] or list(rows)
    by_column = [[row[c] for row in whole if c < len(row)] for c in range(n_columns)]
    named_ids = sentence, document = (
        _find_name(SENTENCE_NAMES, names),
        _find_name(DOCUMENT_NAMES, names),
    )
    is_numbered = n_columns > 2 and 0 not in named_ids and _is_index(by_column[0])  # noqa: PLR2004 - word and tag
    index = 0 if is_numbered else None
    token = _resolve(columns.token, names, n_columns, path)
    if token is None:
        token = _find_name(WORD_NAMES, names)
    if token is None:
        token = next((c for c in range(n_columns) if c not in (index, *named_ids)), 0)
    named = _resolve(columns.tag, names, n_columns, path)
    tag_like = [
        c
        for c in range(n_columns)
        if c not in (token, index, *named_ids) and _is_tag_column(by_column[c])
    ]
    chunk = _find_name(CHUNK_NAMES, names)
    if chunk is None:
        chunk = next((c for c in tag_like if c != named and _is_chunk_column(by_column[c])), None)
    candidates = [c for c in tag_like if c != chunk]
    tags = (
        (named,)
        if named is not None
        else _find_tags(by_column, names, candidates, token=token, index=index)
    )
    layout = Layout(
        separator=separator,
        n_columns=n_columns,
        token=token,
        tags=tags,
        chunk=chunk if chunk not in tags else None,
        sentence=sentence,
        document=document,
        index=index,
        has_header=header is not None,
        guessed_header=tuple(header or ()) if is_guessed else (),
    )
    layout = _turn_to_task(_with_extras(layout, by_column, names), columns.task, named)
    if layout.told is None or layout.told == token:
        seen = " | ".join(
            f"{c}: {' '.join(dict.fromkeys(cells[:4]))}" for c, cells in enumerate(by_column)
        )
        raise CorpusError(
            f"{path}:1: expected a column of {TASK_TAGS[columns.task]}, found none in {n_columns} columns "
            f"({seen[:300]}). Name it with --tag-column, or the format with --format."
        )
    if all(_is_list(by_column[c]) for c in (layout.token, layout.told)):
        raise CorpusError(
            f"{path}:1: expected one word a row, got lists in columns {layout.token} and {layout.told}. Read them with "
            "--format csv."
        )
    return layout


def _turn_to_task(layout: Layout, task: Task, named: int | None) -> Layout:
    """Leave only the column that the task is about; a column that the user names holds what the task wants."""
    if task == "chunk":
        chunk = layout.chunk if named is None else named
        return replace(layout, tags=(), chunk=chunk, pos=None if chunk is None else layout.pos)
    if task == "pos":
        return replace(layout, tags=(), chunk=None, pos=layout.pos if named is None else named)
    return layout if layout.tags else replace(layout, chunk=None, pos=None)


def _with_extras(
    layout: Layout, by_column: Sequence[Sequence[str]], names: Sequence[str]
) -> Layout:
    """Add character offsets and parts of speech, which stand between the word and the first tag."""
    after = layout.token + 1
    first = min(
        (c for c in (*layout.tags, layout.chunk) if c is not None), default=layout.n_columns
    )
    if first - after >= 2 and _are_offsets(  # noqa: PLR2004
        by_column[layout.token], by_column[after], by_column[after + 1]
    ):
        return replace(layout, start_char=after, end_char=after + 1)
    pos = _find_name(POS_NAMES, names)
    if pos is None and not names and after < first and _is_pos_column(by_column[after]):
        pos = after
    return replace(layout, pos=pos if pos not in layout.tags else None)


def _find_tags(
    by_column: Sequence[Sequence[str]],
    names: Sequence[str],
    candidates: Sequence[int],
    *,
    token: int,
    index: int | None,
) -> tuple[int, ...]:
    named = _find_name(TAG_NAMES, names)
    if named is not None:
        return (named,)
    if candidates:
        # Numbered words come with their levels side by side, the outermost first; else the last column is the tag.
        levels = [c for c in candidates if c - candidates[0] == candidates.index(c)]
        return tuple(levels) if index is not None else (candidates[-1],)
    bare = [c for c, cells in enumerate(by_column) if c not in (token, index) and "O" in cells]
    return (bare[-1],) if bare else ()


def _resolve(
    column: int | str | None, names: Sequence[str], n_columns: int, path: Path
) -> int | None:
    if column is None:
        return None
    if isinstance(column, str):
        if column.lower() in names:
            return names.index(column.lower())
        known = f"the names are {', '.join(names)}" if names else "the file names none"
        raise CorpusError(
            f"{path}: no column is named {column!r}; {known}. Name the column by its index, from 0."
        )
    if not -n_columns <= column < n_columns:
        raise CorpusError(
            f"{path}: there is no column {column}: the rows have {n_columns} columns, counted from 0."
        )
    return column % n_columns


def _find_name(known: Sequence[str], names: Sequence[str]) -> int | None:
    return next((names.index(name) for name in known if name in names), None)


def _is_header(first: Sequence[str], rest: Sequence[Sequence[str]], columns: Columns) -> bool:
    """Tell whether the first row names the columns: a word column and a tag column, none of which is a tag."""
    names = [cell.strip().lower() for cell in first]
    words = (*WORD_NAMES, str(columns.token).lower())
    tags = (*TAG_NAMES, *POS_NAMES, *CHUNK_NAMES, str(columns.tag).lower())
    has_names = _find_name(words, names) is not None and _find_name(tags, names) is not None
    return has_names and bool(rest) and not any(is_tag_like(cell) for cell in first)


def _is_unlike(first: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    """Tell whether the first row is a header of unknown names: it has no tag where the others have prefixed ones."""
    columns = zip(first, *(row for row in rest if len(row) == len(first)), strict=True)
    tags = [(name, cells) for name, *cells in columns if is_prefixed_column(cells)]
    return bool(tags) and not any(
        is_tag_like(name) or is_untyped(name) or name in MISSING or name in types_of(cells)
        for name, cells in tags
    )


def is_prefixed_column(cells: Sequence[str]) -> bool:
    """Tell whether nearly all cells of a column are tags with prefixes, or "O"."""
    return _is_tag_column(cells) and bool(types_of(cells))


def _is_tag_column(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell not in MISSING]
    return bool(filled) and sum(map(is_tag_like, filled)) >= SHARE * len(filled)


def _is_chunk_column(cells: Sequence[str]) -> bool:
    types = {cell[2:] for cell in cells if is_tag_like(cell) and len(cell) > 1}
    return bool(types) and types <= CHUNK_TYPES


def _is_pos_column(cells: Sequence[str]) -> bool:
    kinds = set(cells)
    return (
        not kinds <= MISSING_POS
        and len(kinds) <= max(60, len(cells) // 50)
        and not all(map(_NUMBER.fullmatch, kinds))
    )


def _is_list(cells: Sequence[str]) -> bool:
    return bool(cells) and all(
        cell.strip('"')[:1] == "[" and cell.strip('"')[-1:] == "]" for cell in cells
    )


def _is_index(cells: Sequence[str]) -> bool:
    numbers = sum(bool(_INDEX.fullmatch(cell)) for cell in cells)
    return bool(cells) and numbers >= SHARE * len(cells) and ("1" in cells or "0" in cells)


def _are_offsets(words: Sequence[str], starts: Sequence[str], ends: Sequence[str]) -> bool:
    fits = sum(
        is_number(start) and is_number(end) and int(end) - int(start) == len(word)
        for word, start, end in zip(words, starts, ends, strict=True)
    )
    return fits >= SHARE * len(words)


def _most_common(counts: Sequence[int]) -> int:
    return max(sorted(set(counts), reverse=True), key=counts.count)
