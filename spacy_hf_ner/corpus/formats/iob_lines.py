"""IOB in lines, as spaCy's own ``convert`` reads it: one sentence a line.

::

    Ed|B-PER saw|O Rome|B-LOC
    Ed|NNP|B-PER saw|VBD|O Rome|NNP|B-LOC
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from spacy_hf_ner.core.wording import count, shorten
from spacy_hf_ner.corpus.blocks import DOCUMENT_MARK
from spacy_hf_ner.corpus.cells import MIN_SHARE, is_tag_like
from spacy_hf_ner.corpus.columns import SAMPLE, Columns
from spacy_hf_ner.corpus.format import Format
from spacy_hf_ner.corpus.sentence import Problem
from spacy_hf_ner.corpus.source import ReadOptions, Source
from spacy_hf_ner.corpus.table import Table
from spacy_hf_ner.corpus.table_source import open_tables
from spacy_hf_ner.corpus.text_files import TextFile
from spacy_hf_ner.errors import CorpusError

__all__ = ["IOB_LINES", "is_iob_lines", "open_iob_lines"]

BAR: Final = "|"
WORD_AND_TAG: Final = 2
WITH_POS: Final = 3  # word, part of speech and tag


def open_iob_lines(file: TextFile, options: ReadOptions) -> Source:
    """Return a file of one sentence a line as a source.

    Raises:
        CorpusError: The file holds no words with tags, or not what the settings ask for.
    """
    n_parts = _find_parts(file)
    _check_columns(file, options.columns, n_parts)

    def tables() -> Iterator[Table]:
        starts_document = False
        for number, line in file.lines():
            if line.startswith(DOCUMENT_MARK):
                starts_document = True
            elif line.strip():
                table = _read_line(line, number, n_parts)
                table.starts_document = starts_document
                if options.columns.task == "pos":
                    table.tags = []
                yield table
                starts_document = False

    parts = "word|tag" if n_parts == WORD_AND_TAG else "word|part of speech|tag"
    origin = file.make_origin("iob").describe(parts)
    return open_tables(tables, origin, options)


def _find_parts(file: TextFile) -> int:
    """Return how many parts the words of the first lines have, in most cases."""
    n_words: Counter[int] = Counter()
    first = ""
    for _, line in islice(file.lines(), SAMPLE):
        if line.startswith(DOCUMENT_MARK):
            continue
        first = first or line
        for word in line.split():
            n_words[len(word.split(BAR))] += 1
    n_words[1] = 0  # words without a tag
    n_parts = max(n_words, key=lambda n_parts: n_words[n_parts])
    if n_words[n_parts] == 0:
        raise CorpusError(
            f"{file.path}:1: expected words with their tags (Ed|B-PER saw|O), got "
            f"{shorten(first)!r}. Set format to that of the file.",
            settings=("format",),
        )
    return min(n_parts, WITH_POS)


def _check_columns(file: TextFile, columns: Columns, n_parts: int) -> None:
    """Refuse to look for columns that such files have not."""
    has_pos = n_parts == WITH_POS
    is_there = columns.task == "ner" or (columns.task == "pos" and has_pos)
    if not is_there:
        raise CorpusError(
            f'{file.path}: expected a column for column = "{columns.task}", got words of '
            f"{n_parts} parts, which have none. Leave the setting out.",
            settings=("column",),
        )
    if columns.token is not None or columns.tag is not None:
        raise CorpusError(
            f"{file.path}: expected no names of columns, got some: in such a file the word is "
            "the first part and the tag the last. Leave token_column and tag_column out.",
            settings=("token_column", "tag_column"),
        )


def _read_line(line: str, number: int, n_parts: int) -> Table:
    """Return the table of a sentence. A word with too few parts has no tag; it may hold bars."""
    table = Table(lines=[], words=[], tags=[[]])
    for cell in line.split():
        word, *annotation = cell.rsplit(BAR, n_parts - 1)
        tag = annotation[-1] if annotation else ""
        pos = annotation[0] if len(annotation) == WITH_POS - 1 else ""
        if len(annotation) < n_parts - 1:
            fate = "kept" if is_tag_like(tag) else "missing"
            found = count(1 + len(annotation), "part")
            kind = f"word of {found}, not {n_parts}: its tag is {fate}"
            table.problems.append(Problem(kind, number))
        table.lines.append(number)
        table.words.append(word)
        table.tags[0].append(tag)
        table.pos.append(pos)
    return table


def is_iob_lines(head: Sequence[str]) -> bool:
    """Tell whether nearly all words of the first lines are followed by a bar and a tag.

    Several words stand on one line at least; else the file has one word a row.
    """
    lines = [line for line in head if not line.startswith(DOCUMENT_MARK)]
    words = [line.split() for line in lines if "\t" not in line]
    if len(words) < len(lines) or max(map(len, words), default=0) <= 1:
        return False
    return _count_tagged(words) >= MIN_SHARE * sum(map(len, words))


def _count_tagged(lines: Iterable[Sequence[str]]) -> int:
    """Return how many words end in a bar and a tag."""
    n_tagged = 0
    for words in lines:
        for word in words:
            _, bar, tag = word.rpartition(BAR)
            n_tagged += bool(bar) and is_tag_like(tag)
    return n_tagged


IOB_LINES: Final = Format(
    name="iob", shared_suffixes=(".iob",), sniff=is_iob_lines, open_text=open_iob_lines
)
