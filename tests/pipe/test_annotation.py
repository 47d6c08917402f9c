from collections.abc import Iterator, Sequence

import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.errors import TagError
from spacy_hf_ner.pipe.annotation import (
    ScoredSpan,
    as_hf_entities,
    as_tags,
    get_score,
    make_spans,
    register_score_extension,
    set_entities,
    set_span_group,
)

WORDS = ["Angela", "Merkel", "met", "Tim", "Cook", "in", "Berlin"]
FOUND = [ScoredSpan(TokenSpan(0, 2, "PER"), 0.9), ScoredSpan(TokenSpan(3, 5, "PER"), 0.5)]


def _set_group(doc: Doc, found: Sequence[ScoredSpan], *, key: str) -> None:
    set_span_group(doc, make_spans(doc, found), [one.score for one in found], key=key)


@pytest.fixture
def doc() -> Doc:
    return Doc(Vocab(), words=WORDS)


@pytest.fixture
def _no_extension() -> Iterator[None]:
    kept = Span.get_extension("score") if Span.has_extension("score") else None
    if kept:
        Span.remove_extension("score")
    yield
    if Span.has_extension("score"):
        Span.remove_extension("score")
    if kept:
        Span.set_extension("score", getter=get_score)


def test_no_annotation_is_missing_afterwards(doc: Doc) -> None:
    set_entities(doc, make_spans(doc, FOUND), overwrite=False)
    assert [(e.start, e.end, e.label_) for e in doc.ents] == [(0, 2, "PER"), (3, 5, "PER")]
    assert [t.ent_iob_ for t in doc] == ["B", "I", "O", "B", "I", "O", "O"]


def test_no_entities_are_said_to_be_none(doc: Doc) -> None:
    set_entities(doc, [], overwrite=False)
    assert doc.has_annotation("ENT_IOB")
    assert {t.ent_iob_ for t in doc} == {"O"}
    set_entities(empty := Doc(doc.vocab), [], overwrite=False)
    assert empty.ents == ()


def test_entities_set_earlier_keep_their_ids_unless_they_are_overwritten(doc: Doc) -> None:
    doc.set_ents([Span(doc, 6, 7, label="LOC", span_id="Q64", kb_id="wd")], default="missing")
    set_entities(doc, make_spans(doc, FOUND), overwrite=False)
    assert [(e.text, e.label_, e.id_, e.kb_id_) for e in doc.ents][-1] == (
        "Berlin",
        "LOC",
        "Q64",
        "wd",
    )
    assert len(doc.ents) == 3
    assert doc[2].ent_iob_ == "O"
    set_entities(doc, make_spans(doc, [ScoredSpan(TokenSpan(6, 7, "GPE"), 1.0)]), overwrite=True)
    assert [(e.text, e.label_, e.id_, e.kb_id_) for e in doc.ents] == [("Berlin", "GPE", "", "")]


def test_blocked_tokens_stay_blocked(doc: Doc) -> None:
    doc.set_ents([], blocked=[doc[5:7]], default="missing")
    set_entities(doc, make_spans(doc, FOUND), overwrite=False)
    assert [t.ent_iob_ for t in doc[5:7]] == ["B", "B"]
    assert [t.ent_type_ for t in doc[5:7]] == ["", ""]


def test_a_span_group_holds_spans_and_scores(doc: Doc) -> None:
    _set_group(doc, FOUND, key="mine")
    assert [s.text for s in doc.spans["mine"]] == ["Angela Merkel", "Tim Cook"]
    assert doc.spans["mine"].attrs["scores"] == [0.9, 0.5]
    assert Doc(doc.vocab).from_bytes(doc.to_bytes()).spans["mine"].attrs["scores"] == [0.9, 0.5]


def test_a_score_is_found_by_start_end_and_label(doc: Doc) -> None:
    spans = [(i, j, t) for i in range(7) for j in range(i + 1, 8) for t in ("PER", "LOC")]
    found = [ScoredSpan(TokenSpan(*span), i / 100) for i, span in enumerate(spans)]
    _set_group(doc, found, key="hf_ner")
    for i, (start, end, entity_type) in enumerate(spans):
        assert get_score(Span(doc, start, end, label=entity_type)) == i / 100
    assert get_score(Span(doc, 0, 1, label="MISC")) is None


def test_the_scores_of_other_components_are_not_read(doc: Doc) -> None:
    doc.spans["sc"] = [Span(doc, 0, 2, label="PER")]
    doc.spans["sc"].attrs["scores"] = [0.1]
    assert get_score(Span(doc, 0, 2, label="PER")) is None


@pytest.mark.usefixtures("_no_extension")
def test_an_extension_that_somebody_else_registered_is_left_alone(doc: Doc) -> None:
    Span.set_extension("score", default="mine")
    register_score_extension()
    assert doc[0:1]._.score == "mine"


@pytest.mark.usefixtures("_no_extension")
def test_the_extension_reads_the_score(doc: Doc) -> None:
    register_score_extension()
    set_entities(doc, make_spans(doc, FOUND), overwrite=False)
    _set_group(doc, FOUND, key="hf_ner")
    assert [e._.score for e in doc.ents] == [0.9, 0.5]
    assert doc[5:6]._.score is None


def test_entities_are_given_as_hugging_face_gives_them(doc: Doc) -> None:
    set_entities(doc, make_spans(doc, FOUND), overwrite=False)
    _set_group(doc, FOUND[:1], key="hf_ner")
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
