"""Documents to files that appear all together, or not at all: DocBins, CoNLL columns, or parquet."""

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol, TextIO

from spacy.tokens import Doc, DocBin

from spacy_hf_ner.corpus.blocks import DOCUMENT_MARK, is_document_mark
from spacy_hf_ner.corpus.formats.hf_datasets import ParquetWriter
from spacy_hf_ner.corpus.sentence import Sentence
from spacy_hf_ner.corpus.tag_column import DEFAULT_SCHEME, write_cells, write_sentence_tags
from spacy_hf_ner.errors import ConfigError, CorpusError

ATTRIBUTES: Final = ("ENT_IOB", "ENT_TYPE", "SENT_START", "TAG")
SHARD_WORDS: Final = 500_000  # in one .spacy file of a folder


class Writer(Protocol):
    """Takes the documents of one part of a corpus, one after the other."""

    def add(self, sentences: Sequence[Sentence], doc: Doc) -> None:
        """Take one document, as sentences and as a Doc; neither is kept."""

    def close(self) -> None:
        """Write what is left."""


def open_writer(
    folder: Path, name: str, suffix: str, *, scheme: str, shard_words: int = 0
) -> Writer:
    """Return a writer of one part of a corpus.

    Args:
        folder: Where its files go.
        name: The part's name, which its files begin with.
        suffix: The ending of the files, which tells their format.
        scheme: The scheme of tags in CoNLL and parquet files.
        shard_words: Begin a new ``.spacy`` file after so many words; 0 for one file.

    Raises:
        ConfigError: No format ends like this.
        MissingExtraError: The format needs a library that is not installed.
    """
    if suffix == ".spacy":
        return DocBinWriter(folder, name, shard_words)
    if suffix in (".conll", ".tsv"):
        return CoNLLWriter(folder / f"{name}{suffix}", scheme)
    if suffix == ".parquet":
        return ParquetWriter(folder / f"{name}{suffix}", scheme)
    raise ConfigError(
        f"OUTPUT must be a folder, or a file that ends in .spacy, .conll, .tsv or .parquet, got an ending {suffix!r}. "
        "For a folder of that name, make it first."
    )


@contextmanager
def stage_files(folder: Path) -> Iterator[Path]:
    """Give a scratch folder whose files move to `folder` at the end, and are removed on an error.

    Other files of the same part (``NAME.spacy`` beside ``NAME-00000.spacy``) are leftovers of an earlier run, and go.

    Raises:
        ConfigError: A part of the folder's path is a file.
    """
    with tempfile.TemporaryDirectory(prefix=".convert-", dir=find_existing(folder)) as scratch:
        yield Path(scratch)
        fresh = sorted(Path(scratch).iterdir())
        folder.mkdir(parents=True, exist_ok=True)
        stale = {old for file in fresh for old in _shards(folder, file)} - {
            folder / file.name for file in fresh
        }
        for file in fresh:
            shutil.move(file, folder / file.name)
        for old in stale:
            old.unlink()


def find_existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that is there.

    Raises:
        ConfigError: It is a file, in which nothing can be written.
    """
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if not existing.is_dir():
        raise ConfigError(
            f"expected a folder to write to, got the file {existing}. Name another path."
        )
    return existing


def _shards(folder: Path, file: Path) -> set[Path]:
    """Return the files in a folder that hold the same part of a corpus as a file."""
    stem = file.stem
    name = stem[:-6] if stem[-6:-5] == "-" and stem[-5:].isdecimal() else stem
    return {
        *folder.glob(f"{name}-[0-9][0-9][0-9][0-9][0-9]{file.suffix}"),
        *folder.glob(f"{name}{file.suffix}"),
    }


class DocBinWriter:
    """Writes ``NAME.spacy``, or ``NAME-00000.spacy`` and so on."""

    def __init__(self, folder: Path, name: str, shard_words: int) -> None:
        self._folder = folder
        self._name = name
        self._shard_words = shard_words
        self._n_shards = 0
        self._n_words = 0
        self._docbin = self._new_docbin()

    def add(self, sentences: Sequence[Sentence], doc: Doc) -> None:  # noqa: ARG002 - a writer's interface
        """Take one document."""
        self._docbin.add(doc)
        self._n_words += len(doc)
        if self._shard_words and self._n_words >= self._shard_words:
            self._flush()

    def close(self) -> None:
        """Write what is left; a single shard gets the plain name."""
        if self._n_words or not self._n_shards:
            self._flush()
        if self._n_shards == 1:
            self._path(0).rename(self._folder / f"{self._name}.spacy")

    def _flush(self) -> None:
        self._docbin.to_disk(self._path(self._n_shards))
        self._docbin = self._new_docbin()
        self._n_shards += 1
        self._n_words = 0

    def _path(self, number: int) -> Path:
        return self._folder / f"{self._name}-{number:05}.spacy"

    @staticmethod
    def _new_docbin() -> DocBin:
        return DocBin(attrs=ATTRIBUTES, store_user_data=True)


class CoNLLWriter:
    """Writes four columns separated by tabs: word, part of speech, chunk, tag."""

    def __init__(self, path: Path, scheme: str) -> None:
        self._file: TextIO = path.open("w", encoding="utf-8", newline="\n")
        self._scheme = scheme

    def add(self, sentences: Sequence[Sentence], doc: Doc) -> None:
        """Take one document.

        Raises:
            CorpusError: A word, or one of its tags, holds a tab or a line end, or is a document mark.
        """
        self._file.write("-DOCSTART-\t-X-\t-X-\tO\n\n")
        for sentence in sentences:
            n_words = len(sentence.words)
            pos = [tag or "_" for tag in sentence.pos] or ["_"] * n_words
            chunks = (
                write_cells(sentence.chunks, n_words, DEFAULT_SCHEME)
                if sentence.chunks
                else ["_"] * n_words
            )
            tags = [tag or "-" for tag in write_sentence_tags(sentence, self._scheme)]
            rows = list(zip(sentence.words, pos, chunks, tags, strict=True))
            text = "".join("\t".join(row) + "\n" for row in rows)
            is_cut = (text.count("\t"), text.count("\n"), text.count("\r")) != (
                3 * n_words,
                n_words,
                0,
            )
            if is_cut or (DOCUMENT_MARK in text and any(map(is_document_mark, rows))):
                raise _refuse_cell(rows, doc)
            self._file.write(text + "\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _refuse_cell(rows: Iterable[Sequence[str]], doc: Doc) -> CorpusError:
    cells = [cell for row in rows for cell in row]
    cut = next((cell for cell in cells if any(mark in cell for mark in "\t\n\r")), None)
    if cut is None:
        cell = next(cell for cell in cells if cell.startswith(DOCUMENT_MARK))
        found = f"words and tags that are no document marks, got {cell!r}: it would begin a new document"
    else:
        found = f"words and tags on one line, got {cut!r}: a tab or a line end in it would break the columns"
    return CorpusError(
        f"{doc.user_data.get('source', 'the corpus')}: expected {found}. Write .spacy or .parquet, which hold any "
        "word, or correct the corpus."
    )
