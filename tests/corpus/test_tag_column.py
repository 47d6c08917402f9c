"""What the cells of a tag column mean: each step by itself."""

from collections import Counter

import pytest

from spacy_hf_ner.core.schemes import SCHEMES, Tag
from spacy_hf_ner.core.tags import count_borders
from spacy_hf_ner.corpus.tag_column import (
    CellPairs,
    align_levels,
    choose_scheme,
    interpret_tags,
    is_tag_like,
    is_untyped,
    pair_cells,
    read_label_tags,
    spell_labels,
    split_levels,
)
from spacy_hf_ner.errors import CorpusError


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


@pytest.mark.parametrize(
    ("labels", "spelled", "repaired"),
    [
        ("B-X I-X O", "B-X I-X O", ""),
        ("X-B X-I O", "B-X I-X O", ""),
        ("b-x o", "B-x o", ""),
        ("B-X U I- O", "B-X O O O", "U I-"),
        ("B I O", "B I O", ""),  # nothing has a type: they may be types
    ],
)
def test_labels_are_spelled_in_the_usual_way(labels: str, spelled: str, repaired: str) -> None:
    spelling = spell_labels(labels.split())
    assert [spelling.spelled[label] for label in labels.split()] == spelled.split()
    assert set(spelling.repairs) == set(repaired.split())


@pytest.mark.parametrize(
    ("labels", "tags", "are_bare", "repaired"),
    [
        ("B-X I-X O", "B-X I-X O", False, ""),
        ("X Y O", "I-X I-Y O", True, ""),
        ("B-X PER O", "B-X I-PER O", False, "PER"),
        ("B-X M-X E-X M-Y", "B-X M-X E-X M-Y", False, ""),  # one slip in a type
        ("O", "O", False, ""),
    ],
)
def test_labels_are_read_as_tags(labels: str, tags: str, are_bare: bool, repaired: str) -> None:
    meaning = read_label_tags(spell_labels(labels.split()))
    assert [str(meaning.tags[label]) for label in labels.split()] == tags.split()
    assert meaning.are_bare is are_bare
    assert set(meaning.repairs) == set(repaired.split())


def test_whatever_is_called_bare_is_a_type() -> None:
    meaning = read_label_tags(spell_labels(["B", "I", "O"]), "bare")
    assert meaning.tags == {"B": Tag("I", "B"), "I": Tag("I", "I"), "O": Tag("O", "")}


def test_a_scheme_is_guessed_or_measured() -> None:
    borders = count_borders([[Tag("I", "X"), Tag("B", "X")], [Tag("I", "X")]])
    assert choose_scheme(borders).scheme.name == "IOB1"
    assert choose_scheme(borders, "IOB2").share < choose_scheme(borders, "IOB1").share == 1


@pytest.mark.parametrize(
    ("scheme", "settings"), [("IO", ("scheme", "tag_column")), ("auto", ("tag_column",))]
)
def test_a_scheme_that_does_not_fit_is_an_error_that_names_settings(
    scheme: str, settings: tuple[str, ...]
) -> None:
    borders = count_borders([[Tag("B", "X"), Tag("L", "X"), Tag("M", "X")]])
    with pytest.raises(CorpusError) as caught:
        choose_scheme(borders, scheme)
    assert caught.value.settings == settings


def test_the_steps_together_give_the_meaning_of_a_column() -> None:
    cells = ["B-X", "U", "PER", "-", "B-X,B-Y"]
    pairs: CellPairs = Counter(pair_cells(cells))
    column = interpret_tags(pairs)
    assert (column.name, column.levels["-"], len(column.levels["B-X,B-Y"])) == ("IOB2", (None,), 2)
    assert column.repairs == {
        "U": "prefix without a type, read as O",
        "PER": "type without a prefix, read as I-",
    }


# The prefixes of all schemes today; a scheme with another one belongs here.
PREFIXES = "BIELMSU"


def test_the_prefixes_of_cells_are_those_of_all_schemes() -> None:
    used: set[str] = set()
    for scheme in SCHEMES.values():
        used.update(scheme.prefixes)
    assert used == set(PREFIXES)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    for spelled in (letters, letters.lower()):
        tag_like = [letter for letter in spelled if is_tag_like(f"{letter}-X")]
        untyped = [letter for letter in spelled if is_untyped(letter)]
        assert {letter.upper() for letter in tag_like} == used
        assert untyped == tag_like


@pytest.mark.parametrize("prefix", PREFIXES)
def test_of_two_entities_of_one_type_the_one_that_goes_on_is_on_its_level(prefix: str) -> None:
    above = (Tag("B", "x"),)
    begins, goes_on = Tag(prefix, "x"), Tag("I", "x")
    _, aligned = align_levels([above, (begins, goes_on)])
    is_beginning = prefix in {"B", "S", "U"}
    assert aligned == ((goes_on, begins) if is_beginning else (begins, goes_on))
