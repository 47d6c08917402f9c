"""What a format is: everything that the rest of the package knows of one.

A format lives in one file of ``formats/``, which holds its reader, its writer if it has one, and
one :class:`Format` that names both; a line in ``formats/__init__.py`` puts it on the list.
Detection, folders, writing and the help of the command line are derived from that list.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from spacy.tokens import Doc

from spacy_hf_ner.corpus.sentence import Sentence
from spacy_hf_ner.corpus.source import ReadOptions, Source
from spacy_hf_ner.corpus.text_files import TextFile

__all__ = ["Format", "Target", "Writer"]


class Writer(Protocol):
    """Takes the documents of one part of a corpus, one after the other."""

    def add(self, sentences: Sequence[Sentence], doc: Doc) -> None:
        """Take one document, as sentences and as a Doc; neither is kept."""

    def finish(self) -> None:
        """Write what is left, after the last document."""

    def close(self) -> None:
        """Let go of the file, finished or not."""


def _ignore(kind: str) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where one part of a corpus is to be written, and how.

    Attributes:
        folder: The folder of its files.
        suffix: The ending of its files, such as ``".conll"``.
        scheme: The scheme of the tags, where the format has tags.
        part: The part's name, which the names of its files begin with.
        shard_words: Begin a new file after so many words, where the format can; 0 for one file.
        spans_key: The span group of the Docs that holds their entities, or empty for those that
            `make_doc` has set.
        is_predicted: Whether the entities are predictions, which tools keep apart from gold.
        report: Takes what the format has no form for, in words that are the same for all of a kind.
    """

    folder: Path
    suffix: str
    scheme: str
    part: str = ""
    shard_words: int = 0
    spans_key: str = ""
    is_predicted: bool = False
    report: Callable[[str], None] = _ignore

    @property
    def path(self) -> Path:
        """The file of a part that is written to one file."""
        return self.folder / f"{self.part}{self.suffix}"


def _name_by_stem(file: Path, siblings: Collection[str]) -> str:  # noqa: ARG001 - as all formats
    return file.stem


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A format of corpora. What is None or empty is something that the format does not do.

    A format opens texts, or files of bytes, or folders and names as a whole; it may do several.

    Attributes:
        name: What the setting ``format`` calls it.
        suffixes: Endings, in lower case, of files that are in this format whatever they hold.
        shared_suffixes: Endings of texts that may be in this format or in another: their first
            lines tell which.
        no_data: Names of files that end like data and are none.
        sniff: Whether a text is in this format, by its first lines without the blank ones. The
            formats are asked in the order of the list.
        open_text: Returns a text as a source.
        open_files: Returns the files of one part of a corpus, its only one or its shards, as a
            source. The text is the source's name.
        name_part: Returns the name of the part that a file holds. Shards of one part have the same
            name; the second argument is the names of all files beside it.
        claims: Whether this format reads a path or another name as a whole. The first of the list
            that claims it gets it, unless the user names another.
        open_whole: Returns the parts of what it claims, by their names.
        written_suffixes: Endings of the files that it writes.
        open_writer: Returns a writer of one part of a corpus.
    """

    name: str
    suffixes: tuple[str, ...] = ()
    shared_suffixes: tuple[str, ...] = ()
    no_data: tuple[str, ...] = ()
    sniff: Callable[[Sequence[str]], bool] | None = None
    open_text: Callable[[TextFile, ReadOptions], Source] | None = None
    open_files: Callable[[Sequence[Path], str, ReadOptions], Source] | None = None
    name_part: Callable[[Path, Collection[str]], str] = _name_by_stem
    claims: Callable[[str], bool] | None = None
    open_whole: Callable[[str, ReadOptions], Mapping[str, Source]] | None = None
    written_suffixes: tuple[str, ...] = ()
    open_writer: Callable[[Target], Writer] | None = None
