"""CoNLL-U: ten columns; tags of entities or chunks, and white space, are in the last one, MISC.

Where it has mentions in brackets instead (``Entity=(1-person…``), their tags are made of these.

Source: https://universaldependencies.org/format.html
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final, NamedTuple

from spacy_hf_ner.core.universal import UNIVERSAL_POS, are_features
from spacy_hf_ner.core.wording import count, shorten
from spacy_hf_ner.corpus.blocks import Block, Row, read_blocks, read_cell, read_metadata
from spacy_hf_ner.corpus.cells import MISSING_POS, is_number, is_tag_like, types_of
from spacy_hf_ner.corpus.columns import SAMPLE, Task
from spacy_hf_ner.corpus.format import Format
from spacy_hf_ner.corpus.mentions import (
    DEFAULT_TYPE_FIELD,
    MENTION_KEY,
    are_brackets,
    find_type_field,
    read_mentions,
)
from spacy_hf_ner.corpus.sentence import Problem
from spacy_hf_ner.corpus.source import ReadOptions, Source
from spacy_hf_ner.corpus.table import Table
from spacy_hf_ner.corpus.table_source import open_tables
from spacy_hf_ner.corpus.text_files import TextFile
from spacy_hf_ner.errors import CorpusError

__all__ = ["CONLLU", "is_conllu", "open_conllu"]

N_COLUMNS: Final = 10
ID: Final = 0
FORM: Final = 1
UPOS: Final = 3
XPOS: Final = 4
FEATS: Final = 5
MISC: Final = 9
POS_COLUMNS: Final = {"upos": UPOS, str(UPOS): UPOS, "xpos": XPOS, str(XPOS): XPOS}
ESCAPES: Final = {r"\s": " ", r"\t": "\t", r"\n": "\n", r"\r": "\r", r"\p": "|", r"\\": "\\"}

# How many sentences are looked at for the key of tags.
SAMPLE_SENTENCES: Final = SAMPLE // 10

_RANGE = re.compile(r"(\d{1,9})-(\d{1,9})")
_EMPTY_NODE = re.compile(r"\d+\.\d+")
_ESCAPE = re.compile(r"\\.")


def open_conllu(file: TextFile, options: ReadOptions) -> Source:
    """Return a CoNLL-U file as a source; tag_column names the key in MISC, or a column.

    Raises:
        CorpusError: No key in MISC holds tags, or there is no such key or column.
    """
    task = options.columns.task
    named = options.columns.tag
    if task == "pos":
        key = ""
        pos = _find_pos(file, named)
        tags_are = f"parts of speech in column {pos}"
    else:
        key = _find_key(file, named)
        pos = _find_pos(file, None)
        tags_are = f"tags in MISC as {key}="
    type_field: int | None = None
    if key == MENTION_KEY:
        type_field = _find_type_field(file)
        tags_are = f"mentions in MISC as {key}="
    has_features = _has_cells(file, FEATS)

    def tables() -> Iterator[Table]:
        for block in _read_file(file):
            table = _read_block(block, key, pos, has_features=has_features)
            if type_field is not None:
                values = _read_mention_values(block)
                table.tags = read_mentions(
                    values, table.lines, type_field=type_field, problems=table.problems
                )
            if table.words:
                yield _keep_task(table, task)

    origin = file.make_origin("conllu").describe(tags_are)
    return open_tables(tables, origin, options)


def _read_file(file: TextFile) -> Iterator[Block]:
    """Return the blocks of a file, in which all lines that begin with "#" are comments."""
    return read_blocks(
        file.lines(), split=lambda line: line.split("\t"), is_comment=lambda _line, _cells: True
    )


def _keep_task(table: Table, task: Task) -> Table:
    """Return a table whose tags are those of entities; those of chunks are chunks."""
    if task == "ner":
        return table
    chunks = table.tags[0] if task == "chunk" else []
    return replace(table, tags=[], chunks=chunks)


# ----------------------------------------------------------------------------------------------
# where the tags are


def _find_pos(file: TextFile, named: int | str | None) -> int:
    """Return the column of the tags of words: XPOS, or UPOS where that is empty."""
    if named is None:
        return XPOS if _has_cells(file, XPOS) else UPOS
    column = POS_COLUMNS.get(str(named).lower())
    if column is None:
        raise CorpusError(
            f"{file.path}: expected upos or xpos as the column of parts of speech, "
            f"got {named!r}. Name one."
        )
    return column


def _has_cells(file: TextFile, column: int) -> bool:
    """Tell whether the first sentences have anything in a column."""
    for block in islice(_read_file(file), SAMPLE_SENTENCES):
        for row in block.rows:
            if read_cell(row, column) not in MISSING_POS:
                return True
    return False


def _find_key(file: TextFile, named: int | str | None) -> str:
    """Return the key in MISC whose values are tags, or the one that is named."""
    if named is None:
        return _detect_key(file)
    return _check_key(file, str(named))


def _detect_key(file: TextFile) -> str:
    """Return the key that has a tag, or a mention, most often in the first sentences."""
    keys: Counter[str] = Counter()
    for misc in _read_all_misc(islice(_read_file(file), SAMPLE_SENTENCES)):
        for key, value in misc.items():
            if is_tag_like(value) or (key == MENTION_KEY and are_brackets(value)):
                keys[key] += 1
    if not keys:
        raise CorpusError(
            f"{file.path}:1: expected tags in column {MISC} (MISC) such as name=B-PER, "
            "found none. Name their key with tag_column, read parts of speech with "
            'column = "pos", or read the file with format = "conll".',
            settings=("tag_column", "column", "format"),
        )
    ((key, _),) = keys.most_common(1)
    return key


def _check_key(file: TextFile, named: str) -> str:
    """Return the key that is named if any word of the file has it, for it may come late."""
    known: dict[str, None] = {}
    for misc in _read_all_misc(_read_file(file)):
        if named in misc:
            return named
        known.update(dict.fromkeys(misc))
    shown = shorten(", ".join(islice(known, 20)), 200) or "none"
    raise CorpusError(
        f"{file.path}:1: expected the key {named} in column {MISC} (MISC), found only {shown}. "
        "Name one with tag_column.",
        settings=("tag_column",),
    )


def _find_type_field(file: TextFile) -> int:
    """Return where in a mention its type stands, as a comment of the first sentences says."""
    for block in islice(_read_file(file), SAMPLE_SENTENCES):
        for comment in block.comments:
            field = find_type_field(comment.cells[0])
            if field is not None:
                return field
    return DEFAULT_TYPE_FIELD


def _read_all_misc(blocks: Iterable[Block]) -> Iterator[dict[str, str]]:
    """Yield keys and values of each row."""
    for block in blocks:
        for row in block.rows:
            yield _read_misc(row)


def _read_misc(row: Row) -> dict[str, str]:
    """Return keys and values of the last column (``name=B-PER|SpaceAfter=No``)."""
    misc: dict[str, str] = {}
    for pair in read_cell(row, MISC).split("|"):
        key, _, value = pair.partition("=")
        if value:
            misc[key] = value
    return misc


# ----------------------------------------------------------------------------------------------
# rows to a table


def _read_block(block: Block, key: str, pos: int, *, has_features: bool) -> Table:
    """Return the table of a sentence.

    Args:
        block: The rows.
        key: The key of tags in MISC, or "" where only parts of speech are asked for.
        pos: The column of the tags of words.
        has_features: Whether the file has features, so that "_" means that a word has none.
    """
    metadata = read_metadata(block)
    table = Table(
        lines=[],
        words=[],
        tags=[[]],
        text=metadata.text,
        starts_document=metadata.starts_document,
        sentence_id=metadata.sentence_id,
        document_id=metadata.document_id,
    )
    for word in _find_words(block, table.problems):
        row = word.row
        misc = _read_misc(row)
        tag = misc.get(key, "")
        if word.parts:
            tag = _join_tags(word, key, table.problems)
        pos_tag = read_cell(row, pos)
        for written in (row, *word.parts):
            if len(written.cells) != N_COLUMNS:
                is_missing = (tag if key else pos_tag) in MISSING_POS
                table.problems.append(_report_width(written, is_missing=is_missing))
        table.lines.append(row.line)
        table.words.append(read_cell(row, FORM))
        table.tags[0].append(tag)
        table.pos.append(pos_tag)
        table.upos.append(_read_upos(row, table.problems))
        table.feats.append(_read_features(word, table.problems) if has_features else "")
        table.gaps.append(_read_gap(misc))
    table.gaps = _fill_gaps(table.gaps)
    return table


class _Word(NamedTuple):
    """A word as it is written: its row, and the rows of the words that it stands for, if any."""

    row: Row
    parts: Sequence[Row] = ()


def _find_words(block: Block, problems: list[Problem]) -> Iterator[_Word]:
    """Yield the words of a sentence as they are written; words written as one are that one word.

    ::

        ID    FORM    MISC
        1-2   don't                        a word; rows 1 and 2 are its parts
        1     do      name=O
        2     n't     name=O
        3     go      name=O               a word
        3.1   _                            an empty node: no word

    Rows whose numbers do not count up like this are damaged, and each of them is a word.

    Args:
        block: The rows.
        problems: Takes a problem for each number that does not count up.
    """
    rows = [row for row in block.rows if not _EMPTY_NODE.fullmatch(row.cells[ID])]
    expected = 1  # the number of the next row; 0 behind a row without one, where any is right
    row_i = 0
    while row_i < len(rows):
        row = rows[row_i]
        parts = _find_parts(rows, row_i)
        number = _read_number(parts[0] if parts else row)
        if number == 0 or expected not in (0, number):
            problems.append(Problem("row whose number does not count up, kept", row.line))
        expected = 0
        if number:
            expected = number + max(1, len(parts))
        row_i += 1 + len(parts)
        yield _Word(row, parts)


def _read_number(row: Row) -> int:
    """Return the number of a row, or 0 if it has none."""
    cell = row.cells[ID]
    return int(cell) if is_number(cell) else 0


def _find_parts(rows: Sequence[Row], row_i: int) -> Sequence[Row]:
    """Return the rows of the words that are written as the one in this row.

    There are none unless the row has a range, and all of its numbers follow, one a row.
    """
    match = _RANGE.fullmatch(rows[row_i].cells[ID])
    if match is None:
        return ()
    first, last = map(int, match.groups())
    behind = row_i + 1
    n_parts = last - first + 1
    parts = rows[behind : behind + n_parts]
    if n_parts < 1 or len(parts) < n_parts:
        return ()
    for number, row in enumerate(parts, start=first):
        if row.cells[ID] != str(number):
            return ()
    return parts


def _read_upos(row: Row, problems: list[Problem]) -> str:
    """Return the part of speech of a word, where it is one that Universal Dependencies have."""
    upos = read_cell(row, UPOS)
    if upos in MISSING_POS or upos in UNIVERSAL_POS:
        return upos
    kind = "part of speech that Universal Dependencies do not have, left out of pos"
    problems.append(Problem(kind, row.line))
    return ""


def _read_features(word: "_Word", problems: list[Problem]) -> str:
    """Return the features of a word; nothing for one that stands for several, as they differ."""
    if word.parts:
        return ""
    features = read_cell(word.row, FEATS)
    if not features or are_features(features):
        return features
    problems.append(Problem("features that are no FEATURE=VALUE, left out", word.row.line))
    return ""


def _report_width(row: Row, *, is_missing: bool) -> Problem:
    fate = "missing" if is_missing else "kept"
    kind = f"row of {count(len(row.cells), 'column')}, not {N_COLUMNS}: its tag is {fate}"
    return Problem(kind, row.line)


def _join_tags(word: _Word, key: str, problems: list[Problem]) -> str:
    """Return the first tag of an entity among words written as one, else that of the first word.

    Args:
        word: The word and its parts.
        key: The key of tags in MISC.
        problems: Takes a problem if there are entities of several types.
    """
    tags = [_read_misc(part).get(key, "") for part in word.parts]
    if len(types_of(tags)) > 1:
        kind = "word of several entities, only the first is kept"
        problems.append(Problem(kind, word.row.line))
    for tag in tags:
        if tag not in ("O", ""):
            return tag
    return tags[0]


def _read_gap(misc: Mapping[str, str]) -> str | None:
    """Return the white space after a word, or None if MISC says nothing of it."""
    if "SpacesAfter" in misc:
        return _ESCAPE.sub(_unescape, misc["SpacesAfter"])
    if misc.get("SpaceAfter") == "No":
        return ""
    return None


def _unescape(match: re.Match[str]) -> str:
    return ESCAPES.get(match[0], match[0])


def _read_mention_values(block: Block) -> list[list[str]]:
    """Return for each word what its rows have of mentions."""
    values: list[list[str]] = []
    for word in _find_words(block, problems=[]):
        rows = word.parts or (word.row,)
        values.append([_read_misc(row).get(MENTION_KEY, "") for row in rows])
    return values


def _fill_gaps(gaps: Sequence[str | None]) -> list[str | None]:
    """Return the white space after each word, a space where nothing is said.

    Who says of some words that there is none means that there is some after the others; but what
    comes after the last one stays unknown. Nothing is known if nothing is said of any word.
    """
    if all(gap is None for gap in gaps):
        return list(gaps)
    *inner, last = gaps
    filled: list[str | None] = []
    for gap in inner:
        filled.append(" " if gap is None else gap)
    return [*filled, last]


def is_conllu(head: Sequence[str]) -> bool:
    """Tell whether most of the first lines of a text are numbered rows of ten columns.

    Comments do not count.
    """
    rows = [line for line in head if not line.startswith("#")]
    n_numbered = sum(map(_is_numbered_row, rows))
    return n_numbered > len(rows) / 2


def _is_numbered_row(line: str) -> bool:
    return line.count("\t") == N_COLUMNS - 1 and line[0].isdecimal()


CONLLU: Final = Format(
    name="conllu", shared_suffixes=(".conllu",), sniff=is_conllu, open_text=open_conllu
)
