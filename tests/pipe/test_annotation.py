from collections.abc import Iterator, Sequence

import pytest
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.pipe.annotation import (
    ScoredSpan,
    choose_entities,
    get_score,
    make_spans,
    register_extensions,
    set_entities,
    set_span_group,
)
from spacy_hf_ner.pipe.component_settings import Overwrite

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
    register_extensions()
    assert doc[0:1]._.score == "mine"


@pytest.mark.usefixtures("_no_extension")
def test_the_extension_reads_the_score(doc: Doc) -> None:
    register_extensions()
    set_entities(doc, make_spans(doc, FOUND), overwrite=False)
    _set_group(doc, FOUND, key="hf_ner")
    assert [e._.score for e in doc.ents] == [0.9, 0.5]
    assert doc[5:6]._.score is None


# overwrite, what is found in a Doc with Berlin (ORG) and "met Tim" (EVENT), and what remains
OVERWRITING: list[tuple[Overwrite, list[tuple[str, str]]]] = [
    (True, [("Angela Merkel", "PER"), ("Tim Cook", "PER")]),
    ("overlapping", [("Angela Merkel", "PER"), ("Tim Cook", "PER"), ("Berlin", "ORG")]),
]


@pytest.mark.parametrize(("overwrite", "expected"), OVERWRITING)
def test_entities_that_were_set_earlier_go_as_far_as_they_are_overwritten(
    doc: Doc, overwrite: Overwrite, expected: list[tuple[str, str]]
) -> None:
    earlier = [Span(doc, 2, 4, label="EVENT", span_id="Q1"), Span(doc, 6, 7, label="ORG")]
    doc.set_ents(earlier, default="missing")
    set_entities(doc, make_spans(doc, FOUND), overwrite=overwrite)
    assert [(ent.text, ent.label_) for ent in doc.ents] == expected
    assert doc[2].ent_iob_ == "O"  # a part of the entity that has gone
    assert all(ent.id_ == "" for ent in doc.ents)


def test_an_entity_that_is_kept_keeps_its_id_and_blocked_tokens_stay_blocked(doc: Doc) -> None:
    kept = Span(doc, 6, 7, label="LOC", span_id="Q64", kb_id="wd")
    doc.set_ents([kept], blocked=[doc[5:6]], default="missing")
    set_entities(doc, make_spans(doc, FOUND), overwrite="overlapping")
    assert (doc.ents[-1].id_, doc.ents[-1].kb_id_) == ("Q64", "wd")
    assert (doc[5].ent_iob_, doc[5].ent_type_) == ("B", "")


def _choose(doc: Doc, *found: tuple[int, int, str, float]) -> list[tuple[int, int, str]]:
    spans = [Span(doc, start, end, label=label) for start, end, label, _ in found]
    chosen = choose_entities(spans, [score for *_, score in found])
    return [(span.start, span.end, span.label_) for span in chosen]


def test_of_spans_that_share_a_token_the_likelier_is_an_entity(doc: Doc) -> None:
    apart = [(0, 2, "PER", 0.1), (2, 3, "LOC", 0.9)]
    assert len(_choose(doc, *apart)) == 2
    assert _choose(doc, (0, 2, "PER", 0.4), (1, 3, "LOC", 0.9)) == [(1, 3, "LOC")]
    assert _choose(doc, (1, 2, "PER", 0.9), (1, 2, "LOC", 0.4)) == [(1, 2, "PER")]
    # What the likelier displaces makes room for others; equally likely ones go by length.
    assert _choose(
        doc, (0, 2, "PER", 0.5), (1, 4, "ORG", 0.9), (3, 5, "PER", 0.6), (4, 6, "LOC", 0.6)
    ) == [(1, 4, "ORG"), (4, 6, "LOC")]
    assert _choose(doc, (1, 2, "PER", 0.5), (1, 3, "LOC", 0.5)) == [(1, 3, "LOC")]


def test_a_second_run_keeps_spans_of_the_group_that_are_no_entities(doc: Doc) -> None:
    both = [ScoredSpan(TokenSpan(0, 1, "PER"), 0.9), ScoredSpan(TokenSpan(0, 1, "LOC"), 0.4)]
    for _ in range(2):
        spans, scores = make_spans(doc, both), [found.score for found in both]
        set_entities(doc, choose_entities(spans, scores), overwrite=True)
        set_span_group(doc, spans, scores, key="hf_ner", keep_entities=True)
        assert [(span.label_, get_score(span)) for span in doc.spans["hf_ner"]] == [
            ("PER", 0.9),
            ("LOC", 0.4),
        ]
