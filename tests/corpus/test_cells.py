"""Kinds of columns by their cells."""

import pytest

from spacy_hf_ner.core.schemes import SCHEMES
from spacy_hf_ner.corpus.cells import (
    are_offset_columns,
    is_chunk_column,
    is_index_column,
    is_list_column,
    is_pos_column,
    is_tag_column,
    is_tag_like,
    is_untyped,
)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ("1 2 3 1 2", True),
        ("0 1 2", True),
        ("1 2-3 2 3 3.1", True),
        ("1948 1949", False),  # years
        ("Tim ran", False),
        ("1 " + "2 " * 9 + "x", True),  # a damaged row of eleven
        ("1 2 x", False),
        ("", False),
    ],
)
def test_an_index_counts_from_zero_or_one(cells: str, expected: bool) -> None:
    assert is_index_column(cells.split()) is expected


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ("O B-PER I-PER", True),
        ("o b-per", True),
        ("O B-a,B-b", True),
        ("O - _", True),
        ("- _", False),
        ("O PER", False),
        ("O " * 10 + "U", True),
        ("B-PER 0 0 0", True),
        ("0 0 0", False),
        ("B-PER 0 1 2", False),
        ("", False),
    ],
)
def test_tags_have_prefixes_or_are_outside(cells: str, expected: bool) -> None:
    assert is_tag_column(cells.split()) is expected


@pytest.mark.parametrize(
    ("cells", "expected"),
    [("O B-NP I-NP B-VP", True), ("O B-NP B-PER", False), ("O O", False), ("B-PP x", True)],
)
def test_chunks_are_tags_of_phrases(cells: str, expected: bool) -> None:
    assert is_chunk_column(cells.split()) is expected


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["NN", "VB", "NN"], True),
        (["NN", "_"], True),
        (["_", "-X-", ""], False),
        (["1", "2"], False),
        ([f"w{i}" for i in range(60)], True),
        ([f"w{i}" for i in range(61)], False),
        ([f"w{i % 61}" for i in range(61 * 50)], True),
    ],
)
def test_parts_of_speech_are_few(cells: list[str], expected: bool) -> None:
    assert is_pos_column(cells) is expected


@pytest.mark.parametrize(
    ("starts", "ends", "expected"),
    [
        ("0 4", "3 7", True),
        ("0 4", "3 8", False),
        ("x 4", "3 7", False),
        ("0 4", "3 " + "9" * 50, False),
    ],
)
def test_offsets_lie_as_far_apart_as_a_word_is_long(starts: str, ends: str, expected: bool) -> None:
    assert are_offset_columns(["Tim", "ran"], starts.split(), ends.split()) is expected


@pytest.mark.parametrize(
    ("cells", "expected"),
    [(["['a']", '"[1, 2]"'], True), (["[a]", "b"], False), ([], False)],
)
def test_lists_are_in_brackets(cells: list[str], expected: bool) -> None:
    assert is_list_column(cells) is expected


# The prefixes of all schemes today; a scheme with another one belongs here.
PREFIXES = "BIELMSU"


def test_the_prefixes_of_cells_are_those_of_all_schemes() -> None:
    used: set[str] = set()
    for scheme in SCHEMES.values():
        used.update(scheme.prefixes)
    assert used == set(PREFIXES)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    for spelled in (letters, letters.lower()):
        tag_like = [letter for letter in spelled if is_tag_like(f"{letter}-X")]
        untyped = [letter for letter in spelled if is_untyped(letter)]
        assert {letter.upper() for letter in tag_like} == used
        assert untyped == tag_like
