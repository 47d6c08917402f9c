"""Scores stay with their entities, whatever happens to the Doc."""

from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup

from tests.checkpoints import make_checkpoint
from tests.conformance.pipelines import TEXT, add_hf_ner, get_ner, make_pipeline, summarise

Scores = dict[tuple[int, int, str], float | None]


@pytest.fixture
def nlp(ner_checkpoint: Path) -> Language:
    """Return a pipeline that finds entities nearly everywhere."""
    return make_pipeline(ner_checkpoint)


def read(doc: Doc) -> Scores:
    return {(ent.start_char, ent.end_char, ent.label_): ent._.score for ent in doc.ents}


def test_a_doc_that_goes_through_the_pipeline_twice_keeps_its_scores(nlp: Language) -> None:
    doc = nlp(TEXT)
    once, scores = summarise(doc), read(doc)
    assert len(once) > 5
    assert summarise(nlp(doc)) == once
    assert read(doc) == scores


@pytest.mark.parametrize("config", [{"overwrite": True}, {"annotate": "spans", "threshold": 0.1}])
def test_a_component_that_works_around_nothing_sets_its_group_anew(
    config: dict[str, Any], ner_checkpoint: Path
) -> None:
    nlp = make_pipeline(ner_checkpoint, **config)
    doc = nlp(TEXT)
    once = summarise(doc)
    doc.spans["hf_ner"] = SpanGroup(
        doc, spans=[doc[0:7]], attrs={"scores": [0.5], "annotator": "hf_ner"}
    )
    assert summarise(nlp(doc)) == once


def test_entities_that_were_removed_leave_the_group_when_the_doc_is_read_again(
    nlp: Language,
) -> None:
    doc = nlp(TEXT)
    removed = doc.ents[1]
    doc.set_ents([ent for ent in doc.ents if ent != removed], blocked=[removed], default="outside")
    expected = [row for row in summarise(doc) if row[:2] != (removed.start, removed.end)]
    assert summarise(nlp(doc)) == expected


def test_two_components_with_one_key_have_one_group(tmp_path: Path, ner_checkpoint: Path) -> None:
    nlp = make_pipeline(ner_checkpoint, threshold=0.9)
    alone = read(nlp(TEXT))
    food = make_checkpoint(tmp_path, labels=("O", "B-FOOD", "I-FOOD"), seed=3)
    add_hf_ner(nlp, food, name="second", spans_key="hf_ner")
    doc = nlp(TEXT)
    assert alone.items() < read(doc).items()
    assert all(score is not None for score in read(doc).values())
    assert [(s.start, s.end, s.label) for s in doc.spans["hf_ner"]] == [
        (e.start, e.end, e.label) for e in doc.ents
    ]


def test_a_doc_that_cannot_be_annotated_leaves_the_others_of_its_batch_alone(
    nlp: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    ner = get_ner(nlp)
    annotated: list[str] = []
    failed: list[str] = []
    set_annotations = ner.set_annotations

    def set_or_fail(docs: list[Doc], predictions: Any) -> None:
        if any(doc.text == "BAD" for doc in docs):
            raise RuntimeError("no")
        annotated.extend(doc.text for doc in docs)
        set_annotations(docs, predictions)

    monkeypatch.setattr(ner, "set_annotations", set_or_fail)

    def handle(_name: str, _pipe: object, docs: list[Doc], _error: Exception) -> None:
        failed.extend(doc.text for doc in docs)

    nlp.set_error_handler(handle)  # type: ignore[arg-type]
    one, other = nlp.pipe([TEXT, "BAD", TEXT])
    assert summarise(one) == summarise(other) != []
    assert (annotated, failed) == ([TEXT, TEXT], ["BAD"])


def test_scores_and_bytes_survive_merge_entities(nlp: Language) -> None:
    expected = read(nlp(TEXT))
    nlp.add_pipe("merge_entities")
    doc = nlp(TEXT)
    assert len(doc) < len(nlp.make_doc(TEXT))
    assert read(doc) == expected
    assert read(Doc(nlp.vocab).from_bytes(doc.to_bytes())) == expected
    assert read(doc.copy()) == expected


def test_a_doc_that_was_stored_and_then_merged_has_right_scores_or_none(nlp: Language) -> None:
    expected = read(nlp(TEXT))
    doc = Doc(nlp.vocab).from_bytes(nlp(TEXT).to_bytes())
    spacy.blank("en").add_pipe("merge_entities")(doc)
    assert all(score in (expected[place], None) for place, score in read(doc).items())


def test_spans_that_others_add_have_no_score_and_take_none_away(nlp: Language) -> None:
    doc = nlp(TEXT)
    expected = read(doc)
    doc.spans["hf_ner"].append(Span(doc, 0, 7, label="MINE"))
    doc.spans["more"] = doc.spans["hf_ner"] + SpanGroup(doc, spans=[Span(doc, 0, 8, label="MINE")])
    assert Span(doc, 0, 7, label="MINE")._.score is None
    assert Span(doc, 0, 8, label="MINE")._.score is None
    assert read(doc) == expected


def test_a_group_with_fewer_spans_than_scores_tells_none(nlp: Language) -> None:
    doc = nlp(TEXT)
    group = doc.spans["hf_ner"]
    doc.spans["hf_ner"] = SpanGroup(doc, spans=list(group)[1:], attrs=group.attrs)
    assert set(read(doc).values()) == {None}
