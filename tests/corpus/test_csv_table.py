"""CSV with documents, marks, and lists in its cells; the rest is in ``test_formats.py``."""

from pathlib import Path

import pytest

from spacy_hf_ner.corpus.columns import Columns, Task
from spacy_hf_ner.corpus.opening import open_corpus
from spacy_hf_ner.corpus.sentence import Problem, Sentence
from spacy_hf_ner.corpus.source import ReadOptions
from spacy_hf_ner.errors import CorpusError
from tests.corpus.sentences import kinds, show
from tests.corpus.sentences import read as read_file


def read(tmp_path: Path, text: str) -> list[Sentence]:
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf8")
    return read_file(path)


def test_a_column_that_names_documents_starts_them_and_their_sentences(tmp_path: Path) -> None:
    sentences = read(
        tmp_path, "doc_id,sentence_id,word,tag\na,1,Tim,B-PER\na,1,ran,O\nb,1,Hi,O\nb,2,Bo,B-PER\n"
    )
    assert [(s.words, s.document_id, s.sentence_id, s.starts_document) for s in sentences] == [
        (("Tim", "ran"), "a", "1", True),
        (("Hi",), "b", "1", True),
        (("Bo",), "b", "2", False),
    ]


def test_documents_without_names_of_sentences_are_cut_at_blank_rows(tmp_path: Path) -> None:
    sentences = read(tmp_path, "document,word,tag\na,Tim,B-PER\n,ran,O\n,,\n,far,O\nb,Hi,O\n")
    assert [(s.words, s.document_id, s.starts_document) for s in sentences] == [
        (("Tim", "ran"), "a", True),
        (("far",), "a", False),
        (("Hi",), "b", True),
    ]


def test_document_marks_start_documents_and_are_no_words(tmp_path: Path) -> None:
    text = (
        "word,pos,tag\n"
        "-DOCSTART-,-X-,O\n,,\nTim,NNP,B-PER\n,,\nran,VBD,O\n"
        "-DOCSTART-,-X-,O\nHi,UH,O\n"
    )
    sentences = read(tmp_path, text)
    assert [(s.words, s.starts_document) for s in sentences] == [
        (("Tim",), True),
        (("ran",), False),
        (("Hi",), True),
    ]


def test_a_first_row_without_a_tag_is_a_header(tmp_path: Path) -> None:
    (sentence,) = read(tmp_path, "Wort,Marke\nTim,B-PER\nran,O\n")
    assert (sentence.words, show(sentence)) == (("Tim", "ran"), ["Tim/PER"])
    assert open_corpus(tmp_path / "a.csv", ReadOptions()).origin.problems == (
        Problem("first row taken for a header", 1),
    )


@pytest.mark.parametrize(("task", "wanted"), [("chunk", "chunks"), ("pos", "parts of speech")])
def test_a_column_that_is_asked_for_and_not_there_is_an_error(
    tmp_path: Path, task: Task, wanted: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "Word,POS,Tag\na,N,O\nb,V,B-X\n" if task == "chunk" else "Word,Tag\na,O\nb,B-X\n",
        encoding="utf8",
    )
    with pytest.raises(
        CorpusError,
        match=rf"a.csv:1: expected a column of {wanted}.* found none .* with tag_column",
    ):
        read_file(path, ReadOptions(columns=Columns(task=task)))


def test_a_row_that_is_too_long_is_counted(tmp_path: Path) -> None:
    (sentence,) = read(tmp_path, "word,tag\nTim,B-PER\nran,O,junk\n")
    assert (show(sentence), sentence.missing) == (["Tim/PER"], ())
    assert kinds(sentence) == ["row of 3 columns, not 2: its tag is kept"]


@pytest.mark.parametrize(
    ("tokens", "tags"),
    [
        ('"[""Ed, Jr"", ""ran""]"', '"[""B-PER"", ""O""]"'),
        ("\"['Ed, Jr', 'ran']\"", "\"['B-PER', 'O']\""),
    ],
    ids=["JSON", "Python"],
)
def test_lists_in_cells_are_sentences(tmp_path: Path, tokens: str, tags: str) -> None:
    first, second = read(
        tmp_path, f"doc_id,id,tokens,ner_tags\na,x,{tokens},{tags}\n\na,y,['Hi'],['O']\n"
    )
    assert (first.words, show(first)) == (("Ed, Jr", "ran"), ["Ed, Jr/PER"])
    assert (first.document_id, first.sentence_id, first.starts_document) == ("a", "x", True)
    assert (second.words, second.starts_document) == (("Hi",), False)


def test_a_document_mark_as_the_only_word_of_a_list_starts_a_document(tmp_path: Path) -> None:
    text = (
        "tokens,tags\n"
        "['-DOCSTART-'],['O']\n['Tim'],['B-PER']\n"
        "['-DOCSTART-'],['O']\n['Hi'],['O']\n['Bo'],['O']\n"
    )
    assert [(s.words, s.starts_document) for s in read(tmp_path, text)] == [
        (("Tim",), True),
        (("Hi",), True),
        (("Bo",), False),
    ]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            "\"['Ed' 'ran']\",\"['B-PER' 'O']\"\n",
            r"a.csv:2: expected a list with commas.*got \"\['Ed' 'ran'\]\"",
        ),
        (
            "\"['Ed' 'ran'\n 'off']\",\"['O' 'O' 'O']\"\n",
            r"a.csv:2: expected a list with commas.*to_parquet",
        ),
        ("['Hi'],['O']\n['Ed' 'ran'],['O' 'O']\n", r"a.csv:3: expected a list with commas"),
        ("['Hi'],[1 0]\n", r"a.csv:2: expected a list with commas.*got '\[1 0\]'"),
        (
            "['Hi'],[0]\n",
            r"a.csv:2: expected the names of the tags in 'ner_tags', got the number 0",
        ),
        ("['Hi'],['O'],x\n", r"a.csv:2: expected 2 cells \(tokens, ner_tags\), got 3"),
    ],
)
def test_lists_that_cannot_be_read_are_an_error(tmp_path: Path, rows: str, message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        read(tmp_path, f"tokens,ner_tags\n{rows}")


@pytest.mark.parametrize(
    "cells", ["['Ed', 'ran']\t['B-PER', 'O']", '"[""Ed"", ""ran""]"\t"[""B-PER"", ""O""]"']
)
def test_lists_in_cells_with_tabs_are_read_where_the_format_is_named(
    tmp_path: Path, cells: str
) -> None:
    path = tmp_path / "a.tsv"
    path.write_text(f"tokens\tner_tags\n{cells}\n", encoding="utf8")
    with pytest.raises(
        CorpusError, match=r"a.tsv:1: expected one word a row, got lists .* format = .csv."
    ):
        read_file(path)
    (sentence,) = open_corpus(path, ReadOptions(), format_name="csv").read()
    assert (sentence.words, show(sentence)) == (("Ed", "ran"), ["Ed/PER"])


@pytest.mark.parametrize("number", ["9" * 4_000, "9" * 5_000, "0x" + "f" * 4_000])
@pytest.mark.parametrize("field", ["tokens", "ner_tags"])
def test_numbers_of_thousands_of_digits_in_lists_are_a_short_error_or_text(
    tmp_path: Path, number: str, field: str
) -> None:
    cells = {"tokens": "['a']", "ner_tags": "['O']", field: f"[{number}]"}
    path = tmp_path / "a.csv"
    path.write_text(
        f'tokens,ner_tags\n"{cells["tokens"]}","{cells["ner_tags"]}"\n', encoding="utf8"
    )
    try:
        sentences = list(open_corpus(path, ReadOptions()).read())
    except CorpusError as error:
        message = str(error)
        assert len(message) - len(str(path)) < 400
    else:
        assert sentences[0].words == (number,)
