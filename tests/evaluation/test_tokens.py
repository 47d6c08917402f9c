from collections.abc import Callable

import numpy as np
import pytest
from spacy.tokens import Doc

from spacy_hf_ner.errors import TagError
from spacy_hf_ner.evaluation.pairing import DocPair, Entity, pair_docs
from spacy_hf_ner.evaluation.tokens import have_tags, token_accuracy, write_pair_tags

MakeDoc = Callable[..., Doc]


def test_tags_lie_on_the_tokens_of_both_tokenisations(make_doc: MakeDoc) -> None:
    gold = make_doc(["U.S.-based", "firm"], [(0, 1, "ORG")], spaces=[True, False])
    predicted = make_doc(["U.S.", "-based", "firm"], [(0, 1, "LOC")], spaces=[False, True, False])
    tags = write_pair_tags(pair_docs(gold, predicted))
    assert tags.gold == ["B-ORG", "I-ORG", "O"]
    assert tags.predicted == ["B-LOC", "O", "O"]


def test_neighbours_of_one_type_stay_two_entities(make_doc: MakeDoc) -> None:
    doc = make_doc(["Rome", "Paris"], [(0, 1, "LOC"), (1, 2, "LOC")])
    assert write_pair_tags(pair_docs(doc, doc)).gold == ["B-LOC", "B-LOC"]


def test_token_accuracy_counts_equal_tags(make_doc: MakeDoc) -> None:
    words = ["Tim", "Cook", "left", "Rome"]
    gold = make_doc(words, [(0, 2, "PER"), (3, 4, "LOC")])
    predicted = make_doc(words, [(0, 1, "PER"), (3, 4, "LOC")])
    assert token_accuracy([write_pair_tags(pair_docs(gold, predicted))]) == 0.75


def test_without_tokens_there_is_no_token_accuracy(make_doc: MakeDoc) -> None:
    assert token_accuracy([write_pair_tags(pair_docs(make_doc([]), make_doc([])))]) is None


def test_entities_that_overlap_have_no_tags() -> None:
    borders = np.array([[0, 3], [4, 8]], dtype=np.int64)
    flat = DocPair("Tim Cook", (Entity(0, 8, "PER"),), (Entity(0, 8, "PER"),), (), borders)
    nested = DocPair(
        "Tim Cook", (Entity(0, 8, "PER"),), (Entity(0, 8, "PER"), Entity(4, 8, "PER")), (), borders
    )
    assert have_tags([flat])
    assert not have_tags([flat, nested])
    with pytest.raises(TagError, match="overlap"):
        write_pair_tags(nested)
