"""Entities in the forms of others, wherever a pipeline has put them."""

import pytest
import spacy
from spacy.tokens import Doc, Span

from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.errors import TagError
from spacy_hf_ner.pipe.annotation import ScoredSpan, make_spans, set_entities, set_span_group
from spacy_hf_ner.pipe.found_entities import EntityFinder
from spacy_hf_ner.serving.formats import (
    Choice,
    describe_doc,
    name_presidio_type,
)

ENTS = EntityFinder(None, "hf_ner")
GROUP = EntityFinder("hf_ner", "hf_ner")


def make_doc(*, overlapping: bool = False) -> Doc:
    """Return "Ada met Kofi Annan in Accra" with entities and scores."""
    doc = spacy.blank("en")("Ada met Kofi Annan in Accra")
    found = [
        ScoredSpan(TokenSpan(0, 1, "PER"), 0.9),
        ScoredSpan(TokenSpan(2, 4, "PER"), 0.4),
        ScoredSpan(TokenSpan(5, 6, "GPE"), 0.8),
    ]
    spans = make_spans(doc, found)
    set_entities(doc, spans, overwrite=True)
    scores = [scored.score for scored in found]
    if overlapping:
        inner = ScoredSpan(TokenSpan(3, 4, "PER"), 0.3)
        spans.insert(2, *make_spans(doc, [inner]))
        scores.insert(2, 0.3)
    set_span_group(doc, spans, scores, key="hf_ner")
    return doc


def test_all_entities_come_unless_somebody_chooses() -> None:
    found = describe_doc(make_doc(), ENTS, Choice())["entities"]
    assert [(e["text"], e["label"], e["score"]) for e in found] == [
        ("Ada", "PER", 0.9),
        ("Kofi Annan", "PER", 0.4),
        ("Accra", "GPE", 0.8),
    ]
    assert [(e["start"], e["end"]) for e in found] == [(0, 3), (8, 18), (22, 27)]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (Choice(threshold=0.5), ["Ada", "Accra"]),
        (Choice(threshold={"PER": 0.5}), ["Ada", "Accra"]),
        (Choice(threshold={"GPE": 0.85}), ["Ada", "Kofi Annan"]),
        (Choice(entity_types=frozenset({"PER"})), ["Ada", "Kofi Annan"]),
        (Choice(threshold=0.5, entity_types=frozenset({"PER"})), ["Ada"]),
        (Choice(entity_types=frozenset()), []),
    ],
)
def test_a_client_chooses_by_score_and_type(choice: Choice, expected: list[str]) -> None:
    found = describe_doc(make_doc(), ENTS, choice)["entities"]
    assert [entity["text"] for entity in found] == expected


def test_an_entity_without_a_score_reaches_any_threshold() -> None:
    doc = spacy.blank("en")("Ada left")
    doc.set_ents([Span(doc, 0, 1, label="PER")])
    found = describe_doc(doc, ENTS, Choice(threshold=0.99, format_name="own"))
    assert found["entities"][0]["score"] is None
    (entity,) = describe_doc(doc, ENTS, Choice(format_name="presidio"))["entities"]
    assert entity == {"entity_type": "PERSON", "start": 0, "end": 3, "score": 0.85}


def test_tags_are_those_of_the_chosen_entities() -> None:
    found = describe_doc(make_doc(), ENTS, Choice(threshold=0.5, format_name="bio"))
    assert found == {
        "tokens": ["Ada", "met", "Kofi", "Annan", "in", "Accra"],
        "tags": ["B-PER", "O", "O", "O", "O", "B-GPE"],
    }


def test_spans_of_a_group_may_overlap_and_then_have_no_tags() -> None:
    doc = make_doc(overlapping=True)
    found = describe_doc(doc, GROUP, Choice(format_name="hf"))["entities"]
    assert [(e["word"], e["score"]) for e in found] == [
        ("Ada", 0.9),
        ("Kofi Annan", 0.4),
        ("Annan", 0.3),
        ("Accra", 0.8),
    ]
    with pytest.raises(TagError):
        describe_doc(doc, GROUP, Choice(format_name="bio"))


def test_spacy_reads_its_own_form() -> None:
    doc = make_doc()
    written = describe_doc(doc, ENTS, Choice(format_name="spacy"))
    assert [entity["score"] for entity in written["ents"]] == [0.9, 0.4, 0.8]
    read = Doc(doc.vocab).from_json(written)
    assert [token.text for token in read] == [token.text for token in doc]
    assert [(ent.text, ent.label_) for ent in read.ents] == [(e.text, e.label_) for e in doc.ents]


def test_presidio_has_names_of_its_own() -> None:
    assert [name_presidio_type(kind) for kind in ("LOC", "ORG", "DRUG")] == [
        "LOCATION",
        "ORGANIZATION",
        "DRUG",
    ]
