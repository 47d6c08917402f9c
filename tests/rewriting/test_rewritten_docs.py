"""A rewritten text as a Doc."""

import spacy
from spacy.tokens import Doc, Span

from spacy_hf_ner.rewriting import Redactions, Rewriter
from spacy_hf_ner.rewriting.edits import Edit, apply_edits
from spacy_hf_ner.rewriting.rewritten_docs import make_rewritten_doc
from tests.rewriting.texts import make_pipeline


def test_tokens_around_names_stay_and_names_are_cut_by_the_tokenizer() -> None:
    nlp = make_pipeline()
    # Tokens of somebody's own: the tokenizer would have cut these otherwise.
    spaces = [True, True, False, True, False]
    doc = Doc(nlp.vocab, words=["can't", "leave", "Paris", ",", "Sarah"], spaces=spaces)
    entities = [Span(doc, 2, 3, "LOC"), Span(doc, 4, 5, "PER")]
    rewritten = apply_edits(doc.text, [Edit(12, 17, "St. John's", "LOC")])
    new = make_rewritten_doc(doc, rewritten, entities, tokenizer=nlp.tokenizer)
    assert new.text == "can't leave St. John's, Sarah"
    assert [token.text for token in new] == ["can't", "leave", "St.", "John", "'s", ",", "Sarah"]
    assert [(entity.text, entity.label_) for entity in new.ents] == [
        ("St. John's", "LOC"),
        ("Sarah", "PER"),
    ]


def test_without_a_tokenizer_names_are_cut_at_white_space() -> None:
    doc = make_pipeline()("In Paris.")
    rewritten = apply_edits(doc.text, [Edit(3, 8, "[LOC 1]", "LOC")])
    new = make_rewritten_doc(doc, rewritten, doc.ents)
    assert [token.text for token in new] == ["In", "[LOC", "1]", "."]


def test_a_name_inside_a_token_is_replaced_there() -> None:
    doc = Doc(spacy.blank("en").vocab, words=["Sarah's", "dog"], spaces=[True, False])
    rewritten = apply_edits(doc.text, [Edit(0, 5, "Rani", "PER")])
    new = make_rewritten_doc(doc, rewritten, [Span(doc, 0, 1, "PER")])
    assert [token.text for token in new] == ["Rani's", "dog"]
    assert [entity.text for entity in new.ents] == ["Rani's"]


def test_sentences_start_where_they_did() -> None:
    nlp = make_pipeline()
    nlp.add_pipe("sentencizer")
    doc = nlp("It is Paris. New York is far.")
    edits = [Edit(6, 11, "Santa Fe", "LOC"), Edit(13, 21, "Salt Lake City", "LOC")]
    new = make_rewritten_doc(doc, apply_edits(doc.text, edits), doc.ents)
    assert [sent.text for sent in new.sents] == ["It is Santa Fe.", "Salt Lake City is far."]


def test_white_space_of_every_kind_stays() -> None:
    nlp = make_pipeline()
    doc = nlp("  Sarah  \n\tParis Paris\u00a0 ")
    edits = [Edit(entity.start_char, entity.end_char, "X Y", "N") for entity in doc.ents]
    new = make_rewritten_doc(doc, apply_edits(doc.text, edits), doc.ents)
    assert new.text == "  X Y  \n\tX Y X Y\u00a0 "
    assert [entity.text for entity in new.ents] == ["X Y"] * 3


def test_nothing_that_tells_of_old_names_comes_along() -> None:
    doc = make_pipeline()("Paris")
    doc.user_data["source"] = "Paris"
    doc.set_ents([Span(doc, 0, 1, "LOC", kb_id="Q90")])
    new = make_rewritten_doc(doc, apply_edits("Paris", [Edit(0, 5, "Goa", "LOC")]), doc.ents)
    assert new.user_data == {}
    assert [entity.kb_id_ for entity in new.ents] == [""]
    assert b"Paris" not in new.to_bytes()


def test_entities_of_a_span_group_go_into_that_group() -> None:
    doc = make_pipeline()("In Paris")
    rewritten = apply_edits(doc.text, [Edit(3, 8, "Goa", "LOC")])
    new = make_rewritten_doc(doc, rewritten, doc.ents, spans_key="sc")
    assert [span.text for span in new.spans["sc"]] == ["Goa"]
    assert not new.has_annotation("ENT_IOB")


def test_names_without_a_space_between_them_share_no_token() -> None:
    nlp = spacy.blank("en")
    words = ["Sarah", "Paris", "Toyota", "'s"]
    doc = Doc(nlp.vocab, words=words, spaces=[False] * 4, ents=["B-PER", "B-LOC", "B-ORG", "O"])
    new = Rewriter(Redactions(numbered=True), tokenizer=nlp.tokenizer).rewrite(doc).doc
    assert new.text == "[PER 1][LOC 1][ORG 1]'s"
    assert [entity.text for entity in new.ents] == ["[PER 1]", "[LOC 1]", "[ORG 1]"]
