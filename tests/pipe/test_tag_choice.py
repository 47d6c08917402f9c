"""Which tags a model is trained with."""

import logging
from typing import Any

import pytest
import spacy
from spacy.training import Example

from spacy_hf_ner.core.labels import make_tag_set, read_labels
from spacy_hf_ner.core.schemes import SCHEMES
from spacy_hf_ner.pipe.tag_choice import choose_tag_set, find_entity_types, merge_types

KNOWN = make_tag_set(["LOC", "PER"], SCHEMES["IOB2"])
NLP = spacy.blank("en")


def _example(text: str, entities: Any) -> Example:
    return Example.from_dict(NLP.make_doc(text), {"entities": entities})


def test_types_are_those_of_the_data_sorted() -> None:
    examples = [
        _example("Tim Berlin", [(0, 3, "PER"), (4, 10, "LOC")]),
        _example("Tim", [(0, 3, "PER")]),
    ]
    assert find_entity_types(examples) == ["LOC", "PER"]
    with pytest.raises(ValueError, match="E869"):
        find_entity_types([_example("Tim", [(0, 3, "!PER")])])


def test_types_of_the_checkpoint_are_kept_after_those_wanted() -> None:
    assert merge_types(["ORG", "PER", "ORG"], KNOWN, keep_known=True, name="ner") == [
        "ORG",
        "PER",
        "LOC",
    ]
    assert merge_types(["ORG"], None, keep_known=True, name="ner") == ["ORG"]


def test_types_that_are_dropped_are_named_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="spacy_hf_ner"):
        assert merge_types(["PER"], KNOWN, keep_known=False, name="ner") == ["PER"]
    assert "LOC" in caplog.text


def test_tags_of_the_checkpoint_stay_where_they_lack_none() -> None:
    assert choose_tag_set(["LOC", "PER"], known=KNOWN, scheme="auto") is KNOWN
    assert choose_tag_set([], known=KNOWN, scheme="IOB2") is KNOWN


def test_another_type_or_another_scheme_makes_new_tags() -> None:
    assert choose_tag_set(["ORG"], known=KNOWN, scheme="auto").labels == ("O", "B-ORG", "I-ORG")
    assert choose_tag_set([], known=KNOWN, scheme="IOBES").scheme.name == "IOBES"


def test_a_new_head_is_iob2_where_no_scheme_is_asked_for() -> None:
    assert choose_tag_set(["PER"], known=None, scheme="auto").scheme.name == "IOB2"
    assert choose_tag_set(["PER"], known=None, scheme="BILOU").scheme.name == "BILOU"
    lenient = read_labels(["O", "B-PER", "I-PER"])
    assert lenient.scheme.lenient
    assert choose_tag_set(["LOC"], known=lenient, scheme="auto").scheme.name == "IOB2"
