"""How labels are spelled, and what they mean."""

import pytest

from spacy_hf_ner.core.schemes import Tag
from spacy_hf_ner.corpus.tag_labels import read_label_tags, spell_labels


@pytest.mark.parametrize(
    ("labels", "spelled", "repaired"),
    [
        ("B-X I-X O", "B-X I-X O", ""),
        ("X-B X-I O", "B-X I-X O", ""),
        ("b-x o", "B-x o", ""),
        ("B-X U I- O", "B-X O O O", "U I-"),
        ("B-X I-X 0", "B-X I-X 0", ""),  # read as outside without a repair
        ("B-X 0 O", "B-X O O", "0"),
        ("PER 0 O", "PER 0 O", ""),
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
        ("B-X 0", "B-X O", False, ""),
    ],
)
def test_labels_are_read_as_tags(labels: str, tags: str, are_bare: bool, repaired: str) -> None:
    meaning = read_label_tags(spell_labels(labels.split()))
    assert [str(meaning.tags[label]) for label in labels.split()] == tags.split()
    assert meaning.are_bare is are_bare
    assert set(meaning.repairs) == set(repaired.split())


@pytest.mark.parametrize(
    ("scheme", "expected"), [("IOE2", "X"), ("auto", "E-X"), ("IOB2", "E-X"), ("bare", "E-X")]
)
def test_a_named_scheme_tells_what_a_prefix_is(scheme: str, expected: str) -> None:
    meaning = read_label_tags(spell_labels(["O", "E-X"]), scheme)
    assert meaning.tags["E-X"].entity_type == expected


def test_whatever_is_called_bare_is_a_type() -> None:
    meaning = read_label_tags(spell_labels(["B", "I", "O"]), "bare")
    assert meaning.tags == {"B": Tag("I", "B"), "I": Tag("I", "I"), "O": Tag("O", "")}
