"""Drafts put one behind the other: what span groups have beside their spans."""

from typing import Any

import spacy
from spacy.tokens import Doc, Span, SpanGroup

from spacy_hf_ner.corpus.drafts import read_draft

NLP = spacy.blank("en")


def make_doc(**groups: dict[str, Any]) -> Doc:
    """Return a Doc with groups of one span, and these attributes."""
    doc = NLP.make_doc("Ann met Bob")
    for key, attrs in groups.items():
        doc.spans[key] = SpanGroup(doc, name=key, spans=[Span(doc, 2, 3, "PER")], attrs=attrs)
    return doc


def test_a_group_that_one_of_both_has_keeps_its_attributes() -> None:
    draft = read_draft(make_doc(first={"scores": [0.5]}, both={"scores": [0.1]}))
    draft.join(read_draft(make_doc(second={"scores": [0.9]}, both={"scores": [0.2]})))
    doc = draft.make_doc(NLP.vocab)
    found = {key: ([span.start for span in group], group.attrs) for key, group in doc.spans.items()}
    assert found == {
        "first": ([2], {"scores": [0.5]}),
        "second": ([5], {"scores": [0.9]}),
        "both": ([2, 5], {}),  # a list for one of both would count wrong
    }


def test_attributes_of_a_draft_are_its_own() -> None:
    other = read_draft(make_doc(second={"scores": [0.9]}))
    draft = read_draft(make_doc())
    draft.join(other)
    draft.join(other)
    assert draft.attrs == {}
    assert other.attrs == {"second": {"scores": [0.9]}}


def test_characters_are_no_part_of_a_draft_in_which_they_move() -> None:
    doc = make_doc(found={"scores": [0.5], "char_offsets": [[8, 10]]})
    assert read_draft(doc).attrs == {"found": {"scores": [0.5]}}


def test_what_a_draft_leaves_out_is_not_in_its_doc() -> None:
    doc = make_doc()
    doc.cats = {"sport": 1.0}
    doc.user_data["key"] = 1
    again = read_draft(doc).make_doc(NLP.vocab)
    assert (again.text, again.cats, again.user_data) == ("Ann met Bob", {}, {})
