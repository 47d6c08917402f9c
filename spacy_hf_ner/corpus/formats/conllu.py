"""CoNLL-U: ten columns; tags of entities or chunks, and white space, are in the last one, MISC.

Source: https://universaldependencies.org/format.html
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from spacy_hf_ner.corpus.blocks import Block, Row, read_blocks, read_metadata
from spacy_hf_ner.corpus.columns import SAMPLE, is_number
from spacy_hf_ner.corpus.format import Format
from spacy_hf_ner.corpus.sentence import Problem
from spacy_hf_ner.corpus.source import ReadOptions, Source
from spacy_hf_ner.corpus.table import Table, open_tables
from spacy_hf_ner.corpus.tag_column import MISSING_POS, is_tag_like
from spacy_hf_ner.corpus.text_files import TextFile
from spacy_hf_ner.errors import CorpusError

N_COLUMNS: Final = 10
ID, FORM, UPOS, XPOS, MISC = 0, 1, 3, 4, 9
POS_COLUMNS: Final = {"upos": UPOS, str(UPOS): UPOS, "xpos": XPOS, str(XPOS): XPOS}
ESCAPES: Final = {r"\s": " ", r"\t": "\t", r"\n": "\n", r"\r": "\r", r"\p": "|", r"\\": "\\"}

_RANGE = re.compile(r"(\d{1,9})-(\d{1,9})")
_ESCAPE = re.compile(r"\\.")


def open_conllu(file: TextFile, options: ReadOptions) -> Source:
    """Return a CoNLL-U file as a source; tag_column names the key in MISC, or a column.

    Raises:
        CorpusError: No key in MISC holds tags, or there is no such key or column.
    """
    is_about_pos = options.columns.task == "pos"
    key = "" if is_about_pos else _find_key(file, options.columns.tag)
    pos = _find_pos(file.path, options.columns.tag) if is_about_pos else UPOS

    def tables() -> Iterator[Table]:
        for block in _blocks(file):
            table = _read_block(block, key, pos)
            if options.columns.task != "ner":
                table.chunks, table.tags = ([] if is_about_pos else table.tags[0]), []
            if table.words:
                yield table

    return open_tables(
        tables,
        name=str(file.path),
        format_name="conllu",
        options=options,
        description=f"{file.encoding}, "
        + (f"tags in MISC as {key}=" if key else f"parts of speech in column {pos}"),
        problems=file.problems,
    )


def _blocks(file: TextFile) -> Iterator[Block]:
    return read_blocks(
        file.lines(), split=lambda line: line.split("\t"), is_comment=lambda _line, _cells: True
    )


def _find_pos(path: Path, named: int | str | None) -> int:
    """Return the column of parts of speech."""
    column = UPOS if named is None else POS_COLUMNS.get(str(named).lower())
    if column is None:
        raise CorpusError(
            f"{path}: expected upos or xpos as the column of parts of speech, "
            f"got {named!r}. Name one."
        )
    return column


def _find_key(file: TextFile, named: int | str | None) -> str:
    """Return the key in MISC whose values are tags, or the one that is named."""
    keys: Counter[str] = Counter()
    others: dict[str, None] = {}
    for block in _blocks(file) if named is not None else islice(_blocks(file), SAMPLE // 10):
        for row in block.rows:
            misc = _read_misc(row)
            if named is not None and str(named) in misc:
                return str(named)
            keys.update(key for key, value in misc.items() if is_tag_like(value))
            others.update(dict.fromkeys(misc))
    if named is not None:
        known = ", ".join([*others][:20]) or "none"
        raise CorpusError(
            f"{file.path}:1: expected the key {named} in column {MISC} (MISC), found only {known}. "
            "Name one with tag_column.",
            settings=("tag_column",),
        )
    if not keys:
        raise CorpusError(
            f"{file.path}:1: expected tags in column {MISC} (MISC) such as name=B-PER, "
            "found none. Name their key with tag_column, read parts of speech with "
            'column = "pos", or read the file with format = "conll".',
            settings=("tag_column", "column", "format"),
        )
    return keys.most_common(1)[0][0]


def _read_misc(row: Row) -> dict[str, str]:
    cell = row.cells[MISC] if len(row.cells) > MISC else "_"
    return {
        key: value for key, _, value in (pair.partition("=") for pair in cell.split("|")) if value
    }


def _read_block(block: Block, key: str, pos: int) -> Table:
    """Read the rows of a sentence; words written as one are that one word, empty nodes none."""
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
    covered = 0
    for row in block.rows:
        number, misc = row.cells[ID], _read_misc(row)
        match = _RANGE.fullmatch(number)
        tag = _first_tag(block, key, int(match[1]), int(match[2])) if match else misc.get(key, "")
        pos_tag = row.cells[pos] if len(row.cells) > pos else ""
        if len(row.cells) != N_COLUMNS:
            fate = "missing" if (tag if key else pos_tag) in MISSING_POS else "kept"
            kind = f"row of {len(row.cells)} columns, not {N_COLUMNS}: its tag is {fate}"
            table.problems.append(Problem(kind, row.line))
        if "." in number or (not match and _is_within(number, 1, covered)):
            continue
        covered = int(match[2]) if match else covered
        table.lines.append(row.line)
        table.words.append(row.cells[FORM] if len(row.cells) > FORM else "")
        table.tags[0].append(tag)
        table.pos.append(pos_tag)
        table.gaps.append(_read_gap(misc))
    if any(
        gap is not None for gap in table.gaps
    ):  # who says where there is no white space means the rest has some
        table.gaps = [*(" " if gap is None else gap for gap in table.gaps[:-1]), table.gaps[-1]]
    return table


def _first_tag(block: Block, key: str, first: int, last: int) -> str:
    """Return the first tag of an entity among words written as one, else what they all say."""
    tags = [
        _read_misc(row).get(key, "") for row in block.rows if _is_within(row.cells[ID], first, last)
    ]
    return next((tag for tag in tags if tag not in ("O", "")), tags[0] if tags else "")


def _is_within(number: str, first: int, last: int) -> bool:
    return is_number(number) and first <= int(number) <= last


def _read_gap(misc: dict[str, str]) -> str | None:
    if "SpacesAfter" in misc:
        return _ESCAPE.sub(lambda match: ESCAPES.get(match[0], match[0]), misc["SpacesAfter"])
    return "" if misc.get("SpaceAfter") == "No" else None


def is_conllu(head: Sequence[str]) -> bool:
    """Tell whether the first lines of a text are numbered rows of ten columns, comments aside."""
    rows = [line for line in head if not line.startswith("#")]
    return bool(rows) and all(
        row.count("\t") == N_COLUMNS - 1 and row[0].isdecimal() for row in rows
    )


CONLLU: Final = Format(name="conllu", suffixes=(".conllu",), sniff=is_conllu, open_text=open_conllu)
