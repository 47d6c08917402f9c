"""The article before a name."""

import pytest

from spacy_hf_ner.rewriting.articles import find_article_edits, takes_an
from spacy_hf_ner.rewriting.edits import Edit, apply_edits

AN = ["Infosys", "Apple", "FBI", "Uber", "Hourglass", "MTV", "Unnamed"]
A = ["Toyota", "University", "European", "Ukrainian", "NASA", "BBC", "Uniqlo", "Utah", "One"]


@pytest.mark.parametrize(
    ("name", "expected"), [*((name, True) for name in AN), *((name, False) for name in A)]
)
def test_the_sound_of_a_name_decides(name: str, expected: object) -> None:
    assert takes_an(name) is expected


@pytest.mark.parametrize(
    ("text", "old", "new", "expected"),
    [
        ("She drives a Toyota.", "Toyota", "Audi", "She drives an Audi."),
        ("An Apple fan", "Apple", "Sony", "A Sony fan"),
        ("A Toyota", "Toyota", "Audi", "An Audi"),
        ("a\n Toyota", "Toyota", "Audi", "an\n Audi"),
        # No article of English, or a change that the new name does not ask for.
        ("vitamin A Toyota", "Toyota", "Sony", "vitamin A Sony"),
        ("a Apple", "Apple", "Audi", "a Audi"),
        ("Hepatitis-A Toyota", "Toyota", "Audi", "Hepatitis-A Audi"),
        ("banana Toyota", "Toyota", "Audi", "banana Audi"),
    ],
)
def test_an_article_follows_the_new_name(text: str, old: str, new: str, expected: str) -> None:
    start = text.index(old)
    edits = [Edit(start, start + len(old), new, "ORG")]
    rewritten = apply_edits(text, [*edits, *find_article_edits(text, edits)])
    assert rewritten.text == expected


def test_what_is_replaced_itself_is_no_article() -> None:
    edits = [Edit(0, 1, "[MISC]", "MISC"), Edit(2, 8, "Audi", "ORG")]
    rewritten = apply_edits("a Toyota", [*edits, *find_article_edits("a Toyota", edits)])
    assert rewritten.text == "[MISC] Audi"


def test_an_article_is_a_row_of_its_own() -> None:
    edits = [Edit(2, 8, "Audi", "ORG")]
    rewritten = apply_edits("a Toyota", [*edits, *find_article_edits("a Toyota", edits)])
    article, name = rewritten.replacements
    assert (article.old, article.new, article.entity_type) == ("a", "an", "")
    assert (article.old_start, article.old_end, article.new_start, article.new_end) == (0, 1, 0, 2)
    assert (name.new_start, name.new_end) == (3, 7)
