"""Tables with a text in each row: which they are, and what they hold."""

import csv
import json
from pathlib import Path

import pytest

from spacy_hf_ner.corpus.columns import Columns
from spacy_hf_ner.corpus.opening import open_corpus
from spacy_hf_ner.corpus.source import ReadOptions
from spacy_hf_ner.corpus.text_tables import find_text_table
from spacy_hf_ner.errors import CorpusError
from tests.corpus.sentences import read, show, text_of

Rows = list[list[str]]

SPANS = json.dumps([{"start": 0, "end": 4, "text": "Rome", "labels": ["LOC"]}])
LABEL_STUDIO = [["text", "id", "label"], ["Rome is\nbig", "7", SPANS], ["No city", "8", ""]]
ONE_A_ROW = [
    ["text", "start", "end", "label"],
    ["Ed saw Rome", "0", "2", "PER"],
    ["Ed saw Rome", "7", "11", "LOC"],
    ["No city, at all", "", "", ""],
]


def write(path: Path, rows: Rows, separator: str = ",") -> Path:
    with path.open("w", newline="", encoding="utf8") as file:
        csv.writer(file, delimiter=separator).writerows(rows)
    return path


def texts(path: Path, options: ReadOptions | None = None) -> list[tuple[str, list[str]]]:
    return [(text_of(found), show(found)) for found in read(path, options)]


@pytest.mark.parametrize(
    ("name", "separator"), [("a.csv", ","), ("a.tsv", "\t"), ("a.txt", ","), ("a.csv", ";")]
)
def test_lists_of_spans_are_read(tmp_path: Path, name: str, separator: str) -> None:
    path = write(tmp_path / name, LABEL_STUDIO, separator)
    assert texts(path) == [("Rome is\nbig", ["Rome/LOC"]), ("No city", [])]
    assert [found.document_id for found in read(path)] == ["7", "8"]
    assert [found.line for found in read(path)] == [2, 4]


@pytest.mark.parametrize(("name", "separator"), [("a.csv", ","), ("a.tsv", "\t")])
def test_entities_one_a_row_are_joined_by_their_text(
    tmp_path: Path, name: str, separator: str
) -> None:
    path = write(tmp_path / name, ONE_A_ROW, separator)
    assert texts(path) == [
        ("Ed saw Rome", ["Ed/PER", "Rome/LOC"]),
        ("No city, at all", []),
    ]


def test_the_user_names_the_columns(tmp_path: Path) -> None:
    rows = [["body", "start", "end", "kind"], ["Ed saw Rome", "0", "2", "PER"]]
    named = ReadOptions(columns=Columns(token="body", tag="kind"))  # noqa: S106 - a column
    assert texts(write(tmp_path / "a.csv", rows), named) == [("Ed saw Rome", ["Ed/PER"])]
    numbered = ReadOptions(columns=Columns(token=0, tag=-1))
    assert texts(tmp_path / "a.csv", numbered) == [("Ed saw Rome", ["Ed/PER"])]


def test_words_with_their_own_offsets_are_words(tmp_path: Path) -> None:
    rows = [["text", "start", "end", "tag"], ["Ed", "0", "2", "B-PER"], ["ran", "3", "6", "O"]]
    (sentence,) = read(write(tmp_path / "a.csv", rows))
    assert (sentence.words, show(sentence)) == (("Ed", "ran"), ["Ed/PER"])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([*LABEL_STUDIO, ["Rome", "9", "LOC"]], r"a.csv:5: expected a list of spans .* got 'LOC'"),
        ([*LABEL_STUDIO, ["Rome", "9"]], r"a.csv:5: expected 3 cells, as the header has, got 2"),
        ([*ONE_A_ROW, ["Rome", "x", "9", "LOC"]], r"a.csv:5: expected an entity with the numbers"),
    ],
)
def test_a_damaged_row_is_refused_with_its_line(tmp_path: Path, rows: Rows, message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        read(write(tmp_path / "a.csv", rows))


CLASSIFIED = [["text", "label"], *([f"This is text {i}", "pos"] for i in range(12))]
ALL_DIFFER = [["word", "tag"], *([f"word{i}", f"other{i}"] for i in range(12))]


@pytest.mark.parametrize(("name", "separator"), [("a.csv", ","), ("a.tsv", "\t"), ("a.txt", "\t")])
@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (CLASSIFIED, r"got texts in column 0 \('This is text 0'\) .* The nearest form is a table"),
        (CLASSIFIED[1:], r"expected"),
        (ALL_DIFFER, r"got 12 different labels such as 'other0' .* nearly all differ"),
    ],
)
def test_a_table_of_another_kind_is_refused(
    tmp_path: Path, rows: Rows, message: str, name: str, separator: str
) -> None:
    with pytest.raises(CorpusError, match=message):
        read(write(tmp_path / name, rows, separator))


def test_a_user_who_names_both_columns_is_believed(tmp_path: Path) -> None:
    options = ReadOptions(columns=Columns(token=0, tag=1))
    (sentence,) = read(write(tmp_path / "a.csv", ALL_DIFFER), options)
    assert len(sentence.words) == 12


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [["text", "label"]],
        [["text", "label"], ["Rome", "[1]"]],
        [["word", "tag"], ["Rome", SPANS]],
        [["text", "start", "end"], ["Rome is big", "0", "4"]],
    ],
)
def test_a_table_without_texts_or_spans_is_none(rows: Rows) -> None:
    assert find_text_table(rows, Columns()) is None


def test_what_else_a_table_says_is_kept_as_metadata(tmp_path: Path) -> None:
    rows = [["text", "label", "annotator"], ["Rome is big", SPANS, "Ann"]]
    (found,) = read(write(tmp_path / "a.csv", rows))
    source = open_corpus(tmp_path / "a.csv", ReadOptions())
    assert (source.origin.format, source.has_documents) == ("csv", True)
    assert found.meta == {"annotator": "Ann"}
