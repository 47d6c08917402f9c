"""Texts to annotate: lines, records, cells, Docs, and whole files of a folder.

A corpus has annotation, and a text has none: these readers want words and tags of nobody, and hand
on what cannot be read with the reason, so that as many come out as there are.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from glob import glob, has_magic
from itertools import groupby, islice
from pathlib import Path
from typing import BinaryIO, Final

from spacy_hf_ner.corpus.compressed import find_suffix, is_compressed
from spacy_hf_ner.corpus.formats.hf_datasets import is_dataset, load_splits
from spacy_hf_ner.corpus.text_files import open_text
from spacy_hf_ner.corpus.text_input import BEGINNING, PlainText, TextColumns, TextInput
from spacy_hf_ner.corpus.text_readers import (
    DATASET,
    KIND_OF_SUFFIX,
    LINES,
    READERS,
    WHOLE_FILES,
)
from spacy_hf_ner.corpus.visible import list_visible
from spacy_hf_ner.errors import CorpusError

__all__ = ["STDIN", "PlainText", "detect_encoding", "find_inputs", "read_texts"]

STDIN: Final = "-"
MAX_FILES: Final = 1_000  # that are a text each, in one input

# What is read as text, whose encoding has to be found out.
TEXT_KINDS: Final = frozenset({LINES, "jsonl", "csv"})


def read_texts(
    name: str,
    *,
    text_column: str = "text",
    id_column: str | None = None,
    stdin: BinaryIO | None = None,
) -> Iterator[PlainText]:
    """Yield the texts that a name means, or those that come in on stdin, one after the other.

    Args:
        name: What :func:`find_inputs` knows, or ``-`` for the lines of stdin.
        text_column: The field of records, or the column of a table, that holds the text.
        id_column: The one that holds its name; None for ``id``, ``text_id`` or ``doc_id``.
        stdin: What ``-`` reads; None for that of the process.

    Raises:
        CorpusError: There is no such file, or no such column in it.
    """
    if name == STDIN:
        return _read_stdin(stdin or sys.stdin.buffer)
    return _read_inputs(find_inputs(name), TextColumns(text_column, id_column))


def _read_stdin(stdin: BinaryIO) -> Iterator[PlainText]:
    for number, line in enumerate(stdin, start=1):
        place = f"stdin:{number}"
        try:
            text = line.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            yield PlainText("", place, error=f"expected text in UTF-8, got other bytes ({error})")
        else:
            yield PlainText(text, place)


def _read_inputs(inputs: Sequence[TextInput], columns: TextColumns) -> Iterator[PlainText]:
    for found in inputs:
        source = detect_encoding(found)
        reader = READERS[source.kind]
        for raw in reader.open(source, columns, BEGINNING):
            yield reader.parse(raw, source, columns)


def find_inputs(name: str, *, leave_out: Path | None = None) -> list[TextInput]:
    """Return the inputs that a name means, in order.

    ``.jsonl``, ``.json``, ``.csv``, ``.tsv``, ``.parquet`` and ``.spacy`` are read as what they are
    called, and all but the last two may be compressed (``.gz``, ``.zst``). Each line of any other
    file is a text; in a folder, and under a pattern, each such file is a text as a whole.

    Args:
        name: A file, a folder, a pattern of files such as ``texts/*.txt``, or ``hf:NAME``.
        leave_out: A folder whose files are none of the inputs.

    Raises:
        CorpusError: There is no such file, or no data set of this name.
    """
    if is_dataset(name):
        return list(_find_splits(name))
    path = Path(name)
    if path.is_dir():
        files = list_visible(path)
        if leave_out is not None:
            files = [file for file in files if not file.resolve().is_relative_to(leave_out)]
        if not files:
            raise CorpusError(f"{name}: expected a folder with texts, got none in it.")
        return list(_find_files(files, root=path))
    if path.is_file():
        kind = KIND_OF_SUFFIX.get(find_suffix(path), LINES)
        return [_make_input(path, kind, name=path.name)]
    if has_magic(name):
        found = sorted(filter(Path.is_file, map(Path, glob(name, recursive=True))))  # noqa: PTH207 - a pattern may be absolute
        if found:
            return list(_find_files(found, root=_find_root(path)))
    raise CorpusError(
        f"{name}: expected a file or a folder with texts, a pattern that matches some, hf:NAME, or "
        "- for stdin, got nothing there. Check the path."
    )


def _find_root(pattern: Path) -> Path:
    """Return the folder in which a pattern of files begins."""
    root = pattern
    while has_magic(str(root)):
        root = root.parent
    return root


def _find_files(files: Iterable[Path], *, root: Path) -> Iterator[TextInput]:
    """Yield an input for each file, or for neighbours that are a text each."""
    for kind, group in groupby(files, key=_find_kind):
        if kind == WHOLE_FILES:
            names = (file.relative_to(root).as_posix() for file in group)
            while some := tuple(islice(names, MAX_FILES)):
                yield TextInput(name=some[0], path=str(root), kind=kind, files=some)
            continue
        for file in group:
            yield _make_input(file, kind, name=file.relative_to(root).as_posix())


def _find_kind(file: Path) -> str:
    return KIND_OF_SUFFIX.get(find_suffix(file), WHOLE_FILES)


def _make_input(path: Path, kind: str, *, name: str) -> TextInput:
    if is_compressed(path):
        # Nobody writes arrays so, and many write lines of JSON so and call them .json.gz.
        kind = "jsonl" if kind == "json" else kind
    return TextInput(name=name, path=str(path), kind=kind)


def detect_encoding(source: TextInput) -> TextInput:
    """Return an input whose encoding is known, after a pass over its bytes.

    What is compressed is UTF-8.
    """
    path = Path(source.path)
    if source.kind not in TEXT_KINDS or is_compressed(path):
        return source
    text = open_text(path)
    return replace(
        source,
        encoding=text.encoding,
        newline=text.newline,
        is_damaged=bool(text.problems),
    )


def _find_splits(name: str) -> Iterator[TextInput]:
    """Yield an input for each split of a data set, or for each of its parquet files."""
    for split, found in load_splits(name).items():
        if not isinstance(found, list):
            yield TextInput(name=split, path=name, kind=DATASET, split=split)
            continue
        for file in found:
            yield TextInput(name=f"{split}/{file.name}", path=str(file), kind="parquet")
