"""A shard: some texts of one input that stand next to each other, annotated as a whole or not."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from spacy_hf_ner.corpus.plain_texts import detect_encoding, find_inputs
from spacy_hf_ner.corpus.text_input import (
    BEGINNING,
    Place,
    PlainText,
    RawText,
    TextColumns,
    TextInput,
)
from spacy_hf_ner.corpus.text_readers import READERS
from spacy_hf_ner.errors import CorpusError

__all__ = ["Shard", "ShardReader", "cut_input", "make_whole_shard", "name_texts"]


@dataclass(frozen=True, slots=True)
class Shard:
    """Texts that are annotated together.

    Attributes:
        number: Its number among all shards, from 0.
        source: The input that it is cut from.
        start: The place of its first text.
        n_texts: How many texts it has.
    """

    number: int
    source: TextInput
    start: Place
    n_texts: int


def cut_input(source: TextInput, *, shard_size: int) -> Iterator[tuple[Place, int]]:
    """Yield the first place of each shard of an input, and how many texts it has.

    Raises:
        CorpusError: The input cannot be read as what it claims to be.
    """
    start = BEGINNING
    n_texts = 0
    for place in READERS[source.kind].find_places(source):
        if n_texts == 0:
            start = place
        n_texts += 1
        if n_texts == shard_size:
            yield start, n_texts
            n_texts = 0
    if n_texts:
        yield start, n_texts


def make_whole_shard(path: Path | str) -> Shard:
    """Return a file as one shard.

    Raises:
        CorpusError: There is no such file, or it is a folder of several.
    """
    inputs = find_inputs(str(path))
    if len(inputs) != 1:
        raise CorpusError(f"{path}: expected one file, got {len(inputs)}. Name one of them.")
    source = detect_encoding(inputs[0])
    n_texts = sum(n for _, n in cut_input(source, shard_size=1_000_000))
    return Shard(0, source, BEGINNING, n_texts)


class ShardReader:
    """Reads shards, one after the other, and goes on in an input where the last one ended.

    Compressed files can be read from the beginning alone. Whoever reads shards in their order
    passes over those of others, and unpacks such a file once::

        shards      0    1    2    3    4    5
        worker a    read skip skip read skip read
        worker b    skip read read skip read
    """

    def __init__(self, columns: TextColumns) -> None:
        self._columns = columns
        self._source: TextInput | None = None
        self._texts: Iterator[RawText] = iter(())
        self._next = 0  # the number of the text that comes out of the open input next

    def read(self, shard: Shard) -> Iterator[PlainText]:
        """Yield the texts of a shard.

        Raises:
            CorpusError: The input has fewer texts than it had when it was cut.
        """
        source = shard.source
        reader = READERS[source.kind]
        is_ahead = source == self._source and self._next <= shard.start.number
        can_seek = shard.start.offset > 0
        if not is_ahead or (can_seek and self._next != shard.start.number):
            self._texts = reader.open(source, self._columns, shard.start)
            self._next = shard.start.number
        self._source = None  # until all is read: whoever stops between stands nowhere
        n_before = shard.start.number - self._next
        n_read = 0
        for raw in islice(self._texts, n_before, n_before + shard.n_texts):
            n_read += 1
            yield reader.parse(raw, source, self._columns)
        if n_read < shard.n_texts:
            raise CorpusError(
                f"{source.path}: expected {shard.n_texts} texts from number "
                f"{shard.start.number + 1} on, as there were when it was cut, got {n_read}. It has "
                "changed. Name another OUTPUT for what it holds now."
            )
        self._source = source
        self._next = shard.start.number + shard.n_texts


def name_texts(texts: Iterable[PlainText], shard: Shard) -> Iterator[tuple[str, PlainText]]:
    """Yield each text with its name, or with its place in its input where it has none.

    A place is told by the input's own name and not by its path, which may be another one on another
    machine.
    """
    for number, text in enumerate(texts, start=shard.start.number):
        yield text.text_id or f"{shard.source.name}:{number + 1}", text
