"""Docs to files: which writer a file gets, in which order, and which files are whose."""

import math
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from operator import itemgetter
from pathlib import Path
from typing import Final

from spacy.tokens import Doc

from spacy_hf_ner.core.replacing import replace_file
from spacy_hf_ner.corpus.format import Format, Target, Writer
from spacy_hf_ner.corpus.formats import FORMATS
from spacy_hf_ner.corpus.formats.spacy_docs import read_doc
from spacy_hf_ner.corpus.sentence import Sentence
from spacy_hf_ner.corpus.tag_column import DEFAULT_SCHEME
from spacy_hf_ner.corpus.tools.doc_entities import find_entities, find_lowest_score
from spacy_hf_ner.errors import ConfigError

__all__ = [
    "AUTO",
    "DocWriter",
    "SortingWriter",
    "check_files",
    "check_folder",
    "find_written_format",
    "holds_part",
    "list_written_formats",
    "list_written_suffixes",
    "open_writer",
    "write_docs",
]

AUTO: Final = "auto"

_SHARD: Final = re.compile(r"(.*)-\d{5}", re.DOTALL)  # a name may hold a line end


def find_written_format(suffix: str, name: str = AUTO) -> Format:
    """Return the format that a file with an ending is written in.

    Args:
        suffix: The ending, or nothing for the files of a folder.
        name: The format's name, or ``"auto"`` for the first that is written with this ending.

    Raises:
        ConfigError: There is no such format.
    """
    names: list[str] = []
    for known in FORMATS:
        if known.open_writer is None:
            continue
        names.append(known.name)
        has_suffix = not suffix or suffix in known.written_suffixes
        if has_suffix and name in {AUTO, known.name}:
            return known
        if name == known.name:
            raise ConfigError(
                f"OUTPUT in format {name} must be a folder, or a file that ends in "
                f"{' or '.join(known.written_suffixes)}, got an ending {suffix!r}.",
                settings=("output_format",),
            )
    if name != AUTO:
        raise ConfigError(
            f"output_format must be {AUTO} or one of {', '.join(sorted(names))}, got {name!r}.",
            settings=("output_format",),
        )
    *suffixes, last = list_written_suffixes()
    raise ConfigError(
        f"OUTPUT must be a folder, or a file that ends in {', '.join(suffixes)} or {last}, got an "
        f"ending {suffix!r}. For a folder of that name, make it first."
    )


def list_written_formats() -> list[str]:
    """Return what the setting ``output_format`` may be, ``"auto"`` first."""
    return [AUTO, *sorted(known.name for known in FORMATS if known.open_writer is not None)]


def list_written_suffixes() -> list[str]:
    """Return the endings of files that can be written."""
    suffixes: dict[str, None] = {}  # a set that keeps the order
    for known in FORMATS:
        suffixes.update(dict.fromkeys(known.written_suffixes))
    return list(suffixes)


def open_writer(target: Target, format_name: str = AUTO) -> Writer:
    """Return a writer of one part of a corpus.

    Args:
        target: Where it is written to.
        format_name: The format, or ``"auto"`` for the one that the ending of the target tells.

    Raises:
        ConfigError: No format is written so.
        MissingExtraError: The format needs a library that is not installed.
    """
    written = find_written_format(target.suffix, format_name)
    assert written.open_writer is not None, "only formats with a writer are found"
    return written.open_writer(target)


class DocWriter:
    """Takes Docs, one after the other, for a file in the form of any tool."""

    def __init__(self, writer: Writer, spans_key: str) -> None:
        self._writer = writer
        self._spans_key = spans_key

    def add(self, doc: Doc) -> None:
        """Take one Doc. It is not kept."""
        sentences = list(read_doc(doc, spans_key=self._spans_key))
        self._writer.add(sentences, doc)


@contextmanager
def write_docs(
    path: Path,
    *,
    format_name: str = AUTO,
    spans_key: str = "",
    is_predicted: bool = False,
    scheme: str = DEFAULT_SCHEME,
) -> Iterator[DocWriter]:
    """Give a writer of Docs to a file, which appears when the block ends, or not at all.

    Args:
        path: The file.
        format_name: Its format, or ``"auto"`` for the one that its ending tells.
        spans_key: The span group that holds the entities, such as ``"hf_ner"``, whose scores come
            along; or empty for ``doc.ents``.
        is_predicted: Whether the entities are predictions, which tools keep apart from gold.
        scheme: The scheme of the tags, where the format has tags.

    Raises:
        ConfigError: No format is written with this ending.
        OutputError: The file cannot be written.
    """
    find_written_format(path.suffix, format_name)  # an error of the format comes first
    with replace_file(path) as fresh:
        target = Target(
            folder=fresh.parent,
            part=fresh.stem,
            suffix=fresh.suffix,
            scheme=scheme,
            spans_key=spans_key,
            is_predicted=is_predicted,
        )
        with closing(open_writer(target, format_name)) as writer:
            yield DocWriter(writer, spans_key)
            writer.finish()


class SortingWriter:
    """Keeps documents, and hands them on at the end: those first that a model is least sure of.

    The lowest score of its entities counts. Documents without scores come last, as they came.
    """

    def __init__(self, writer: Writer, spans_key: str = "") -> None:
        self._writer = writer
        self._spans_key = spans_key
        self._kept: list[tuple[float, Sequence[Sentence], Doc]] = []
        self.has_scores = False

    def add(self, sentences: Sequence[Sentence], doc: Doc) -> None:
        """Take one document."""
        lowest = find_lowest_score(find_entities(doc, self._spans_key))
        if lowest is None:
            lowest = math.inf
        else:
            self.has_scores = True
        self._kept.append((lowest, sentences, doc))

    def finish(self) -> None:
        """Write all documents."""
        for _, sentences, doc in sorted(self._kept, key=itemgetter(0)):
            self._writer.add(sentences, doc)
        self._writer.finish()

    def close(self) -> None:
        """Let go of the file."""
        self._writer.close()


def check_folder(folder: Path) -> None:
    """Make sure that no part of a folder's path, which need not be there yet, is a file.

    Raises:
        ConfigError: Some part is one.
    """
    existing = folder
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if not existing.is_dir():
        raise ConfigError(
            f"expected a folder to write to, got the file {existing}. Name another path."
        )


def check_files(folder: Path, parts: Iterable[str], suffix: str) -> None:
    """Make sure that no folder has the name of a file that parts of a corpus are written to.

    Raises:
        ConfigError: Some folder has.
    """
    for part in parts:
        file = folder / f"{part}{suffix}"
        if file.is_dir():
            raise ConfigError(
                f"expected to write the file {file}, got a folder of that name. Name another "
                "place, or move the folder away."
            )


def holds_part(file: Path, parts: Collection[str], suffix: str) -> bool:
    """Tell whether a file holds one of the parts of a corpus, whole or as a shard.

    Names are compared, not matched with a pattern: a part may be called ``train[1]`` or ``*``.

    >>> holds_part(Path("out/dev-00001.spacy"), ["dev"], ".spacy")
    True
    >>> holds_part(Path("out/dev2.spacy"), ["dev?"], ".spacy")
    False
    """
    if file.suffix != suffix:
        return False
    shard = _SHARD.fullmatch(file.stem)
    return file.stem in parts or (shard is not None and shard[1] in parts)
