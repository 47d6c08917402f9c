"""Which parts of a Doc get a row."""

import numpy as np
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
    packed = pack_units(
        [find_units(doc) for doc in docs],
        token_starts=np.array([0, 2, 2]),
        char_starts=np.array([0, 12, 13]),
    )
    assert packed.token_i.tolist() == [0, 1, 2]
    assert packed.start_char.tolist() == [0, 7, 13]
    assert packed.end_char.tolist() == [6, 10, 16]
