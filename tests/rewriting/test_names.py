"""Where names are, and which mentions are those of one name."""

import pytest
import spacy
from spacy.tokens import Doc, Span

from spacy_hf_ner.rewriting.names import choose_spans, match_case, read_name


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["Sarah's"], "Sarah"),
        (["Sarah’s"], "Sarah"),
        (["James'"], "James"),
        (["DIOR'S"], "DIOR"),
        (["O'Neill"], "O'Neill"),
        (["Paris", "\n"], "Paris"),
        (["'s"], "'s"),
    ],
)
def test_a_possessive_is_no_part_of_a_name(words: list[str], expected: str) -> None:
    doc = Doc(spacy.blank("en").vocab, words=words, spaces=[False] * len(words))
    name = read_name(Span(doc, 0, len(doc), "PER"))
    assert name is not None
    assert name.text == expected
    assert doc.text[name.start_char : name.end_char] == expected


def test_white_space_is_no_name() -> None:
    doc = Doc(spacy.blank("en").vocab, words=["\n"], spaces=[False])
    assert read_name(Span(doc, 0, 1, "PER")) is None


def test_mentions_of_one_name_have_one_key() -> None:
    doc = Doc(spacy.blank("en").vocab, words=["New", "York", "NEW", "YORK's", "York"])
    spans = [Span(doc, 0, 2, "LOC"), Span(doc, 2, 4, "LOC"), Span(doc, 4, 5, "LOC")]
    first, second, third = (name for name in map(read_name, spans) if name)
    assert first.key == second.key != third.key


def test_of_spans_that_overlap_the_longest_stays() -> None:
    doc = Doc(spacy.blank("en").vocab, words=["Oslo", "and", "University", "of", "Oslo"])
    spans = [Span(doc, 4, 5, "LOC"), Span(doc, 2, 5, "ORG"), Span(doc, 0, 1, "LOC")]
    assert [span.text for span in choose_spans(spans)] == ["Oslo", "University of Oslo"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("Paris", "Mumbai", "Mumbai"),
        ("PARIS", "Mumbai", "MUMBAI"),
        ("paris", "Mumbai", "mumbai"),
        ("IBM", "Infosys", "Infosys"),
        ("McDonald", "Wipro", "Wipro"),
        ("東京", "Mumbai", "Mumbai"),
    ],
)
def test_a_new_name_is_written_as_the_old_one_was(old: str, new: str, expected: str) -> None:
    assert match_case(old, new) == expected
