"""A span group on a Doc whose tokens are merged and split by others."""

import pytest
import spacy
from spacy.tokens import Doc, Span, SpanGroup

from spacy_hf_ner.pipe.span_group import LastingSpanGroup

TEXT = "Angela Merkel met Tim Cook in San José"
ENTITIES = [(0, 2, "PER"), (3, 5, "PER"), (6, 8, "LOC")]


@pytest.fixture
def doc() -> Doc:
    doc = spacy.blank("en")(TEXT)
    spans = [
        Span(doc, start, end, label=label, span_id=f"id{start}", kb_id=f"Q{end}")
        for start, end, label in ENTITIES
    ]
    doc.spans["found"] = LastingSpanGroup(
        doc, name="found", spans=spans, attrs={"scores": [0.9, 0.8, 0.7]}
    )
    return doc


def read(doc: Doc) -> list[tuple[str, str, str, str]]:
    return [(span.text, span.label_, span.id_, span.kb_id_) for span in doc.spans["found"]]


def merge(doc: Doc, *spans: tuple[int, int]) -> None:
    with doc.retokenize() as retokenizer:
        for start, end in spans:
            retokenizer.merge(doc[start:end])


def test_spans_follow_tokens_that_are_merged_with_all_that_they_carry(doc: Doc) -> None:
    before = read(doc)
    merge(doc, (0, 2), (3, 5), (6, 8))
    assert read(doc) == before
    assert [(span.start, span.end) for span in doc.spans["found"]] == [(0, 1), (2, 3), (4, 5)]
    assert doc.spans["found"].attrs == {"scores": [0.9, 0.8, 0.7]}


def test_spans_follow_tokens_that_are_split(doc: Doc) -> None:
    before = read(doc)
    with doc.retokenize() as retokenizer:
        retokenizer.split(doc[0], ["Ang", "ela"], heads=[(doc[0], 1), doc[1]])
    assert read(doc) == before
    assert doc.spans["found"][0].end == 3


def test_a_span_grows_with_a_token_that_became_part_of_a_larger_one(doc: Doc) -> None:
    merge(doc, (1, 4))
    assert [text for text, *_ in read(doc)] == [
        TEXT[: TEXT.index(" Cook")],
        TEXT[len("Angela ") : -12],
        "San José",
    ]


def test_the_doc_can_be_stored_and_read_after_tokens_were_merged(doc: Doc) -> None:
    before = read(doc)
    merge(doc, (0, 2), (3, 5), (6, 8))
    assert read(Doc(doc.vocab).from_bytes(doc.to_bytes())) == before


def test_a_span_that_was_appended_follows_too(doc: Doc) -> None:
    doc.spans["found"].append(Span(doc, 2, 3, label="VERB"))
    merge(doc, (0, 2))
    assert read(doc)[-1][:2] == ("met", "VERB")


def test_spans_are_found_again_where_the_doc_became_so_short_that_their_tokens_are_no_more(
    doc: Doc,
) -> None:
    merge(doc, (0, 6))  # "San" was token 6, and there are 3 tokens now
    assert [text for text, *_ in read(doc)][-1] == "San José"
    assert [(span.start, span.end) for span in doc.spans["found"]] == [(0, 1), (0, 1), (1, 3)]


def test_spans_follow_each_time_that_tokens_change(doc: Doc) -> None:
    before = read(doc)
    merge(doc, (0, 2))
    assert read(doc) == before
    merge(doc, (2, 4))
    assert read(doc) == before
    assert [(span.start, span.end) for span in doc.spans["found"]] == [(0, 1), (2, 3), (4, 6)]


def test_spans_follow_where_as_many_tokens_were_merged_as_others_were_split(doc: Doc) -> None:
    before = read(doc)
    n_tokens = len(doc)
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[0:2])
        retokenizer.split(doc[6], ["S", "an"], heads=[(doc[6], 1), doc[5]])
    assert len(doc) == n_tokens
    assert read(Doc(doc.vocab).from_bytes(doc.to_bytes())) == before
    assert read(doc) == before
    assert [(span.start, span.end) for span in doc.spans["found"]] == [(0, 1), (2, 4), (5, 8)]


def test_the_bytes_of_a_group_are_those_of_spacys_own(doc: Doc) -> None:
    group = doc.spans["found"]
    merge(doc, (0, 2))
    own = SpanGroup(doc, name="found", attrs={"scores": [0.9, 0.8, 0.7]}, spans=list(group))
    assert group.to_bytes() == own.to_bytes()
