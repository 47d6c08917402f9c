"""Which first row is a header."""

import pytest

from spacy_hf_ner.corpus.headers import is_header, is_unknown_header


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ("word tag", True),
        ("Word POS", True),
        ("word x", False),
        ("x tag", False),
        ("word B-x", False),
    ],
)
def test_a_header_names_words_and_tags_and_holds_no_tag(first: str, expected: bool) -> None:
    assert is_header(first.split(), [["Tim", "O"]]) is expected


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ("Wort Marke", True),
        ("Ed O", False),
        ("Ed PER", False),
        ("Ed -", False),
        ("Ed 0", False),
        ("Ed B", False),
    ],
)
def test_a_header_of_unknown_names_has_nothing_like_a_tag(first: str, expected: bool) -> None:
    assert is_unknown_header(first.split(), [["Tim", "B-PER"], ["ran", "O"]]) is expected
