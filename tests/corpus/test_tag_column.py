"""What the cells of a tag column mean: each step by itself."""

from collections import Counter

import pytest

from spacy_hf_ner.core.schemes import Tag
from spacy_hf_ner.core.tags import count_borders
from spacy_hf_ner.corpus.tag_column import CellPairs, choose_scheme, interpret_tags, pair_cells
from spacy_hf_ner.errors import CorpusError


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
    assert (column.scheme_name, column.levels["-"], len(column.levels["B-X,B-Y"])) == (
        "IOB2",
        (None,),
        2,
    )
    assert column.repairs == {
        "U": "prefix without a type, read as O",
        "PER": "type without a prefix, read as I-",
    }


def test_a_tag_that_was_not_there_at_the_first_reading_is_named() -> None:
    column = interpret_tags(Counter(pair_cells(["B-PER", "O"])))
    with pytest.raises(CorpusError, match=r"got 'B-LOC': the file was changed meanwhile"):
        column.read(["B-LOC"], [1])
