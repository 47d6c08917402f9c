"""Blocks: where sentences and documents begin, and what comments say of them."""

from collections.abc import Sequence

import pytest

from spacy_hf_ner.corpus.blocks import (
    Block,
    Kind,
    Row,
    group_rows,
    is_document_mark,
    read_blocks,
    read_cell,
    read_metadata,
)


def split_text(text: str) -> list[Block]:
    """Return the blocks of a text with tabs, in which a space behind "#" makes a comment."""
    blocks = read_blocks(
        enumerate(text.split("\n"), start=1),
        split=lambda line: line.split("\t"),
        is_comment=lambda line, _cells: line.startswith("# "),
    )
    return list(blocks)


def words_of(blocks: Sequence[Block]) -> list[str]:
    """Return the first cells of each block."""
    return [" ".join(row.cells[0] for row in block.rows) for block in blocks]


def group(*rows: str, document: int | None = None) -> list[Block]:
    """Return the blocks of rows of which the first cell names the sentence."""
    kinds: list[tuple[Kind, Row]] = []
    for line, row in enumerate(rows, start=1):
        cells = row.split("\t")
        kinds.append(("row" if row else "blank", Row(line, cells)))
    return list(group_rows(kinds, sentence=0, document=document))


def lines_of(blocks: Sequence[Block]) -> list[list[int]]:
    return [[row.line for row in block.rows] for block in blocks]


def test_blank_lines_stand_between_blocks() -> None:
    blocks = split_text("\n\na\tO\nb\tO\n \n\t\n\nc\tO\n")
    assert words_of(blocks) == ["a b", "c"]
    assert blocks[0].rows == [Row(3, ["a", "O"]), Row(4, ["b", "O"])]


def test_a_text_without_rows_has_no_blocks() -> None:
    assert split_text("\n# a comment\n-DOCSTART-\tO\n\n") == []


def test_a_document_mark_ends_a_block_and_begins_a_document() -> None:
    blocks = split_text("a\tO\n-DOCSTART-\tO\nb\tO\n\n-DOCSTART-\tO\n\nc\tO\n\nd\tO")
    assert words_of(blocks) == ["a", "b", "c", "d"]
    assert [block.starts_document for block in blocks] == [False, True, True, False]


@pytest.mark.parametrize(
    ("line", "is_mark"),
    [
        ("-DOCSTART-\tO", True),
        ("-DOCSTART- (1)\tO", True),
        ("0\t-DOCSTART-\tO", True),
        ("a-DOCSTART-\tO", False),
        ("DOCSTART\tO", False),
    ],
)
def test_a_mark_begins_one_of_the_cells(line: str, is_mark: bool) -> None:
    assert is_document_mark(line.split("\t")) is is_mark


def test_comments_belong_to_the_rows_that_follow_or_surround_them() -> None:
    blocks = split_text("# 1\n\n# 2\na\tO\n# 3\nb\tO\n\n# 4\n#c\tO\n# 5")
    comments = [[comment.cells[0] for comment in block.comments] for block in blocks]
    assert comments == [["# 1", "# 2", "# 3"], ["# 4", "# 5"]]
    assert words_of(blocks) == ["a b", "#c"]


def test_a_row_names_a_sentence_until_another_is_named() -> None:
    blocks = group("s1\ta", "\tb", "s1\tc", "s2\td", "\te", "s1\tf")
    assert lines_of(blocks) == [[1, 2, 3], [4, 5], [6]]
    assert [block.sentence_id for block in blocks] == ["s1", "s2", "s1"]


def test_a_blank_row_ends_a_sentence_that_is_named_again() -> None:
    assert lines_of(group("s1\ta", "", "s1\tb")) == [[1], [3]]


def test_another_document_begins_a_sentence_and_lasts_over_blank_rows() -> None:
    rows = ("s1\ta\td1", "s1\tb\td2", "\tc\td2", "", "\td", "s2\te\td1")
    blocks = group(*rows, document=2)
    assert lines_of(blocks) == [[1], [2, 3], [5], [6]]
    assert [block.document_id for block in blocks] == ["d1", "d2", "d2", "d1"]
    assert [block.starts_document for block in blocks] == [True, True, False, True]


def test_a_cell_that_is_not_there_is_empty() -> None:
    row = Row(1, ["a", "b"])
    assert read_cell(row, 1) == "b"
    assert read_cell(row, 2) == ""
    assert read_cell(row, None) == ""


@pytest.mark.parametrize(
    ("comment", "text"),
    [
        ("# text = Oh  no!", "Oh  no!"),
        ("#text=Oh", "Oh"),
        ("# text =  Oh", " Oh"),
        ("# texts", None),
    ],
)
def test_a_comment_holds_the_text_as_it_was_written(comment: str, text: str | None) -> None:
    assert read_metadata(Block(comments=[Row(1, [comment])])).text == text


@pytest.mark.parametrize(
    ("comment", "sentence_id"),
    [
        ("# sent_id = weblog-1", "weblog-1"),
        ("#sent_id=7", "7"),
        ("# id 17\tdomain=en", "17"),
        ("#\thttp://de.wikipedia.org/wiki/Bonn\t[2009-10-17]", "http://de.wikipedia.org/wiki/Bonn"),
        ("# idea 17", ""),
        ("#\tBonn", ""),
    ],
)
def test_a_comment_names_the_sentence(comment: str, sentence_id: str) -> None:
    assert read_metadata(Block(comments=[Row(1, [comment])])).sentence_id == sentence_id


@pytest.mark.parametrize(
    ("comment", "starts_document", "document_id"),
    [
        ("# newdoc id = news-1 ", True, "news-1"),
        ("# newdoc", True, ""),
        ("#newdoc=x", True, "x"),
        ("# newdocument", False, ""),
    ],
)
def test_a_comment_begins_a_document(comment: str, starts_document: bool, document_id: str) -> None:
    metadata = read_metadata(Block(comments=[Row(1, [comment])]))
    assert metadata.starts_document is starts_document
    assert metadata.document_id == document_id


def test_comments_overrule_columns_and_earlier_comments() -> None:
    comments = [Row(1, ["# sent_id = 1"]), Row(2, ["# sent_id = 2"])]
    block = Block(comments=comments, starts_document=True, sentence_id="0", document_id="d")
    metadata = read_metadata(block)
    assert metadata.sentence_id == "2"
    assert metadata.document_id == "d"
    assert metadata.starts_document
