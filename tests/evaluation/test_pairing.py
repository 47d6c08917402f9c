import pickle
from collections.abc import Callable

import pytest
import spacy
from spacy.tokens import Doc, Span, SpanGroup

from spacy_hf_ner.errors import AlignmentError
from spacy_hf_ner.evaluation.pairing import Entity, have_overlaps, pair_docs, read_entities

MakeDoc = Callable[..., Doc]


def test_read_entities_gives_each_entity_its_score(make_doc: MakeDoc) -> None:
    doc = make_doc(
        ["Tim", "Cook", "left", "Rome"], [(0, 2, "PER"), (3, 4, "LOC")], scores=[0.9, 0.4]
    )
    assert [e.score for e in read_entities(doc)] == [0.9, 0.4]


def test_scores_are_found_by_span_and_type_whatever_the_order_of_the_group(
    make_doc: MakeDoc,
) -> None:
    doc = make_doc(["Tim", "Cook", "left", "Rome"], [(0, 2, "PER"), (3, 4, "LOC")])
    doc.spans["mine"] = [Span(doc, 3, 4, "LOC"), Span(doc, 0, 2, "ORG")]
    doc.spans["mine"].attrs["scores"] = [0.7, 0.2]
    assert [e.score for e in read_entities(doc, spans_key="mine")] == [None, 0.7]


def test_scores_that_do_not_fit_their_group_are_not_used(make_doc: MakeDoc) -> None:
    doc = make_doc(["Rome", "is", "big"], [(0, 1, "LOC")], scores=[0.4, 0.5])
    assert [e.score for e in read_entities(doc)] == [None]


def test_entities_are_compared_by_characters_where_tokens_differ(make_doc: MakeDoc) -> None:
    gold = make_doc(["U.S.-based", "firm"], [], spaces=[True, False])
    predicted = make_doc(["U.S.", "-based", "firm"], [(0, 1, "LOC")], spaces=[False, True, False])
    pair = pair_docs(gold, predicted)
    assert pair.predicted == (Entity(0, 4, "LOC"),)
    assert pair.token_borders.tolist() == [[0, 4], [4, 10], [11, 15]]


@pytest.mark.parametrize("text", ["", " ", "Tim  met\n\nAnn 😀.", "Tim "])
def test_the_text_is_that_of_the_doc(text: str) -> None:
    doc = spacy.blank("en")(text)
    assert pair_docs(doc, doc).text == text


def test_token_borders_cover_no_white_space_between_tokens(make_doc: MakeDoc) -> None:
    gold = make_doc(["New", "York"], [])
    pair = pair_docs(
        gold, make_doc(["New York"], [], spaces=[False]) if gold.text == "New York" else gold
    )
    assert [0, 3] in pair.token_borders.tolist()


@pytest.mark.parametrize(
    ("gold_words", "predicted_words"),
    [(["Tim", "  ", "Cook"], ["Tim", "Cook"]), (["Tim", "Cook"], ["Tim", "\n\n", "Cook"])],
)
def test_white_space_that_differs_moves_offsets_to_the_gold_text(
    make_doc: MakeDoc, gold_words: list[str], predicted_words: list[str]
) -> None:
    gold = make_doc(gold_words, [(0, len(gold_words), "PER")])
    predicted = make_doc(predicted_words, [(0, len(predicted_words), "PER")])
    pair = pair_docs(gold, predicted)
    assert pair.gold == pair.predicted


def test_an_entity_of_white_space_that_gold_lacks_is_kept_as_wrong(make_doc: MakeDoc) -> None:
    gold = make_doc(["Tim", "left"], [])
    predicted = make_doc(["Tim", "\n\n", "left", "\n"], [(1, 2, "PER"), (3, 4, "LOC")])
    pair = pair_docs(gold, predicted)
    assert [e.entity_type for e in pair.predicted] == ["PER", "LOC"]
    assert not set(pair.predicted) & set(pair.gold)


def test_texts_that_differ_in_more_than_white_space_are_refused_with_the_place(
    make_doc: MakeDoc,
) -> None:
    with pytest.raises(AlignmentError, match=r"'Cook' \(gold\) and 'cook' \(predicted\)"):
        pair_docs(make_doc(["Tim", "Cook"]), make_doc(["Tim", "cook"]))


def test_predictions_on_tokens_without_annotation_are_set_aside(make_doc: MakeDoc) -> None:
    vocab = spacy.blank("en").vocab
    gold = Doc(vocab, words=["Tim", "met", "Ann"])
    gold.set_ents([Span(gold, 0, 1, "PER")], missing=[gold[2:3]], default="outside")
    predicted = make_doc(["Tim", "met", "Ann"], [(0, 1, "PER"), (2, 3, "PER")])
    pair = pair_docs(gold, predicted)
    assert pair.predicted == (Entity(0, 3, "PER"),)
    assert pair.unjudged == (Entity(8, 11, "PER"),)
    assert pair.token_borders.tolist() == [[0, 3], [4, 7]]


def test_a_doc_that_nobody_annotated_judges_nothing(make_doc: MakeDoc) -> None:
    gold = Doc(spacy.blank("en").vocab, words=["Tim", "met"])
    pair = pair_docs(gold, make_doc(["Tim", "met"], [(0, 1, "PER")]))
    assert (pair.predicted, len(pair.unjudged), len(pair.token_borders)) == ((), 1, 0)


def test_sentence_starts_are_those_of_the_gold_doc() -> None:
    doc = Doc(
        spacy.blank("en").vocab,
        words=["Tim", "left", "Ann", "stayed"],
        sent_starts=[True, False, True, False],
    )
    assert pair_docs(doc, doc).sentence_starts == (0, 9)


def test_entities_are_equal_whatever_their_scores_and_pickle_with_them() -> None:
    entity = Entity(0, 3, "PER", 0.7)
    assert entity == Entity(0, 3, "PER")
    assert {entity} == {Entity(0, 3, "PER", 0.2)}
    assert pickle.loads(pickle.dumps(entity)).score == 0.7  # noqa: S301


def make_group(
    words: list[str], spans: list[tuple[int, int, str]], scores: list[float] | None = None
) -> Doc:
    """Return a Doc whose entities are in a span group, as a span categorizer leaves it."""
    doc = Doc(spacy.blank("en").vocab, words=words)
    attrs = {} if scores is None else {"scores": scores}
    doc.spans["hf_ner"] = SpanGroup(doc, spans=[Span(doc, *span) for span in spans], attrs=attrs)
    return doc


WORDS = ["Tim", "Cook", "left", "Rome"]


def test_without_doc_ents_entities_are_those_of_the_span_group_in_text_order() -> None:
    doc = make_group(WORDS, [(3, 4, "LOC"), (0, 2, "PER"), (0, 1, "PER")], [0.4, 0.9, 0.2])
    entities = read_entities(doc)
    assert entities == (Entity(0, 3, "PER"), Entity(0, 8, "PER"), Entity(14, 18, "LOC"))
    assert [e.score for e in entities] == [0.2, 0.9, 0.4]
    assert have_overlaps(entities)
    assert not have_overlaps(entities[1:])


def test_doc_ents_that_are_set_to_none_are_what_was_meant() -> None:
    doc = make_group(WORDS, [(3, 4, "LOC")])
    doc.ents = []
    assert read_entities(doc) == ()


def test_predictions_in_a_span_group_are_judged_by_doc_ents(make_doc: MakeDoc) -> None:
    gold = make_doc(WORDS, [(0, 2, "PER")])
    pair = pair_docs(gold, make_group(WORDS, [(0, 2, "PER"), (1, 2, "PER")]))
    assert pair.gold == (Entity(0, 8, "PER"),)
    assert pair.predicted == (Entity(0, 8, "PER"), Entity(4, 8, "PER"))


def test_predictions_in_a_span_group_are_judged_by_the_gold_group_of_that_key() -> None:
    gold = make_group(WORDS, [(0, 2, "PER"), (1, 2, "NAME")])
    pair = pair_docs(gold, make_group(WORDS, [(1, 2, "NAME")]))
    assert pair.gold == (Entity(0, 8, "PER"), Entity(4, 8, "NAME"))
    assert (pair.predicted, pair.unjudged) == ((Entity(4, 8, "NAME"),), ())
