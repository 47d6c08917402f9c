"""How the units of a batch of Docs are cut into segments."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, Span

from spacy_hf_ner.core.units import UnitRows
from spacy_hf_ner.model.reading.units import find_units
from spacy_hf_ner.pipe.segments import Segments, cut_segments, find_kept_tokens

NLP = spacy.blank("en")
N_TAGS = 3


def make_rows(doc: Doc, *, first: int = 0) -> UnitRows:
    """Return rows whose first column counts the units."""
    units = find_units(doc)
    rows = np.zeros((len(units), N_TAGS), dtype=np.float32)
    rows[:, 0] = first + np.arange(len(units))
    return UnitRows(rows, units)


def cut(*docs: Doc, keep_entities: bool = False) -> Segments:
    return cut_segments(docs, [make_rows(doc) for doc in docs], keep_entities=keep_entities)


def read(segments: Segments, docs: Sequence[Doc]) -> list[list[str]]:
    """Return the texts of the tokens in each segment."""
    tokens = [
        docs[doc_i][token_i].text
        for doc_i, token_i in zip(segments.doc_i.tolist(), segments.token_i.tolist(), strict=True)
    ]
    borders = np.cumsum([0, *segments.lengths]).tolist()
    return [tokens[start:end] for start, end in pairwise(borders)]


def test_each_doc_is_a_segment_and_an_empty_one_has_none() -> None:
    docs = [NLP("Ann met Bob"), NLP(""), NLP("Tim")]
    assert read(cut(*docs), docs) == [["Ann", "met", "Bob"], ["Tim"]]


def test_a_segment_ends_where_a_sentence_starts() -> None:
    doc = Doc(NLP.vocab, words=["Ann", "left", "Bob", "stayed"])
    doc[2].is_sent_start = True
    assert read(cut(doc), [doc]) == [["Ann", "left"], ["Bob", "stayed"]]


@pytest.mark.parametrize(
    ("space", "expected"),
    [
        ("\n\n", [["Ann"], ["Bob"]]),
        (" \n \n ", [["Ann"], ["Bob"]]),
        ("\n", [["Ann", "Bob"]]),
        ("   ", [["Ann", "Bob"]]),
    ],
)
def test_a_blank_line_parts_segments_and_other_white_space_does_not(
    space: str, expected: list[list[str]]
) -> None:
    doc = NLP(f"Ann{space}Bob")
    assert read(cut(doc), [doc]) == expected


def test_the_tokens_of_a_blank_line_are_found_in_a_doc_behind_an_empty_one() -> None:
    docs = [NLP(""), NLP("Tim"), NLP(""), NLP("Ann\n\nBob")]
    assert read(cut(*docs), docs) == [["Tim"], ["Ann"], ["Bob"]]


def test_an_entity_that_is_kept_is_no_row_and_parts_its_neighbours() -> None:
    doc = NLP("Ann in New York now")
    doc.ents = [Span(doc, 2, 4, "LOC")]
    assert read(cut(doc, keep_entities=True), [doc])[-1] == ["now"]
    assert read(cut(doc, keep_entities=True), [doc])[0] == ["Ann", "in"]
    assert read(cut(doc), [doc]) == [["Ann", "in", "New", "York", "now"]]


def test_units_of_which_nothing_is_known_are_left_out() -> None:
    doc = NLP("Ann met Bob")
    rows = make_rows(doc)
    rows.rows[1] = np.nan
    segments = cut_segments([doc], [rows], keep_entities=False)
    assert read(segments, [doc]) == [["Ann", "Bob"]]
    assert segments.rows[:, 0].tolist() == [0.0, 2.0]
    assert segments.rows.dtype == np.float64


def test_entities_and_blocked_tokens_are_kept() -> None:
    doc = NLP("Ann met Bob in Rome")
    doc.set_ents([Span(doc, 0, 1, "PER")], blocked=[doc[2:4]], default="outside")
    assert find_kept_tokens(doc).tolist() == [True, False, True, True, False]
