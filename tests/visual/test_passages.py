import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_hf_ner.evaluation.pairing import DocPair, Entity
from spacy_hf_ner.visual.passages import cut_pair, lay_flat


def make_pair(
    text: str,
    gold: list[Entity] | None = None,
    predicted: list[Entity] | None = None,
    starts: tuple[int, ...] = (),
) -> DocPair:
    borders = np.zeros((0, 2), dtype=np.int64)
    return DocPair(
        text, tuple(gold or ()), tuple(predicted or ()), (), borders, sentence_starts=starts
    )


def test_a_short_text_stays_as_it_is() -> None:
    pair = make_pair("Tim left.")
    assert cut_pair(pair) == [pair]


def test_cuts_are_made_at_sentence_starts_lines_or_white_space_in_this_order() -> None:
    text = "aaa bbb. ccc\nddd eee"
    assert [p.text for p in cut_pair(make_pair(text, starts=(0, 9)), max_chars=12)] == [
        "aaa bbb. ",
        "ccc\nddd eee",
    ]
    assert [p.text for p in cut_pair(make_pair(text), max_chars=14)] == [
        "aaa bbb. ccc\n",
        "ddd eee",
    ]
    assert [p.text for p in cut_pair(make_pair(text), max_chars=10)] == [
        "aaa bbb. ",
        "ccc\nddd ",
        "eee",
    ]


def test_entities_move_with_their_passage_and_keep_their_scores() -> None:
    _, second = cut_pair(
        make_pair("aaa bbb ccc ddd", [Entity(8, 11, "X")], [Entity(12, 15, "Y", 0.5)]), max_chars=9
    )
    assert second.text == "ccc ddd"
    assert second.gold == (Entity(0, 3, "X"),)
    assert second.predicted == (Entity(4, 7, "Y"),)
    assert second.predicted[0].score == 0.5


def test_tokens_that_are_annotated_move_with_their_passage() -> None:
    pair = dataclasses.replace(
        make_pair("aaa bbb ccc ddd"), token_borders=np.array([[8, 11], [12, 15]])
    )
    first, second = cut_pair(pair, max_chars=9)
    assert not first.is_annotated
    assert second.is_annotated
    assert second.token_borders.tolist() == [[0, 3], [4, 7]]


@pytest.mark.parametrize("entity", [Entity(2, 7, "X"), Entity(0, 12, "X"), Entity(0, 9, "X")])
def test_an_entity_is_never_cut_even_if_it_is_longer_than_a_passage(entity: Entity) -> None:
    passages = cut_pair(make_pair("aaaaaaaaaaaa", predicted=[entity]), max_chars=5)
    assert "".join(passage.text for passage in passages) == "aaaaaaaaaaaa"
    (found,) = (e for passage in passages for e in passage.predicted)
    assert found.end_char - found.start_char == entity.end_char - entity.start_char


spans = st.lists(st.tuples(st.integers(0, 90), st.integers(1, 40)), max_size=12)


@given(
    text=st.text("ab .\n", min_size=1, max_size=90),
    gold=spans,
    predicted=spans,
    max_chars=st.integers(1, 30),
)
def test_passages_put_together_are_the_text_with_all_its_entities(
    text: str, gold: list[tuple[int, int]], predicted: list[tuple[int, int]], max_chars: int
) -> None:
    def make(sides: list[tuple[int, int]]) -> list[Entity]:
        inside = ((s, min(s + n, len(text))) for s, n in sides if s < len(text))
        return sorted({Entity(start, end, "X") for start, end in inside})

    pair = make_pair(text, make(gold), make(predicted))
    at = 0
    found: dict[str, list[Entity]] = {"gold": [], "predicted": []}
    for passage in cut_pair(pair, max_chars=max_chars):
        assert passage.text
        for side in found:
            moved = [
                Entity(e.start_char + at, e.end_char + at, "X") for e in getattr(passage, side)
            ]
            assert all(at <= e.start_char < e.end_char <= at + len(passage.text) for e in moved)
            found[side] += moved
        if not (passage.gold or passage.predicted):
            assert len(passage.text) <= max_chars
        at += len(passage.text)
    assert at == len(text)
    assert (
        dataclasses.replace(pair, gold=tuple(found["gold"]), predicted=tuple(found["predicted"]))
        == pair
    )


def test_of_overlapping_entities_the_surest_one_is_shown_in_the_text() -> None:
    first, second, both = Entity(0, 3, "A", 0.9), Entity(4, 8, "B", 0.8), Entity(0, 8, "C", 0.7)
    assert lay_flat([both, first, second]) == ([first, second], [both])
    assert lay_flat([Entity(0, 8, "C", 0.95), first, second])[0] == [both]


def test_of_overlapping_entities_without_scores_the_outer_one_is_shown_in_the_text() -> None:
    inner, outer, crossing, after = (
        Entity(0, 3, "A"),
        Entity(0, 8, "B"),
        Entity(5, 10, "C"),
        Entity(8, 12, "D"),
    )
    assert lay_flat([inner, outer, crossing, after]) == ([outer, after], [inner, crossing])
