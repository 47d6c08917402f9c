"""Tables to a source, as all formats with one word a row make it."""

import copy

import pytest

from spacy_hf_ner.corpus.columns import Columns, Task
from spacy_hf_ner.corpus.source import Origin, ReadOptions, Source
from spacy_hf_ner.corpus.table import Table
from spacy_hf_ner.corpus.table_source import open_tables
from spacy_hf_ner.errors import CorpusError


def open_all(*tables: Table, task: Task = "ner", scheme: str = "auto") -> Source:
    options = ReadOptions(columns=Columns(task=task), scheme=scheme)
    return open_tables(lambda: iter(tables), Origin("file", "conll"), options)


def test_a_source_knows_scheme_sentences_and_documents() -> None:
    first = Table(lines=[1, 2], words=["Tim", "ran"], tags=[["B-PER", "O"]], starts_document=True)
    second = Table(lines=[4], words=["Off"], tags=[["O"]])
    source = open_all(first, second)
    assert source.scheme == "IOB2"
    assert source.n_sentences == 2
    assert source.has_documents
    assert [sentence.words for sentence in source.read()] == [("Tim", "ran"), ("Off",)]
    assert not open_all(second).has_documents


def test_a_source_can_be_read_again() -> None:
    table = Table(
        lines=[1, 2, 3],
        words=[" Tim ", "\u200b ", " "],
        tags=[["B-PER", "I-PER", "O"]],
        gaps=["", None, None],
    )
    before = copy.deepcopy(table)
    source = open_all(table)
    assert list(source.read()) == list(source.read())
    assert table == before


def test_the_named_scheme_is_that_of_what_is_asked_for() -> None:
    table = Table(lines=[1], words=["Tim"], tags=[["U-PER"]], chunks=["B-NP"])
    assert open_all(table, scheme="BILOU").scheme == "BILOU"
    assert open_all(table, task="chunk", scheme="IOB2").scheme == "IOB2"
    with pytest.raises(CorpusError, match=r"^file: the prefixes B are not in IO .*B- 1"):
        open_all(table, task="chunk", scheme="IO")


def test_tags_without_types_are_refused_with_their_first_line() -> None:
    first = Table(lines=[3], words=["ran"], tags=[["O"]])
    second = Table(lines=[5, 6], words=["by", "Tim"], tags=[["O", "B"]])
    with pytest.raises(CorpusError, match=r"^file:6: expected tags with types such as B-PER, got"):
        open_all(first, second)
    assert open_all(first, second, scheme="bare").scheme == "bare"


def test_chunks_without_types_are_refused_where_some_sentences_have_none() -> None:
    first = Table(lines=[3], words=["ran"], tags=[])
    second = Table(lines=[5], words=["Tim"], tags=[], chunks=["B"])
    with pytest.raises(CorpusError, match=r"^file:5: "):
        open_all(first, second, task="chunk")
