"""What gold labels teach."""

import numpy as np
import pytest
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from spacy_hf_ner.core.labels import make_plain_tag_set
from spacy_hf_ner.errors import TagError
from spacy_hf_ner.model.training.loss import MISSING
from spacy_hf_ner.pipe.token_attributes import get_attribute
from spacy_hf_ner.pipe.token_labels import align_labels, find_token_labels, read_label_targets

POS = get_attribute("pos")
TAGS = make_plain_tag_set(["NOUN", "PART", "VERB"])


def make_example(nlp: Language, words: list[str], gold: list[str], pos: list[str]) -> Example:
    spaces = [False] * len(words)
    return Example(
        Doc(nlp.vocab, words=words, spaces=spaces),
        Doc(nlp.vocab, words=gold, spaces=[False] * len(gold), pos=pos),
    )


def test_labels_are_those_of_gold_and_white_space_has_none(nlp: Language) -> None:
    words = ["a", " \n", "b"]
    example = make_example(nlp, words, words, ["VERB", "SPACE", "NOUN"])
    assert find_token_labels([example], POS) == ["NOUN", "VERB"]
    assert read_label_targets(example, POS, TAGS).columns.tolist() == [2, MISSING, 0]


def test_missing_labels_teach_nothing(nlp: Language) -> None:
    example = make_example(nlp, ["a", "b"], ["a", "b"], ["", "NOUN"])
    assert read_label_targets(example, POS, TAGS).columns.tolist() == [MISSING, 0]
    bare = make_example(nlp, ["a"], ["a"], [""])
    assert read_label_targets(bare, POS, TAGS).is_empty
    assert find_token_labels([bare], POS) == []


@pytest.mark.parametrize(
    ("words", "gold", "pos", "expected"),
    [
        (["cannot"], ["can", "not"], ["VERB", "PART"], [""]),
        (["cannot"], ["can", "not"], ["VERB", "VERB"], ["VERB"]),
        (["can", "not"], ["cannot"], ["VERB"], ["VERB", "VERB"]),
        (["can", "not"], ["ca", "nnot"], ["VERB", "PART"], ["", "PART"]),
    ],
)
def test_labels_come_to_tokens_with_other_borders_as_spacy_aligns_them(
    nlp: Language, words: list[str], gold: list[str], pos: list[str], expected: list[str]
) -> None:
    example = make_example(nlp, words, gold, pos)
    aligned = align_labels(example, POS.read_all(example.reference))
    assert aligned == expected
    spacys = example.get_aligned("POS", as_string=True)
    assert [label or "" for label in spacys] == expected


def test_all_units_of_a_token_have_its_label(nlp: Language) -> None:
    example = make_example(nlp, ["a", "b"], ["a", "b"], ["VERB", "NOUN"])
    targets = read_label_targets(example, POS, TAGS)
    assert targets.write_columns(np.array([0, 0, 1]), TAGS).tolist() == [2, 2, 0]


def test_a_label_that_the_model_lacks_is_an_error_that_says_so(nlp: Language) -> None:
    example = make_example(nlp, ["a"], ["a"], ["ADJ"])
    with pytest.raises(TagError, match=r"'ADJ', but the model knows NOUN, PART, VERB.*add_label"):
        read_label_targets(example, POS, TAGS)
