"""Which parts of a Doc get a row."""

import spacy
from spacy.tokens import Doc

from spacy_hf_ner.model.reading.units import find_units, pack_units

VOCAB = spacy.blank("xx").vocab  # which knows white space


def make_doc(words: list[str], spaces: list[bool]) -> Doc:
    return Doc(VOCAB, words=words, spaces=spaces)


def test_units_are_the_tokens_that_are_not_white_space() -> None:
    units = find_units(make_doc(["Tim", " \n", "met", "\u200b"], [True, False, True, False]))
    assert units.token_i.tolist() == [0, 2, 3]
    assert units.start_char.tolist() == [0, 6, 10]
    assert units.end_char.tolist() == [3, 9, 11]


def test_a_doc_without_tokens_has_no_units() -> None:
    assert len(find_units(Doc(VOCAB))) == 0


def test_units_of_several_docs_follow_each_other() -> None:
    docs = [make_doc(["Angela", "met"], [True, False]), Doc(VOCAB), make_doc(["Tim"], [False])]
    units = pack_units(docs)
    assert units.char_starts.tolist() == [0, 12, 14]
    assert units.unit_starts.tolist() == [0, 2, 2]
    assert units.packed.token_i.tolist() == [0, 1, 2]
    assert units.packed.start_char.tolist() == [0, 7, 14]
    assert units.packed.end_char.tolist() == [6, 10, 17]


def test_units_of_each_doc_are_in_its_own_tokens_and_characters() -> None:
    docs = [make_doc([" ", "met"], [False, True]), Doc(VOCAB), make_doc(["Tim"], [False])]
    by_doc = pack_units(docs).by_doc
    assert [units.token_i.tolist() for units in by_doc] == [[1], [], [0]]
    assert [units.start_char.tolist() for units in by_doc] == [[1], [], [0]]
    assert [units.end_char.tolist() for units in by_doc] == [[4], [], [3]]
