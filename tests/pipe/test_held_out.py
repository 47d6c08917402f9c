"""A model's rows beside gold: which spans are right, and which tokens teach what."""

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example

from spacy_hf_ner.core.labels import make_tag_set
from spacy_hf_ner.core.schemes import SCHEMES
from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.core.units import UnitRows
from spacy_hf_ner.model.reading.units import find_units
from spacy_hf_ner.pipe.annotation import ScoredSpan
from spacy_hf_ner.pipe.held_out import HeldOut, count_gold, read_held_out, tally


@pytest.fixture
def nlp() -> Language:
    return spacy.blank("en")


def read(predicted: Doc, gold: Doc, *, prefer_group: bool = False) -> HeldOut:
    tag_set = make_tag_set(["PER", "LOC"], SCHEMES["IOB2"])
    units = find_units(predicted)
    rows = np.zeros((len(units), len(tag_set)), dtype=np.float32)
    return read_held_out(
        Example(predicted, gold),
        UnitRows(rows, units),
        tag_set,
        spans_key="found",
        prefer_group=prefer_group,
    )


def judge(held_out: HeldOut, *spans: tuple[int, int]) -> list[bool | None]:
    return [held_out.judge(ScoredSpan(TokenSpan(*span, "LOC"), 0.9)) for span in spans]


def test_a_wrong_border_is_wrong_though_gold_tokens_do_not_align(nlp: Language) -> None:
    gold = Doc(nlp.vocab, words=["Vía", "al", "Mar", "."], spaces=[True, True, False, False])
    gold.ents = [Span(gold, 0, 3, "LOC")]
    predicted = Doc(nlp.vocab, words=["Vía", "al", "Mar."], spaces=[True, True, False])
    assert judge(read(predicted, gold), (0, 3), (0, 2)) == [False, False]


def test_only_tokens_that_nobody_has_annotated_excuse_a_span(nlp: Language) -> None:
    gold = nlp.make_doc("Rome and Oslo and Bern")
    gold.set_ents([Span(gold, 0, 1, "LOC")], missing=[gold[3:5]], default="outside")
    held_out = read(nlp.make_doc(gold.text), gold)
    assert judge(held_out, (0, 1), (2, 3), (2, 4), (4, 5)) == [True, False, None, None]
    assert (held_out.tags >= 0).tolist() == [True, True, True, False, False]


def test_white_space_that_the_tokenizer_changes_moves_no_entity(nlp: Language) -> None:
    gold = nlp.make_doc("In  New \n York")
    gold.ents = [Span(gold, 2, 5, "LOC")]
    assert gold.ents[0].text == "New \n York"
    predicted = Doc(nlp.vocab, words=["In", "New", "York"])
    assert judge(read(predicted, gold), (1, 3), (1, 2)) == [True, False]


@pytest.mark.parametrize("prefer_group", [True, False])
def test_gold_in_the_span_group_is_read_where_there_is_no_other(
    nlp: Language, *, prefer_group: bool
) -> None:
    gold = nlp.make_doc("New York Times Square")
    gold.spans["found"] = SpanGroup(gold, spans=[Span(gold, 0, 2, "LOC"), Span(gold, 0, 4, "LOC")])
    held_out = read(nlp.make_doc(gold.text), gold, prefer_group=prefer_group)
    assert judge(held_out, (0, 2), (0, 4), (2, 4)) == [True, True, False]
    assert held_out.is_annotated
    assert held_out.tags.tolist() == [3, 4, 4, 4]  # a token has one tag: that of the longest
    assert not gold.has_annotation("ENT_IOB")


def test_of_gold_in_both_places_that_is_read_which_the_component_sets(nlp: Language) -> None:
    gold = nlp.make_doc("New York Times Square")
    gold.ents = [Span(gold, 0, 2, "LOC")]
    gold.spans["found"] = SpanGroup(gold, spans=[Span(gold, 0, 4, "LOC")])
    predicted = nlp.make_doc(gold.text)
    assert judge(read(predicted, gold), (0, 2), (0, 4)) == [True, False]
    assert judge(read(predicted, gold, prefer_group=True), (0, 2), (0, 4)) == [False, True]


@pytest.mark.parametrize("in_group", [True, False])
def test_gold_of_a_type_that_the_model_lacks_teaches_no_tag_and_makes_other_types_wrong(
    nlp: Language, *, in_group: bool
) -> None:
    gold = nlp.make_doc("Rome hosts Expo now")
    spans = [Span(gold, 0, 1, "LOC"), Span(gold, 2, 3, "EVENT")]
    if in_group:
        gold.spans["found"] = SpanGroup(gold, spans=spans)
    else:
        gold.ents = spans
    held_out = read(nlp.make_doc(gold.text), gold)
    assert judge(held_out, (0, 1), (2, 3), (3, 4)) == [True, False, False]
    assert (held_out.tags >= 0).tolist() == [True, True, False, True]


def test_entities_on_tokens_that_nobody_has_annotated_count_for_nothing(nlp: Language) -> None:
    gold = nlp.make_doc("Rome and Oslo and Bern")
    gold.set_ents([Span(gold, 0, 1, "LOC")], missing=[gold[3:5]], default="outside")
    docs = [read(nlp.make_doc(gold.text), gold)]
    found = [ScoredSpan(TokenSpan(i, i + 1, "LOC"), 0.9) for i in (0, 2, 4)]
    counts = tally(docs, [found])
    assert (counts.n_right.tolist(), counts.n_judged.tolist()) == ([1], [2])
    assert count_gold(docs).tolist() == [1]
