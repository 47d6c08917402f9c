from spacy_hf_ner.checking.parts import CheckedData, make_part
from spacy_hf_ner.checking.string_evidence import find_inconsistencies
from tests.checking.conftest import MakeData


def suspect(data: CheckedData) -> dict[tuple[int, str, str, str], float]:
    """Return the strength of each suspicion: of document, text, type, likelier type."""
    strengths: dict[tuple[int, str, str, str], float] = {}
    for suspicion in find_inconsistencies(data):
        gold = suspicion.gold
        likelier = suspicion.likelier
        text = data.parts[gold.part_i].docs[gold.doc_i].doc.text
        shown = text[likelier.start_char : likelier.end_char]
        key = (gold.doc_i, shown, gold.entity_type, likelier.entity_type)
        strengths[key] = suspicion.strength
    return strengths


def test_a_name_that_is_annotated_elsewhere_is_likely_missing(make_data: MakeData) -> None:
    data = make_data(train=["[Oslo|LOC] calls"] * 4 + ["Oslo calls"])
    assert suspect(data)[4, "Oslo", "", "LOC"] == 4 / 6


def test_a_word_that_is_hardly_ever_annotated_is_likely_none(make_data: MakeData) -> None:
    data = make_data(train=["may it be"] * 7 + ["[may|PER] it be"])
    assert suspect(data) == {(7, "may", "PER", ""): 7 / 9}


def test_the_rarer_of_two_types_is_doubted(make_data: MakeData) -> None:
    data = make_data(train=["[Oslo|LOC]", "[Oslo|LOC]", "[Oslo|LOC]", "[Oslo|ORG]"])
    assert suspect(data) == {(3, "Oslo", "ORG", "LOC"): 3 / 5}


def test_of_two_equally_frequent_types_both_are_doubted(make_data: MakeData) -> None:
    found = suspect(make_data(train=["[Oslo|LOC]", "[Oslo|ORG]"]))
    assert found == {(0, "Oslo", "LOC", "ORG"): 1 / 3, (1, "Oslo", "ORG", "LOC"): 1 / 3}


def test_a_border_is_doubted_where_a_longer_name_is_known(make_data: MakeData) -> None:
    data = make_data(train=["[Ann Lee|PER] met nobody"] * 3 + ["[Ann|PER] Lee met nobody"])
    assert suspect(data)[3, "Ann Lee", "PER", "PER"] == 3 / 5


def test_a_name_in_a_longer_one_is_weaker_evidence(make_data: MakeData) -> None:
    data = make_data(train=["[Africa|LOC]"] * 3 + ["[South Africa|LOC]"])
    assert suspect(data) == {(3, "Africa", "LOC", "LOC"): 0.5 * 3 / 5}


def test_what_lies_in_other_entities_and_what_nobody_annotated_proves_nothing(
    make_data: MakeData,
) -> None:
    data = make_data(train=["[Oslo|LOC]", "met [Oslo City Hall Trust Board|ORG]", "Oslo"])
    bare = data.parts[0].docs[2].doc
    bare.set_ents([], missing=[bare[:]], default="outside")
    part = make_part("train", [gold.doc for gold in data.parts[0].docs], spans_key="hf_ner")
    assert suspect(CheckedData((part,), data.nlp)) == {}


def test_data_that_agrees_raises_no_suspicion(make_data: MakeData) -> None:
    assert suspect(make_data(train=["[Oslo|LOC] calls [Ann|PER]"] * 3)) == {}
