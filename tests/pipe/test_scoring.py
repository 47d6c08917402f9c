"""The scores of span groups."""

import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_hf_ner.pipe.scoring import score_span_group

NLP = spacy.blank("en")


def make_doc(*places: tuple[int, int], key: str | None) -> Doc:
    doc = NLP("Angela met Tim in Berlin")
    spans = [Span(doc, start, end, label="X") for start, end in places]
    if key is None:
        doc.set_ents(spans, default="outside")
    else:
        doc.spans[key] = spans
    return doc


GOLD = make_doc((0, 1), (2, 3), key=None)


def test_a_group_is_scored_under_its_own_name_and_as_the_entities_by_which_spacy_selects() -> None:
    scores = score_span_group([Example(make_doc((0, 1), key="found"), GOLD)], key="found")
    expected = {"p": 1.0, "r": 0.5, "f": 2 / 3}
    for prefix in ("spans_found", "ents"):
        assert {name: scores[f"{prefix}_{name}"] for name in expected} == expected
        assert scores[f"{prefix}_per_type"] == {"X": expected}


def test_an_empty_doc_is_not_one_whose_entities_were_set() -> None:
    empty = Example(NLP(""), NLP(""))
    assert "ents_f" in score_span_group([empty, Example(make_doc(key="found"), GOLD)], key="found")


def test_scores_of_entities_are_left_to_the_component_that_sets_them() -> None:
    predicted = make_doc((0, 1), key="found")
    predicted.set_ents([Span(predicted, 4, 5, label="Y")], default="outside")
    assert {
        name.rpartition("_")[0]
        for name in score_span_group([Example(predicted, GOLD)], key="found")
    } == {
        "spans_found",
        "spans_found_per",
    }
