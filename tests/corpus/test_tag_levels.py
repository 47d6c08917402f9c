"""Cells with several labels."""

import pytest

from spacy_hf_ner.core.schemes import Tag
from spacy_hf_ner.corpus.tag_levels import align_levels, split_levels


@pytest.mark.parametrize(
    ("cell", "labels"),
    [
        ("B-a,B-b", ("B-a", "B-b")),
        ("O,I-b", ("O", "I-b")),
        ("GPE,ORG", ("GPE,ORG",)),  # a type with a comma
        ("B-a", ("B-a",)),
        ("", ("",)),
    ],
)
def test_a_cell_is_split_only_where_each_part_is_a_tag(cell: str, labels: tuple[str, ...]) -> None:
    assert split_levels(cell) == labels


@pytest.mark.parametrize("prefix", "BIELMSU")
def test_of_two_entities_of_one_type_the_one_that_goes_on_is_on_its_level(prefix: str) -> None:
    above = (Tag("B", "x"),)
    begins, goes_on = Tag(prefix, "x"), Tag("I", "x")
    _, aligned = align_levels([above, (begins, goes_on)])
    is_beginning = prefix in {"B", "S", "U"}
    assert aligned == ((goes_on, begins) if is_beginning else (begins, goes_on))
