"""Tokens that are cut: each piece has what its token had, and groups keep their characters."""

from typing import Any

import numpy as np
import spacy
from spacy.tokens import Doc, Span, SpanGroup

from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.pipe.annotation import ScoredSpan, make_spans, set_span_group
from spacy_hf_ner.pipe.token_cuts import cut_tokens

WORDS = ["김태웅이고", "U.S.-based", "왔다", "."]
TEXT = "김태웅이고 U.S.-based 왔다."


def make_doc(**annotation: Any) -> Doc:
    doc = Doc(spacy.blank("xx").vocab, words=WORDS, spaces=[True, True, False, False], **annotation)
    assert doc.text == TEXT
    return doc


def test_tokens_are_cut_where_a_border_is_inside_of_them() -> None:
    doc = make_doc()
    cut_tokens(doc, [0, 3, 5, 6, 9, 10, 20])
    assert [token.text for token in doc] == ["김태웅", "이고", "U.S", ".", "-based", "왔다", "."]
    assert doc.text == TEXT
    assert [token.idx for token in doc] == [0, 3, 6, 9, 10, 17, 19]


def test_borders_between_tokens_cut_nothing() -> None:
    doc = make_doc()
    cut_tokens(doc, [0, 5, 6, 16, 17, 19, 20])
    cut_tokens(doc, [])
    assert [token.text for token in doc] == WORDS


def test_each_piece_has_the_annotation_of_its_token_and_none_of_the_next() -> None:
    doc = make_doc(
        tags=["A", "B", "C", "D"],
        pos=["PROPN", "ADJ", "VERB", "PUNCT"],
        morphs=["Case=Nom", "", "Tense=Past", ""],
        lemmas=["a", "b", "c", "d"],
        sent_starts=[True, False, True, False],
        ents=["O", "B-X", "B-Y", "O"],
    )
    cut_tokens(doc, [3, 10])
    assert [token.tag_ for token in doc] == ["A", "A", "B", "B", "C", "D"]
    assert [token.pos_ for token in doc] == ["PROPN", "PROPN", "ADJ", "ADJ", "VERB", "PUNCT"]
    assert [str(token.morph) for token in doc[:2]] == ["Case=Nom", "Case=Nom"]
    assert [token.lemma_ for token in doc] == ["a", "a", "b", "b", "c", "d"]
    assert [token.is_sent_start for token in doc] == [True, False, False, False, True, False]
    assert [token.ent_iob_ for token in doc] == ["O", "O", "B", "I", "B", "O"]
    assert [(ent.text, ent.label_) for ent in doc.ents] == [("U.S.-based", "X"), ("왔다", "Y")]


def test_later_pieces_depend_on_the_first_and_sentences_stay() -> None:
    doc = make_doc(heads=[1, 1, 2, 2], deps=["nsubj", "ROOT", "ROOT", "punct"])
    cut_tokens(doc, [3, 10])
    assert [token.head.text for token in doc] == ["U.S.", "김태웅", "U.S.", "U.S.", "왔다", "왔다"]
    assert [token.dep_ for token in doc] == ["nsubj", "dep", "ROOT", "dep", "ROOT", "punct"]
    assert [sentence.text for sentence in doc.sents] == ["김태웅이고 U.S.-based", "왔다."]


def test_unknown_annotation_stays_unknown() -> None:
    doc = make_doc(sent_starts=[None, None, True, None])
    cut_tokens(doc, [3, 10])
    assert [token.is_sent_start for token in doc] == [None, None, None, None, True, None]
    assert [token.ent_iob for token in doc] == [0] * 6


def test_groups_of_others_and_ours_keep_their_characters() -> None:
    doc = make_doc()
    spans = [doc[1:3], Span(doc, 2, 4, "L", kb_id="Q1", span_id="id")]
    doc.spans["others"] = SpanGroup(doc, name="others", spans=spans, attrs={"kept": 1})
    doc.spans["none"] = []
    found = [ScoredSpan(TokenSpan(2, 3, "X"), 0.5)]
    set_span_group(doc, make_spans(doc, found), [0.5], key="ours")
    cut_tokens(doc, [3, 10])
    others = doc.spans["others"]
    assert [span.text for span in others] == ["U.S.-based 왔다", "왔다."]
    assert (others[1].label_, others[1].kb_id_, others[1].id_) == ("L", "Q1", "id")
    assert (others.name, others.attrs) == ("others", {"kept": 1})
    assert len(doc.spans["none"]) == 0
    assert [span.text for span in doc.spans["ours"]] == ["왔다"]
    stored = Doc(doc.vocab).from_bytes(doc.to_bytes())
    assert [span.text for span in stored.spans["others"]] == ["U.S.-based 왔다", "왔다."]


def test_spans_that_are_empty_stay_between_their_tokens() -> None:
    doc = make_doc()
    spans = [doc[0:0], Span(doc, 2, 2, "L"), doc[4:4], doc[1:2]]
    doc.spans["others"] = SpanGroup(doc, name="others", spans=spans)
    cut_tokens(doc, [3, 10])
    found = [(span.start, span.end, span.label_) for span in doc.spans["others"]]
    assert found == [(0, 0, ""), (4, 4, "L"), (6, 6, ""), (2, 4, "")]


def test_each_piece_has_the_row_of_its_token_in_the_tensor() -> None:
    doc = make_doc()
    rows = np.arange(8.0, dtype="f").reshape(4, 2) + 1
    doc.tensor = rows
    cut_tokens(doc, [2, 3, 10])
    assert [token.text for token in doc] == ["김태", "웅", "이고", "U.S.", "-based", "왔다", "."]
    assert doc.tensor.tolist() == rows[[0, 0, 0, 1, 1, 2, 3]].tolist()
