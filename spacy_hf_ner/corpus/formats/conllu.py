"""CoNLL-U: ten columns; tags of entities or chunks, and white space, are in the last one, MISC.

Source: https://universaldependencies.org/format.html
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Final

from spacy_hf_ner.corpus.blocks import Block, Row, read_blocks, read_cell, read_metadata
from spacy_hf_ner.corpus.cells import MISSING_POS, is_number, is_tag_like
from spacy_hf_ner.corpus.columns import SAMPLE, Task
from spacy_hf_ner.corpus.format import Format
from spacy_hf_ner.corpus.sentence import Problem
from spacy_hf_ner.corpus.source import ReadOptions, Source
from spacy_hf_ner.corpus.table import Table, open_tables
from spacy_hf_ner.corpus.text_files import TextFile
from spacy_hf_ner.errors import CorpusError

__all__ = ["CONLLU", "is_conllu", "open_conllu"]

N_COLUMNS: Final = 10
ID: Final = 0
FORM: Final = 1
UPOS: Final = 3
XPOS: Final = 4
MISC: Final = 9
POS_COLUMNS: Final = {"upos": UPOS, str(UPOS): UPOS, "xpos": XPOS, str(XPOS): XPOS}
ESCAPES: Final = {r"\s": " ", r"\t": "\t", r"\n": "\n", r"\r": "\r", r"\p": "|", r"\\": "\\"}

# How many sentences are looked at for the key of tags.
SAMPLE_SENTENCES: Final = SAMPLE // 10

_RANGE = re.compile(r"(\d{1,9})-(\d{1,9})")
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
        pos = _find_pos(file.path, named)
        tags_are = f"parts of speech in column {pos}"
    else:
        key = _find_key(file, named)
        pos = UPOS
        tags_are = f"tags in MISC as {key}="

    def tables() -> Iterator[Table]:
        for block in _read_file(file):
            table = _read_block(block, key, pos)
            if table.words:
                yield _keep_task(table, task)

    return open_tables(
        tables,
        name=str(file.path),
        format_name="conllu",
        options=options,
        description=f"{file.encoding}, {tags_are}",
        problems=file.problems,
    )


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


def _find_pos(path: Path, named: int | str | None) -> int:
    """Return the column of parts of speech."""
    if named is None:
        return UPOS
    column = POS_COLUMNS.get(str(named).lower())
    if column is None:
        raise CorpusError(
            f"{path}: expected upos or xpos as the column of parts of speech, "
            f"got {named!r}. Name one."
        )
    return column


def _find_key(file: TextFile, named: int | str | None) -> str:
    """Return the key in MISC whose values are tags, or the one that is named."""
    if named is None:
        return _detect_key(file)
    return _check_key(file, str(named))


def _detect_key(file: TextFile) -> str:
    """Return the key that has a tag most often in the first sentences."""
    keys: Counter[str] = Counter()
    for misc in _read_all_misc(islice(_read_file(file), SAMPLE_SENTENCES)):
        for key, value in misc.items():
            if is_tag_like(value):
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
    shown = ", ".join(islice(known, 20)) or "none"
    raise CorpusError(
        f"{file.path}:1: expected the key {named} in column {MISC} (MISC), found only {shown}. "
        "Name one with tag_column.",
        settings=("tag_column",),
    )


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


def _read_block(block: Block, key: str, pos: int) -> Table:
    """Return the table of a sentence; words written as one are that one word, empty nodes none.

    ::

        ID    FORM    MISC
        1-2   don't                        a word, with the first tag of rows 1 and 2
        1     do      name=O               not in the table, and neither is 2
        2     n't     name=O
        3     go      name=O
        3.1   _                            an empty node

    Args:
        block: The rows.
        key: The key of tags in MISC, or "" where only parts of speech are asked for.
        pos: The column of parts of speech.
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
    covered = 0  # number of the last word that was written as one with others
    for row in block.rows:
        number = row.cells[ID]
        misc = _read_misc(row)
        match = _RANGE.fullmatch(number)
        if match:
            first, last = map(int, match.groups())
            tag = _first_tag(block, key, first, last)
        else:
            tag = misc.get(key, "")
        pos_tag = read_cell(row, pos)
        if len(row.cells) != N_COLUMNS:
            is_missing = (tag if key else pos_tag) in MISSING_POS
            table.problems.append(_report_width(row, is_missing=is_missing))
        if match:
            covered = last
        elif "." in number or _is_within(number, 1, covered):
            continue
        table.lines.append(row.line)
        table.words.append(read_cell(row, FORM))
        table.tags[0].append(tag)
        table.pos.append(pos_tag)
        table.gaps.append(_read_gap(misc))
    table.gaps = _fill_gaps(table.gaps)
    return table


def _report_width(row: Row, *, is_missing: bool) -> Problem:
    fate = "missing" if is_missing else "kept"
    kind = f"row of {len(row.cells)} columns, not {N_COLUMNS}: its tag is {fate}"
    return Problem(kind, row.line)


def _first_tag(block: Block, key: str, first: int, last: int) -> str:
    """Return the first tag of an entity among words written as one, else that of the first word.

    Args:
        block: The rows.
        key: The key of tags in MISC.
        first: Number of the first of the words.
        last: Number of the last of them.
    """
    tags: list[str] = []
    for row in block.rows:
        if _is_within(row.cells[ID], first, last):
            tags.append(_read_misc(row).get(key, ""))
    for tag in tags:
        if tag not in ("O", ""):
            return tag
    return tags[0] if tags else ""


def _is_within(number: str, first: int, last: int) -> bool:
    """Tell whether a cell is the number of one of some words; ranges and empty nodes are not."""
    return is_number(number) and first <= int(number) <= last


def _read_gap(misc: Mapping[str, str]) -> str | None:
    """Return the white space after a word, or None if MISC says nothing of it."""
    if "SpacesAfter" in misc:
        return _ESCAPE.sub(_unescape, misc["SpacesAfter"])
    if misc.get("SpaceAfter") == "No":
        return ""
    return None


def _unescape(match: re.Match[str]) -> str:
    return ESCAPES.get(match[0], match[0])


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
    """Tell whether the first lines of a text are numbered rows of ten columns, comments aside."""
    rows = [line for line in head if not line.startswith("#")]
    return bool(rows) and all(map(_is_numbered_row, rows))


def _is_numbered_row(line: str) -> bool:
    return line.count("\t") == N_COLUMNS - 1 and line[0].isdecimal()


CONLLU: Final = Format(name="conllu", suffixes=(".conllu",), sniff=is_conllu, open_text=open_conllu)
