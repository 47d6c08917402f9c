"""Which column holds what: each kind of column by itself, and who comes first."""

from pathlib import Path

import pytest

from spacy_hf_ner.corpus.columns import (
    Columns,
    Sample,
    Task,
    choose_columns,
    find_chunks,
    find_document_ids,
    find_index,
    find_offsets,
    find_pos,
    find_sentence_ids,
    find_tags,
    find_words,
    plan_layout,
)
from spacy_hf_ner.errors import CorpusError


def sample(*columns: str, names: str = "") -> Sample:
    """Return columns, each written as its cells with spaces between them."""
    return Sample(columns=[cells.split() for cells in columns], names=names.split())


def test_the_user_comes_before_the_header_and_the_header_before_the_cells() -> None:
    named = sample("a", "b", "c", names="x tag y")
    assert choose_columns(named, named=0, header_names=["tag"], detected=(2,)) == (0,)
    assert choose_columns(named, header_names=["tag"], detected=(2,)) == (1,)
    assert choose_columns(named, header_names=["ner"], detected=(2,)) == (2,)
    assert choose_columns(named, header_names=["ner"]) == ()


def test_only_a_header_names_the_columns_of_sentences_and_documents() -> None:
    named = sample("1 1", "7 7", "Tim ran", names="doc_id sentence_id word")
    assert (find_document_ids(named), find_sentence_ids(named)) == ((0,), (1,))
    unnamed = sample("1 1", "7 7", "Tim ran")
    assert (find_document_ids(unnamed), find_sentence_ids(unnamed)) == ((), ())


def test_the_index_of_words_needs_a_word_and_a_tag_beside_it() -> None:
    assert find_index(sample("1 2", "Tim ran", "O O"), ids=()) == (0,)
    assert find_index(sample("1 2", "O O"), ids=()) == ()
    assert find_index(sample("1 2", "Tim ran", "O O"), ids=(0,)) == ()


def test_the_word_is_the_first_column_that_is_left() -> None:
    rows = sample("1 2", "Tim ran", "x y")
    assert find_words(rows, None, taken=(0,)) == 1
    assert find_words(rows, 2, taken=(0,)) == 2
    assert find_words(sample("1 2", "x y", names="a word"), None, taken=()) == 1


def test_chunks_are_the_first_tags_of_phrases() -> None:
    rows = sample("Tim ran", "B-PER O", "B-NP B-VP", "B-NP O")
    assert find_chunks(rows, [1, 2, 3]) == (2,)
    assert find_chunks(rows, [1]) == ()


@pytest.mark.parametrize(
    ("tag_like", "index", "expected"),
    [([2, 3], (), (3,)), ([2, 3], (0,), (2, 3)), ([1, 3], (0,), (1,)), ([], (0,), (3,))],
)
def test_tags_are_the_last_column_or_levels_or_bare_types(
    tag_like: list[int], index: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    rows = sample("1 2", "Tim ran", "x y", "PER O")
    assert find_tags(rows, None, tag_like, token=1, index=index) == expected


def test_offsets_and_parts_of_speech_stand_before_the_first_annotation() -> None:
    rows = sample("Tim ran", "0 4", "3 7", "O O")
    assert find_offsets(rows, token=0, before=3) == (1, 2)
    assert find_offsets(rows, token=0, before=2) == ()
    assert find_pos(sample("Tim ran", "NN VB", "O O"), token=0, before=2) == (1,)
    assert find_pos(sample("Tim ran", "O O"), token=0, before=1) == ()
    assert find_pos(sample("Tim ran", "x y", "O O", names="word x tag"), token=0, before=2) == ()


def plan(rows: str, columns: Columns | None = None) -> str:
    cells = [row.split() for row in rows.split("\n")]
    return str(plan_layout(cells, separator=" ", columns=columns or Columns(), path=Path("a")))


CONLL_2003 = "Tim NNP B-NP B-PER\nran VBD B-VP O"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (CONLL_2003, "4 columns: token 0; tag 3; pos 1; chunk 2"),
        ("1 Tim B-PER - ann\n2 ran O - -", "5 columns: token 1; tag 2"),  # UNER
        ("1 Tim B-PER O\n2 ran O B-LOC", "4 columns: token 1; tag 2, 3"),  # GermEval
        ("Tim 0 3 B-PER\nran 4 7 O", "4 columns: token 0; tag 3; characters 1, 2"),  # AnEM
        ("Tim _ _ B-PER\nran _ _ O", "4 columns: token 0; tag 3"),  # MultiCoNER
        ("Tim person\nran O", "2 columns: token 0; tag 1"),  # GUM
    ],
)
def test_the_files_of_the_wild_are_understood(rows: str, expected: str) -> None:
    assert plan(rows) == expected


@pytest.mark.parametrize(
    ("task", "tag", "expected"),
    [
        ("ner", None, "4 columns: token 0; tag 3; pos 1; chunk 2"),
        ("ner", 2, "4 columns: token 0; tag 2; pos 1"),
        ("chunk", None, "4 columns: token 0; pos 1; chunk 2"),
        ("chunk", -1, "4 columns: token 0; pos 1; chunk 3"),
        ("pos", None, "4 columns: token 0; pos 1"),
        ("pos", 3, "4 columns: token 0; pos 3"),
    ],
)
def test_the_column_that_the_user_names_holds_what_is_asked_for(
    task: Task, tag: int | None, expected: str
) -> None:
    assert plan(CONLL_2003, Columns(tag=tag, task=task)) == expected


@pytest.mark.parametrize(
    ("columns", "settings"),
    [
        (Columns(token=7), ("token_column",)),
        (Columns(tag="gold"), ("tag_column",)),
        (Columns(task="chunk"), ("tag_column", "format")),
    ],
)
def test_an_error_names_the_settings_that_help(columns: Columns, settings: tuple[str, ...]) -> None:
    with pytest.raises(CorpusError) as caught:
        plan("Tim O\nran B-PER", columns)
    assert caught.value.settings == settings
    assert "--" not in str(caught.value)
    assert all(setting in str(caught.value) for setting in settings)


@pytest.mark.parametrize("header", [["id", "form", "upos", "ner"], None])
def test_a_header_of_more_columns_than_any_row_has_is_refused(header: list[str] | None) -> None:
    rows = [["Tim", "B-PER"], ["ran", "O"]]
    if header is None:
        rows.insert(0, ["word", "a", "b", "tag"])
    expected = r"a: expected rows of 4 cells, .* got none of more than 2: .* Correct the header"
    with pytest.raises(CorpusError, match=expected):
        plan_layout(rows, separator=" ", columns=Columns(), path=Path("a"), header=header)


def test_an_error_shows_the_beginning_of_long_cells() -> None:
    with pytest.raises(CorpusError) as caught:
        plan(f"{'a' * 100_000} {'b' * 100_000}")
    assert len(str(caught.value)) < 500
    assert "0: aaaa" in str(caught.value)
    assert "1: bbbb" in str(caught.value)


def test_the_layout_knows_the_tags_of_what_is_asked_for() -> None:
    rows = [["Tim", "B-NP", "B-PER"], ["ran", "B-VP", "x"]]
    layout = plan_layout(rows, separator=" ", columns=Columns(tag=2), path=Path("a"))
    assert layout.known_tags == {"O", "B-PER"}
