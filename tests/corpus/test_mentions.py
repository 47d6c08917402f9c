"""Mentions in brackets, as in the treebank GUM."""

import pytest

from spacy_hf_ner.corpus.mentions import read_mentions
from spacy_hf_ner.corpus.sentence import Problem


def read(*values: str, type_field: int = 1) -> tuple[list[list[str]], list[Problem]]:
    """Read the mentions of a sentence in which each word is in a line of its own."""
    problems: list[Problem] = []
    tags = read_mentions(
        [value.split(" + ") for value in values],
        range(1, len(values) + 1),
        type_field=type_field,
        problems=problems,
    )
    return tags, problems


@pytest.mark.parametrize(
    ("values", "levels"),
    [
        (["", ""], [["O", "O"]]),
        (["(1-person-new)", "", "(2-place"], [["B-person", "O", "B-place"]]),
        (["(1-org-new(2-place-new)", "1)"], [["B-org", "I-org"], ["B-place", "O"]]),
        # Two of the same words: the one that was opened first holds the other.
        (["(1-org(2-person", "2)1)"], [["B-org", "I-org"], ["B-person", "I-person"]]),
        # They need not be nested.
        (["(1-a", "(2-b", "1)", "2)"], [["B-a", "I-a", "I-a", "O"], ["O", "B-b", "I-b", "I-b"]]),
        # A word that stands for two rows.
        (["(1-a-x + 1)", "(2-b)"], [["B-a", "B-b"]]),
    ],
)
def test_mentions_become_levels_of_tags(values: list[str], levels: list[list[str]]) -> None:
    tags, problems = read(*values)
    expected = [problem.kind for problem in problems]
    assert tags == levels
    assert expected in ([], ["mention that is not closed, ends with its sentence"])


def test_the_type_stands_where_the_file_says() -> None:
    assert read("(1-new-person)", type_field=2)[0] == [["B-person"]]


@pytest.mark.parametrize(
    ("values", "levels", "problem"),
    [
        (["", "1)"], [["O", "O"]], Problem("bracket that closes no mention, left out", 2)),
        (["(1)"], [["O"]], Problem("mention without a type, left out", 1)),
        (["person"], [["O"]], Problem("mention that is no bracket, left out", 1)),
        (
            ["", "(1-a", ""],
            [["O", "B-a", "I-a"]],
            Problem("mention that is not closed, ends with its sentence", 2),
        ),
    ],
)
def test_what_is_wrong_is_said(
    values: list[str], levels: list[list[str]], problem: Problem
) -> None:
    assert read(*values) == (levels, [problem])
