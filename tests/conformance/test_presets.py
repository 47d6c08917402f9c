"""Entities, blocked tokens and sentence starts that a Doc already has."""

from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span

from spacy_hf_ner import as_hf_entities
from tests.conformance.pipelines import (
    TEXT,
    add_hf_ner,
    find,
    get_ner,
    initialize_pipeline,
    make_examples,
    make_pipeline,
    set_entity,
    train,
)

PERSON = {"label": "VIP", "pattern": "Tim Cook", "id": "tim"}


@pytest.fixture
def nlp(ner_checkpoint: Path) -> Language:
    """Return a pipeline that finds entities nearly everywhere."""
    return make_pipeline(ner_checkpoint)


@pytest.fixture
def trained(encoder_checkpoint: Path) -> Language:
    """Return a pipeline that finds the entities of the training texts."""
    nlp = initialize_pipeline(encoder_checkpoint)
    train(nlp, make_examples(nlp))
    return nlp


def is_annotated(doc: Doc) -> bool:
    return all(token.ent_iob for token in doc)


def test_an_entity_that_was_set_is_kept_with_its_ids(nlp: Language) -> None:
    doc = nlp.make_doc(TEXT)
    set_entity(doc, 3, 5, "VIP", kb_id="Q265852", span_id="tim")
    get_ner(nlp)(doc)
    kept = next(ent for ent in doc.ents if ent.label_ == "VIP")
    assert (kept.text, kept.kb_id_, kept.ent_id_) == ("Tim Cook", "Q265852", "tim")
    assert len(doc.ents) > 1
    assert is_annotated(doc)


def test_overwrite_replaces_what_was_set_ids_included(ner_checkpoint: Path) -> None:
    nlp = make_pipeline(ner_checkpoint, overwrite=True)
    doc = nlp.make_doc(TEXT)
    set_entity(doc, 3, 5, "VIP", kb_id="Q265852", span_id="tim")
    get_ner(nlp)(doc)
    assert find(doc) == find(nlp(TEXT))
    assert not any(token.ent_id or token.ent_kb_id for token in doc)


def test_overwrite_leaves_no_id_where_nothing_is_found(
    encoder_checkpoint: Path, trained: Language
) -> None:
    nlp = make_pipeline(encoder_checkpoint, overwrite=True).from_bytes(trained.to_bytes())
    doc = nlp.make_doc("Who is Shaka Khan?")
    set_entity(doc, 0, 2, "VIP", kb_id="Q265852", span_id="tim")
    get_ner(nlp)(doc)
    assert find(doc) == [("Shaka Khan", "PERSON")]
    assert not any(token.ent_id or token.ent_kb_id for token in doc)


@pytest.mark.parametrize("label", ["PER", "VIP"])
def test_an_entity_found_never_overlaps_or_swallows_one_that_was_set(
    label: str, nlp: Language
) -> None:
    free = nlp(TEXT)
    for ent in free.ents:
        for start, end in {
            (ent.start, ent.end),
            (ent.end - 1, ent.end),
            (ent.start, min(ent.end + 1, len(free))),
        }:
            doc = nlp.make_doc(TEXT)
            set_entity(doc, start, end, label)
            get_ner(nlp)(doc)
            assert (start, end, label) in {(e.start, e.end, e.label_) for e in doc.ents}


def test_blocked_tokens_stay_free_of_entities(trained: Language) -> None:
    assert find(trained("Who is Shaka Khan?")) == [("Shaka Khan", "PERSON")]
    doc = trained.make_doc("Who is Shaka Khan?")
    doc.set_ents([], blocked=[doc[2:4]], default="unmodified")
    get_ner(trained)(doc)
    assert find(doc) == []
    assert [token.ent_iob for token in doc] == [2, 2, 3, 3, 2]


def test_blocked_tokens_are_overwritten_on_request(
    encoder_checkpoint: Path, trained: Language
) -> None:
    nlp = make_pipeline(encoder_checkpoint, overwrite=True).from_bytes(trained.to_bytes())
    doc = nlp.make_doc("Who is Shaka Khan?")
    doc.set_ents([], blocked=[doc[2:4]], default="unmodified")
    get_ner(nlp)(doc)
    assert find(doc) == [("Shaka Khan", "PERSON")]


def test_tokens_said_to_be_outside_are_not_a_constraint(trained: Language) -> None:
    doc = trained.make_doc("Who is Shaka Khan?")
    doc.set_ents([], default="outside")
    get_ner(trained)(doc)
    assert find(doc) == [("Shaka Khan", "PERSON")]


def test_part_of_an_entity_that_is_set_stays_a_border(trained: Language) -> None:
    doc = trained.make_doc("Who is Shaka Khan?")
    set_entity(doc, 2, 3, "TITLE")
    get_ner(trained)(doc)
    assert ("Shaka", "TITLE") in find(doc)
    assert all("Shaka" not in text or label == "TITLE" for text, label in find(doc))


def test_no_entity_crosses_a_sentence_start(nlp: Language) -> None:
    for start in range(1, len(nlp.make_doc(TEXT))):
        doc = nlp.make_doc(TEXT)
        doc[start].is_sent_start = True
        get_ner(nlp)(doc)
        assert not any(ent.start < start < ent.end for ent in doc.ents)
    assert any(len(ent) > 1 for ent in nlp(TEXT).ents)


def test_a_ruler_before_the_component_has_the_first_say(ner_checkpoint: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([PERSON])  # type: ignore[attr-defined]
    add_hf_ner(nlp, ner_checkpoint)
    doc = nlp(TEXT)
    assert ("Tim Cook", "VIP") in find(doc)
    assert len(doc.ents) > 1
    assert next(ent for ent in doc.ents if ent.label_ == "VIP").ent_id_ == "tim"


def test_a_ruler_after_the_component_gets_what_is_left(trained: Language) -> None:
    ruler = trained.add_pipe("entity_ruler", after="hf_ner")
    ruler.add_patterns([{"label": "WORD", "pattern": w} for w in ("is", "Khan")])  # type: ignore[attr-defined]
    doc = trained("Who is Shaka Khan?")
    assert find(doc) == [("is", "WORD"), ("Shaka Khan", "PERSON")]
    assert is_annotated(doc)


def test_a_ruler_after_the_component_overwrites_where_it_is_told_to(trained: Language) -> None:
    ruler = trained.add_pipe("entity_ruler", after="hf_ner", config={"overwrite_ents": True})
    ruler.add_patterns([{"label": "WORD", "pattern": "Khan"}])  # type: ignore[attr-defined]
    doc = trained("Who is Shaka Khan?")
    assert find(doc) == [("Khan", "WORD")]
    assert is_annotated(doc)


def test_two_components_in_a_row_agree_on_what_is_taken(
    ner_checkpoint: Path, trained: Language
) -> None:
    add_hf_ner(trained, ner_checkpoint, name="second", spans_key="second")
    doc = trained("Who is Shaka Khan?")
    assert ("Shaka Khan", "PERSON") in find(doc)
    assert is_annotated(doc)
    assert "second" in doc.spans


def test_running_the_component_twice_changes_nothing(nlp: Language) -> None:
    doc = nlp(TEXT)
    before = [(e.start, e.end, e.label_) for e in doc.ents]
    get_ner(nlp)(doc)
    assert [(e.start, e.end, e.label_) for e in doc.ents] == before


def test_an_untrained_head_still_annotates_every_token(encoder_checkpoint: Path) -> None:
    nlp = make_pipeline(encoder_checkpoint)
    get_ner(nlp).add_label("MY_LABEL")
    nlp.initialize()
    doc = nlp("John is watching the news about Croatia's elections")
    assert is_annotated(doc)
    assert len(doc) == 9


def test_only_spans_are_annotated_on_request(ner_checkpoint: Path) -> None:
    doc = make_pipeline(ner_checkpoint, annotate="spans", spans_key="found")(TEXT)
    assert not doc.has_annotation("ENT_IOB")
    assert len(doc.spans["found"]) == len(doc.spans["found"].attrs["scores"]) > 0


def test_scores_are_probabilities_of_the_entities_and_none_for_what_others_set(
    nlp: Language,
) -> None:
    doc = nlp.make_doc(TEXT)
    set_entity(doc, 3, 5, "VIP")
    get_ner(nlp)(doc)
    scores = {ent.label_: ent._.score for ent in doc.ents}
    assert scores.pop("VIP") is None
    assert all(type(score) is float and 0.0 < score <= 1.0 for score in scores.values())
    assert Span(doc, 0, 6, label="PER")._.score is None
    assert [entity["score"] for entity in as_hf_entities(doc)] == [ent._.score for ent in doc.ents]
