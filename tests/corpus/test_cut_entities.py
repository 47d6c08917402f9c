"""Which entities spaCy's tokenizer would cut, in texts of any shape."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, Span

from spacy_hf_ner.corpus.cut_entities import N_BESIDE_BORDERS, find_cut_entities
from spacy_hf_ner.corpus.texts import blank_pipeline

LONG = 3 * N_BESIDE_BORDERS


def make(words: list[str], *entities: tuple[int, int], space: bool = False) -> Doc:
    doc = Doc(blank_pipeline("en").vocab, words=words, spaces=[space] * len(words))
    doc.ents = [Span(doc, start, end, "X") for start, end in entities]
    return doc


def find(doc: Doc) -> list[str]:
    return [entity.text for entity in find_cut_entities(doc, blank_pipeline("en"))]


def test_an_entity_is_cut_where_its_borders_are_no_token_borders() -> None:
    assert find(make(["The", "iPhone", "5s"], (1, 2), space=True)) == []
    assert find(make(["iPhone", "5s"], (0, 1))) == ["iPhone"]
    assert find(make(["Ed", "ran"])) == []


@pytest.mark.parametrize(
    ("words", "entity", "is_cut"),
    [
        (["(" * LONG, "Rome", ")" * LONG], (1, 2), False),
        (["x" * LONG, "Rome", "x" * LONG], (1, 2), True),
        (["(" * LONG], (0, 1), False),
        (["x" * LONG, "'s"], (0, 1), False),
        (["x" * LONG, "-y", "z"], (0, 2), True),
        (["(" * LONG, "Ed", "\n", ")" * LONG, "x"], (1, 2), False),
    ],
)
def test_a_long_run_is_read_as_a_short_one(
    words: list[str], entity: tuple[int, int], is_cut: bool
) -> None:
    short = [word[:9] for word in words]
    for found in (words, short):
        doc = make(found, entity)
        assert bool(find(doc)) is is_cut


def test_twenty_thousand_brackets_are_read_like_two() -> None:
    assert find(make(["(" * 20_000, "Rome"], (1, 2))) == []
    assert find(make(["("] * 20_000 + ["Rome"], (20_000, 20_001))) == []


@settings(max_examples=15, deadline=None)
@given(
    words=st.lists(
        st.tuples(st.sampled_from(["(", "Ed", "x", "-", "'s", " ", "5", "."]), st.integers(1, 800)),
        min_size=1,
        max_size=6,
    ),
    entity=st.tuples(st.integers(0, 5), st.integers(1, 6)),
)
def test_borders_are_those_that_the_tokenizer_finds_in_the_whole_text(
    words: list[tuple[str, int]], entity: tuple[int, int]
) -> None:
    start = min(entity[0], len(words) - 1)
    end = max(start + 1, min(entity[1], len(words)))
    doc = make([word * n for word, n in words], (start, end))
    tokens = blank_pipeline("en").tokenizer(doc.text)
    whole = tokens.char_span(doc[start].idx, doc[start:end].end_char)
    assert bool(find(doc)) is (whole is None)
