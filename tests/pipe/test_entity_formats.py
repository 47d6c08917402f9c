"""What was found, in the forms that other people read."""

import json

import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from spacy_hf_ner import as_hf_entities, as_tags, scores, to_json
from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.errors import ConfigError, TagError
from spacy_hf_ner.pipe.annotation import ScoredSpan, make_spans, set_entities, set_span_group

WORDS = ["Angela", "Merkel", "met", "Tim", "Cook", "in", "Berlin"]
FOUND = [ScoredSpan(TokenSpan(0, 2, "PER"), 0.9), ScoredSpan(TokenSpan(3, 5, "PER"), 0.5)]
# Two components that found the same, and are not as sure of it.
OTHER = [ScoredSpan(TokenSpan(0, 2, "PER"), 0.25), ScoredSpan(TokenSpan(6, 7, "LOC"), 0.75)]


def _set_group(doc: Doc, found: list[ScoredSpan], *, key: str) -> None:
    set_span_group(doc, make_spans(doc, found), [scored.score for scored in found], key=key)


@pytest.fixture
def doc() -> Doc:
    """Return a Doc with two entities, of which one has a score, and a group of another one."""
    doc = Doc(Vocab(), words=WORDS)
    set_entities(doc, make_spans(doc, FOUND), overwrite=False)
    _set_group(doc, FOUND[:1], key="hf_ner")
    _set_group(doc, OTHER, key="other")
    return doc


def test_scores_are_those_of_the_entities_or_of_a_group(doc: Doc) -> None:
    assert scores(doc) == [0.9, None]
    assert scores(doc, "other") == [0.25, 0.75]
    assert scores(Doc(Vocab(), words=WORDS)) == []


def test_json_is_spacys_with_scores(doc: Doc) -> None:
    expected = doc.to_json()
    expected["ents"][0]["score"] = 0.9
    expected["ents"][1]["score"] = None
    assert to_json(doc) == expected
    json_with_group = to_json(doc, "other")
    assert [span["score"] for span in json_with_group["spans"]["other"]] == [0.25, 0.75]
    assert json.loads(json.dumps(json_with_group)) == json_with_group
    assert to_json(Doc(Vocab(), words=WORDS))["text"]


def test_entities_are_given_as_hugging_face_gives_them(doc: Doc) -> None:
    assert as_hf_entities(doc) == [
        {"entity_group": "PER", "score": 0.9, "word": "Angela Merkel", "start": 0, "end": 13},
        {"entity_group": "PER", "score": None, "word": "Tim Cook", "start": 18, "end": 26},
    ]


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        ("IO", "I-PER I-PER O I-PER I-PER O I-LOC"),
        ("IOB1", "I-PER I-PER O I-PER I-PER O I-LOC"),
        ("IOB2", "B-PER I-PER O B-PER I-PER O B-LOC"),
        ("IOBES", "B-PER E-PER O B-PER E-PER O S-LOC"),
        ("BILOU", "B-PER L-PER O B-PER L-PER O U-LOC"),
        ("BMES", "B-PER E-PER O B-PER E-PER O S-LOC"),
    ],
)
def test_tags_are_given_in_every_scheme(doc: Doc, scheme: str, expected: str) -> None:
    set_entities(
        doc, make_spans(doc, [*FOUND, ScoredSpan(TokenSpan(6, 7, "LOC"), 0.5)]), overwrite=False
    )
    assert as_tags(doc, scheme) == expected.split()


def test_an_unknown_scheme_is_refused() -> None:
    with pytest.raises(TagError, match="unknown tag scheme"):
        as_tags(spacy.blank("en")("Berlin"), "BIO3")


def test_spans_of_a_group_are_given_in_the_same_forms(doc: Doc) -> None:
    assert [(entity["word"], entity["score"]) for entity in as_hf_entities(doc, "other")] == [
        ("Angela Merkel", 0.25),
        ("Berlin", 0.75),
    ]
    assert as_tags(doc, spans_key="other") == ["B-PER", "I-PER", "O", "O", "O", "O", "B-LOC"]


def test_spans_that_overlap_cannot_be_written_as_tags(doc: Doc) -> None:
    doc.spans["nested"] = [Span(doc, 0, 2, label="PER"), Span(doc, 1, 3, label="PER")]
    with pytest.raises(TagError, match="tags cannot nest"):
        as_tags(doc, spans_key="nested")


def test_a_group_that_is_not_there_is_named_with_those_that_are(doc: Doc) -> None:
    with pytest.raises(ConfigError, match="no span group 'mine', but 'hf_ner', 'other'"):
        scores(doc, "mine")
