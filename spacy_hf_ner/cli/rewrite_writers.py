"""Where the texts go that ``rewrite`` writes: lines, or records as ``annotate`` has them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Final, Protocol, TextIO

from spacy_hf_ner.cli.annotation_writers import (
    Annotated,
    TextWriter,
    open_writer,
    replace_halves,
)
from spacy_hf_ner.core.replacing import replace_file
from spacy_hf_ner.errors import CorpusError
from spacy_hf_ner.pipe.found_entities import EntityFinder
from spacy_hf_ner.rewriting import Rewriting
from spacy_hf_ner.rewriting.secret_files import open_secret

__all__ = ["RewrittenWriter", "TableWriter", "open_rewritten", "open_table"]

LINES: Final = "txt"  # a text in each line


class RewrittenWriter(Protocol):
    """Takes new texts, one after the other."""

    def write(self, annotated: Annotated) -> None:
        """Take a text; an empty one if it failed."""


@contextmanager
def open_rewritten(
    output: Path | None, output_format: str | None, *, finder: EntityFinder, stdout: TextIO
) -> Iterator[RewrittenWriter]:
    """Give a writer of a file that appears whole at the end, or not at all.

    Args:
        output: The file; None for stdout.
        output_format: Its format; None for what its ending says.
        finder: Where the entities of the new texts are.
        stdout: Where texts go without a file.

    Raises:
        ConfigError: There is no such format, or it cannot be written there.
        OutputError: The output cannot be written. What was there stays.
    """
    if not _is_lines(output, output_format):
        key = finder.spans_key or ""
        with open_writer(output, output_format, spans_key=key, stdout=stdout) as writer:
            yield _RecordWriter(writer, finder)
    elif output is None:
        yield _LineWriter(stdout)
    else:
        with replace_file(output) as fresh, fresh.open("w", encoding="utf8", newline="\n") as file:
            yield _LineWriter(file)


def _is_lines(output: Path | None, output_format: str | None) -> bool:
    if output_format is not None:
        return output_format == LINES
    return output is None or output.suffix.lower() in {"", ".txt", ".text"}


class _LineWriter:
    """Writes a text in each line."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, annotated: Annotated) -> None:
        """Write a text as a line.

        Raises:
            CorpusError: It has several lines.
        """
        if "\n" in annotated.text or "\r" in annotated.text:
            raise CorpusError(
                f"{annotated.source.place}: expected a text of one line, because OUTPUT holds a "
                "text in each, got several lines. Name an OUTPUT that ends in .jsonl."
            )
        self._file.write(replace_halves(annotated.text) + "\n")


class _RecordWriter:
    """Writes a record for each text, as ``annotate`` does."""

    def __init__(self, writer: TextWriter, finder: EntityFinder) -> None:
        self._writer = writer
        self._finder = finder

    def write(self, annotated: Annotated) -> None:
        """Write a text with its entities."""
        self._writer.write(annotated, self._finder.find(annotated.doc))


class TableWriter:
    """Writes which name became which: a line of JSON for each.

    Args:
        file: What is written to.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, index: int, rewriting: Rewriting) -> None:
        """Write the names of a text.

        Args:
            index: The index of the text.
            rewriting: What became of it.
        """
        for row in rewriting.replacements:
            line = json.dumps({"index": index, **asdict(row)}, ensure_ascii=False)
            self._file.write(line + "\n")


@contextmanager
def open_table(path: Path | None) -> Iterator[TableWriter | None]:
    """Give a writer of a table that its owner alone may read; None for no path.

    Raises:
        OutputError: The file cannot be written.
    """
    if path is None:
        yield None
        return
    with open_secret(path) as file:
        yield TableWriter(file)
