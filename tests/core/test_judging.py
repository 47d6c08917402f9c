"""Places of predictions in the gold text, and tokens that nobody has annotated."""

import numpy as np
import pytest

from spacy_hf_ner.core.judging import TextMap, touches
from spacy_hf_ner.errors import AlignmentError


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(0, 2, False), (0, 3, True), (4, 5, True), (5, 8, False), (4, 9, True), (9, 12, False)],
)
def test_a_stretch_touches_the_tokens_that_it_shares_a_character_with(
    start: int, end: int, *, expected: bool
) -> None:
    assert touches(np.array([[2, 5], [8, 9]]), start, end) is expected


def test_without_tokens_nothing_is_touched() -> None:
    assert not touches(np.zeros((0, 2), dtype=np.int64), 0, 5)


@pytest.mark.parametrize(
    ("source", "place"), [("a b c", (2, 3)), ("abc", (1, 2)), ("  a\n\nb c", (5, 6))]
)
def test_places_are_moved_by_the_characters_that_are_no_white_space(
    source: str, place: tuple[int, int]
) -> None:
    target = "a  b c"
    start, end = TextMap(target=target, source=source).move(*place)
    assert target[start:end] == "b"


@pytest.mark.parametrize("place", [(0, 1), (3, 3), (2, 4), (6, 7), (7, 7)])
def test_white_space_alone_has_an_empty_place(place: tuple[int, int]) -> None:
    start, end = TextMap(target="a  b", source=" a   b ").move(*place)
    assert start == end or "a  b"[start:end].strip() == "a  b"[start:end]
    assert (start == end) == (" a   b "[slice(*place)].strip() == "")


def test_texts_that_differ_in_more_than_white_space_are_refused() -> None:
    with pytest.raises(AlignmentError, match="part at 'ork'"):
        TextMap(target="New York", source="New YORK")


def test_a_text_that_ends_too_early_is_refused() -> None:
    with pytest.raises(AlignmentError, match="part at 'k' \\(gold\\) and '' \\(predicted\\)"):
        TextMap(target="New York", source="New Yor")
