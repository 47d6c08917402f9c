"""Docs whose names are replaced, and what remains of names."""

import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc

from spacy_hf_ner.pipe.annotation import ANNOTATOR
from spacy_hf_ner.pipe.span_group import LastingSpanGroup
from spacy_hf_ner.rewriting import Method, Redactions, Rewriter
from tests.rewriting.texts import NAMES, make_pipeline

NLP = make_pipeline()
PIECES = [*NAMES, "a", "met", "'s", "'", ".", " ", "  ", "\n", "merkel", "NEW YORK", "\u00a0", "é"]


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_a_rewritten_doc_has_the_old_entities_and_the_text_around_them(text: str) -> None:
    doc = NLP(text)
    rewriting = Rewriter(Redactions(numbered=True), tokenizer=NLP.tokenizer).rewrite(doc)
    assert rewriting.n_replaced == len(doc.ents)
    assert [entity.label_ for entity in rewriting.doc.ents] == [e.label_ for e in doc.ents]
    old_end = new_end = 0
    for row in rewriting.replacements:
        assert doc.text[old_end : row.old_start] == rewriting.doc.text[new_end : row.new_start]
        old_end, new_end = row.old_end, row.new_end
    assert doc.text[old_end:] == rewriting.doc.text[new_end:]


def test_only_chosen_types_are_rewritten() -> None:
    rewriter = Rewriter(Redactions(), entity_types={"PER"})
    rewriting = rewriter.rewrite(NLP("Sarah left Paris"))
    assert rewriting.doc.text == "[PER] left Paris"
    assert [entity.text for entity in rewriting.doc.ents] == ["[PER]", "Paris"]


def test_entities_below_the_threshold_stay_and_are_counted() -> None:
    doc = NLP("Sarah left Paris and New York")
    attrs = {"annotator": ANNOTATOR, "scores": [0.9, 0.4, 0.6]}
    spans = list(doc.ents)
    doc.spans["hf_ner"] = LastingSpanGroup(doc, name="hf_ner", spans=spans, attrs=attrs)
    assert doc.ents[1]._.score == 0.4
    rewriting = Rewriter(Redactions(), threshold=0.5).rewrite(doc)
    assert rewriting.doc.text == "[PER] left Paris and [LOC]"
    assert rewriting.below_threshold == 1
    by_type = Rewriter(Redactions(), threshold={"LOC": 0.7}).rewrite(doc)
    assert by_type.doc.text == "[PER] left Paris and New York"
    assert by_type.below_threshold == 2


class KeepsPlaces:
    """A method that finds nothing for places."""

    def choose(self, _doc: object, names: object) -> list[str | None]:
        chosen: list[str | None] = []
        for name in names:  # type: ignore[attr-defined]
            chosen.append(None if name.entity_type == "LOC" else "Audi")
        return chosen

    def forget(self) -> None:
        pass


def test_names_that_a_method_has_nothing_for_stay_and_are_counted() -> None:
    method: Method = KeepsPlaces()
    rewriting = Rewriter(method).rewrite(NLP("Sarah left Paris in a Toyota"))
    assert rewriting.doc.text == "Audi left Paris in an Audi"
    assert [name.text for name in rewriting.kept] == ["Paris"]
    assert rewriting.n_replaced == 2


def test_articles_are_those_of_english_alone() -> None:
    words, ents = ["a", "Toyota"], ["O", "B-ORG"]
    for lang, expected in (("en", "an Audi"), ("pt", "a Audi")):
        doc = Doc(spacy.blank(lang).vocab, words=words, spaces=[True, False], ents=ents)
        assert Rewriter(KeepsPlaces()).rewrite(doc).doc.text == expected


def test_a_name_that_is_missed_elsewhere_in_its_text_is_counted() -> None:
    doc = NLP("Sarah and SARAH and Sarah, Sarahs sarah")
    doc.set_ents(list(doc.ents[:1]))
    rewriting = Rewriter(Redactions()).rewrite(doc)
    assert rewriting.doc.text == "[PER] and SARAH and Sarah, Sarahs sarah"
    assert rewriting.missed == 3
