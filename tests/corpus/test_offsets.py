"""Offsets in UTF-16 units and graphemes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_hf_ner.corpus.offsets import to_characters


@given(text=st.text(max_size=30), offset=st.integers(-5, 80))
def test_utf_16_offsets_are_those_of_python_s_codec(text: str, offset: int) -> None:
    encoded = text.encode("utf-16-le", "surrogatepass")
    n_units = len(encoded) // 2
    (found,) = to_characters(text, [offset], "utf16")
    if 0 <= offset <= n_units:
        before = encoded[: 2 * offset].decode("utf-16-le", "ignore")
        assert found == len(before)
    else:
        assert not 0 <= found <= len(text)


@pytest.mark.parametrize(
    ("text", "starts"),
    [
        ("abc", [0, 1, 2, 3]),
        ("e\u0301a", [0, 2, 3]),  # a letter and its accent
        ("a\r\nb", [0, 1, 3, 4]),
        ("\U0001f1f3\U0001f1f4x", [0, 2, 3]),  # a flag
        ("\U0001f469\u200d\U0001f4bbx", [0, 3, 4]),  # joined
    ],
)
def test_graphemes_are_what_a_reader_takes_for_one_character(text: str, starts: list[int]) -> None:
    assert to_characters(text, range(len(starts)), "graphemes") == starts
