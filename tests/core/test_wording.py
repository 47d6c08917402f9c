"""Numbers in words, and long texts."""

import pytest

from spacy_hf_ner.core.wording import count, shorten


@pytest.mark.parametrize(
    ("n", "words"),
    [(0, "0 entities"), (1, "1 entity"), (2, "2 entities"), (12_345, "12,345 entities")],
)
def test_a_noun_has_the_number_of_what_it_counts(n: int, words: str) -> None:
    assert count(n, "entity", "entities") == words


def test_most_nouns_get_an_s() -> None:
    assert (count(1, "document"), count(3, "document")) == ("1 document", "3 documents")


def test_a_text_is_shortened_only_where_it_is_too_long() -> None:
    assert shorten("x" * 60) == "x" * 60
    assert shorten("x" * 100_000) == "x" * 60 + "… (100,000 characters)"
