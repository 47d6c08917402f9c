"""Rows and a layout to the table of a sentence."""

from collections.abc import Sequence

import pytest

from spacy_hf_ner.corpus.blocks import Block, Row
from spacy_hf_ner.corpus.columns import Layout
from spacy_hf_ner.corpus.sentence import Problem, Sentence
from spacy_hf_ner.corpus.table import read_block
from tests.corpus.sentences import kinds

# A row of each width: the usual three columns are word, part of speech and tag.
ODD_ROWS = [["Tim", "NNP", "B-PER"], ["ran", "O", "O", "?"], ["off", "RP"], [".", ".", "O"]]


def make_block(rows: Sequence[list[str]]) -> Block:
    return Block([Row(line, cells) for line, cells in enumerate(rows, start=1)])


def test_a_block_is_read_by_its_layout() -> None:
    block = make_block([["1", "Tim", "B-PER ", "B-X"], ["2", "ran", "O", "O"]])
    block.comments = [Row(0, ["# text = Tim ran"])]
    table = read_block(block, Layout("\t", n_columns=4, token=1, tags=(2, 3)))
    assert table.words == ["Tim", "ran"]
    assert table.tags == [["B-PER", "O"], ["B-X", "O"]]
    assert table.lines == [1, 2]
    assert table.text == "Tim ran"
    assert not table.pos
    assert not table.chunks
    assert not table.problems


def test_a_row_of_another_width_has_a_tag_only_where_it_looks_like_one() -> None:
    layout = Layout("\t", n_columns=3, token=0, tags=(2,), pos=1)
    table = read_block(make_block(ODD_ROWS), layout)
    assert table.words == ["Tim", "ran", "off", "."]
    assert table.tags == [["B-PER", "O", "", "O"]]
    assert table.pos == ["NNP", "", "", "."]
    assert table.problems == [
        Problem("row of 4 columns, not 3: its tag is kept", 2),
        Problem("row of 2 columns, not 3: its tag is missing", 3),
    ]


@pytest.mark.parametrize(
    ("cells", "word"),
    [
        (["O"], ""),
        (["B-PER"], ""),
        (["", "O"], ""),
        (["", "", "B-PER"], ""),
        (["E-mail"], "E-mail"),  # looks like a tag, and is none of this file
        (["Tim"], "Tim"),
    ],
)
def test_a_row_of_nothing_but_a_tag_of_the_file_has_no_word(cells: list[str], word: str) -> None:
    known_tags = frozenset({"O", "B-PER"})
    layout = Layout("\t", n_columns=3, token=0, tags=(2,), pos=1, known_tags=known_tags)
    table = read_block(make_block([["Tim", "NNP", "B-PER"], cells]), layout)
    assert table.words == ["Tim", word]


def test_chunks_of_odd_rows_are_kept_only_where_they_are_what_is_asked_for() -> None:
    rows = [["Tim", "NNP", "B-NP"], ["ran", "VBD"], ["far", "RB", "B-ADVP", "?"]]
    layout = Layout("\t", n_columns=3, token=0, tags=(), pos=1, chunk=2)
    table = read_block(make_block(rows), layout)
    assert table.chunks == ["B-NP", "", "B-ADVP"]
    assert table.pos == ["NNP", "", ""]


def test_parts_of_speech_of_odd_rows_are_missing() -> None:
    layout = Layout("\t", n_columns=2, token=0, tags=(), pos=1)
    table = read_block(make_block([["Tim", "NNP"], ["ran", "VBD", "?"]]), layout)
    assert table.pos == ["NNP", ""]
    assert kinds(Sentence((), problems=tuple(table.problems))) == [
        "row of 3 columns, not 2: its tag is missing"
    ]
