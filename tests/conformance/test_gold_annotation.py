"""Gold annotation: whole, partial, misaligned, wrong on purpose."""

from pathlib import Path

import numpy as np
import pytest
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example
from thinc.api import fix_random_seed

from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.model.training.loss import MISSING
from spacy_hf_ner.pipe.targets import read_targets
from tests.conformance.pipelines import (
    add_hf_ner,
    annotate,
    find,
    get_checkpoint,
    get_ner,
    initialize_pipeline,
    make_example,
    make_examples,
    make_pipeline,
    train,
)

TEXT = "Who is Shaka Khan?"


@pytest.fixture
def nlp(encoder_checkpoint: Path) -> Language:
    """Return a pipeline that is initialized on the training texts."""
    return initialize_pipeline(encoder_checkpoint, incorrect_spans_key="wrong")


def read_tags(nlp: Language, example: Example) -> list[str]:
    """Return the tags that an Example teaches; ``?`` where it teaches nothing."""
    tag_set = get_ner(nlp)._require_tag_set()
    all_tokens = np.arange(len(example.predicted))
    columns = read_targets(example, tag_set).write_columns(all_tokens, tag_set)
    return ["?" if k == MISSING else tag_set.labels[k] for k in columns]


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        ({"entities": [(7, 17, "PERSON")]}, "O O B-PERSON I-PERSON O"),
        ({"entities": ["O", "O", "B-PERSON", "L-PERSON", "O"]}, "O O B-PERSON I-PERSON O"),
        ({"entities": ["O", "O", "U-PERSON", "U-PERSON", "O"]}, "O O B-PERSON B-PERSON O"),
        ({"entities": []}, "O O O O O"),
        ({}, "? ? ? ? ?"),
        ({"entities": ["-", "O", "U-LOC", "-", "O"]}, "? O B-LOC ? O"),
        ({"entities": ["-", "-", "-", "-", "-"]}, "? ? ? ? ?"),
    ],
)
def test_annotation_teaches_what_it_says_and_nothing_where_it_is_missing(
    annotation: dict[str, object], expected: str, nlp: Language
) -> None:
    example = Example.from_dict(nlp.make_doc(TEXT), annotation)
    assert read_tags(nlp, example) == expected.split()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["Who", "is", "Shaka", "Khan", "?"], "O O B-PERSON I-PERSON O"),
        (["Who", "is", "Shaka Khan", "?"], "O O B-PERSON O"),  # a token merges the entity
        (
            ["Who", "is", "Sha", "ka", "Kh", "an", "?"],
            "O O B-PERSON I-PERSON I-PERSON I-PERSON O",
        ),  # tokens split it
        (["Who is", "Shaka", "Khan?"], "O ? ?"),  # an end inside a token cannot be aligned
    ],
)
def test_gold_is_brought_onto_the_tokens_of_the_pipeline(
    words: list[str], expected: str, nlp: Language
) -> None:
    reference = annotate(nlp.make_doc(TEXT), (7, 17, "PERSON"))
    spaces = [
        word not in {"Sha", "Kh", "an", "Khan", "Khan?", "?"} and word != "Shaka Khan"
        for word in words
    ]
    predicted = Doc(nlp.vocab, words=words, spaces=spaces)
    assert predicted.text == TEXT
    assert read_tags(nlp, Example(predicted, reference)) == expected.split()


def test_white_space_tokens_in_one_of_the_docs_do_not_shift_the_gold(nlp: Language) -> None:
    reference = Doc(
        nlp.vocab,
        words=["Who", "is", "Shaka", "Khan", "?"],
        ents=["O", "O", "B-PERSON", "I-PERSON", "O"],
    )
    predicted = nlp.make_doc("Who  is Shaka Khan ?")
    tags = dict(
        zip([t.text for t in predicted], read_tags(nlp, Example(predicted, reference)), strict=True)
    )
    assert tags["Shaka"] == "B-PERSON"
    assert tags["Khan"] == "I-PERSON"
    assert tags["is"] == "O"


def test_missing_annotation_gives_no_gradient(nlp: Language) -> None:
    losses = get_ner(nlp).update([make_example(nlp, TEXT, None)], sgd=None)
    assert losses["hf_ner"] == 0.0
    gradients = [p.grad for p in get_checkpoint(nlp).network.parameters() if p.grad is not None]
    assert all(not gradient.any() for gradient in gradients)


def test_tokens_marked_missing_may_be_predicted_as_anything(nlp: Language) -> None:
    partial = Example.from_dict(nlp.make_doc(TEXT), {"entities": ["O", "O", "-", "-", "O"]})
    whole = make_examples(nlp)[0]
    train(nlp, [whole, partial])
    assert find(nlp(TEXT)) == [("Shaka Khan", "PERSON")]


def test_a_doc_that_says_it_has_no_entities_is_learned(nlp: Language) -> None:
    train(nlp, [make_example(nlp, TEXT, [])])
    assert find(nlp(TEXT)) == []


def test_spacy_2s_mark_for_wrong_spans_is_refused_with_a_way_out(encoder_checkpoint: Path) -> None:
    nlp = make_pipeline(encoder_checkpoint)
    examples = [
        Example.from_dict(nlp.make_doc(TEXT), {"entities": ["O", "O", "U-!PERSON", "O", "O"]})
    ]
    with pytest.raises(ValueError, match="E869"):
        nlp.initialize(lambda: examples)


def mark_wrong(nlp: Language, start: int, end: int, label: str) -> Example:
    """Return an Example that only says that a span is not an entity of a type."""
    example = make_example(nlp, TEXT, None)
    example.reference.spans["wrong"] = [Span(example.reference, start, end, label=label)]
    return example


def test_a_span_known_to_be_wrong_is_unlearned(nlp: Language) -> None:
    train(nlp, make_examples(nlp))
    assert find(nlp(TEXT)) == [("Shaka Khan", "PERSON")]
    train(nlp, [mark_wrong(nlp, 2, 4, "PERSON")])
    assert ("Shaka Khan", "PERSON") not in find(nlp(TEXT))


def test_a_wrong_entity_of_one_token_and_the_only_type_is_unlearned_in_60_updates(
    encoder_checkpoint: Path,
) -> None:
    fix_random_seed(0)
    nlp = make_pipeline(encoder_checkpoint, incorrect_spans_key="wrong")
    right = [
        make_example(nlp, "Berlin", [(0, 6, "LOC")]),
        make_example(nlp, "New York City", [(0, 13, "LOC")]),
    ]
    nlp.initialize(lambda: right)
    train(nlp, right)
    assert find(nlp("Berlin")) == [("Berlin", "LOC")]
    wrong = make_example(nlp, "Berlin", None)
    wrong.reference.spans["wrong"] = [Span(wrong.reference, 0, 1, label="LOC")]
    # The product of its tags fell, too, when "I-LOC" took their mass; that took 94 updates.
    train(nlp, [wrong], n_steps=60, learn_rate=3e-4)
    assert find(nlp("Berlin")) == []


@pytest.mark.parametrize("scheme", ["IOB2", "IOBES", "BILOU"])
def test_an_entity_with_white_space_at_its_ends_is_learned_as_if_trimmed(
    encoder_checkpoint: Path, scheme: str
) -> None:
    nlp = make_pipeline(encoder_checkpoint, scheme=scheme)
    predicted = Doc(nlp.vocab, words=["in", " \n", "Rome", "x", "and", "Oslo", "\n", "y"])
    gold = predicted.copy()
    entities = [Span(gold, 1, 3, label="LOC"), Span(gold, 5, 7, label="LOC")]
    gold.set_ents(entities, default="outside")
    examples = [Example(predicted, gold)]
    nlp.initialize(lambda: examples)
    train(nlp, examples, n_steps=60)
    doc = nlp.get_pipe("hf_ner")(predicted.copy())
    assert find(doc) == [("Rome", "LOC"), ("Oslo", "LOC")]


def test_a_wrong_span_says_nothing_of_other_types_and_borders(nlp: Language) -> None:
    examples = make_examples(nlp)
    train(nlp, examples)
    train(nlp, [*examples, mark_wrong(nlp, 2, 4, "LOC"), mark_wrong(nlp, 2, 3, "PERSON")])
    assert find(nlp(TEXT)) == [("Shaka Khan", "PERSON")]


def test_wrong_spans_alone_are_annotation_enough_to_learn_from(nlp: Language) -> None:
    losses = get_ner(nlp).update([mark_wrong(nlp, 2, 4, "PERSON")], sgd=None)
    assert losses["hf_ner"] > 0


def test_wrong_spans_are_ignored_where_no_key_is_set(encoder_checkpoint: Path) -> None:
    nlp = initialize_pipeline(encoder_checkpoint)
    assert get_ner(nlp).update([mark_wrong(nlp, 2, 4, "PERSON")], sgd=None)["hf_ner"] == 0.0


def test_a_span_that_is_both_gold_and_wrong_is_refused(nlp: Language) -> None:
    example = make_examples(nlp)[0]
    example.reference.spans["wrong"] = [Span(example.reference, 2, 4, label="PERSON")]
    with pytest.raises(ValueError, match="E868"):
        nlp.update([example])


def test_wrong_spans_survive_the_tokens_being_cut_otherwise(nlp: Language) -> None:
    example = mark_wrong(nlp, 2, 4, "PERSON")
    predicted = Doc(
        nlp.vocab, words=["Who", "is", "Shaka Khan", "?"], spaces=[True, True, False, False]
    )
    moved = Example(predicted, example.reference)
    tag_set = get_ner(nlp)._require_tag_set()
    targets = read_targets(moved, tag_set, incorrect_spans_key="wrong")
    assert targets.wrong_spans == [TokenSpan(2, 3, "PERSON")]


def test_an_entity_on_unknown_white_space_trains_as_any_other(encoder_checkpoint: Path) -> None:
    fix_random_seed(0)
    nlp = make_pipeline(encoder_checkpoint)
    words, entities = ["I", "like", "New", "York"], ["O", "O", "B-LOC", "L-LOC"]
    doc = Doc(nlp.vocab, words=words)
    examples = [Example.from_dict(doc, {"words": words, "entities": entities})]
    nlp.initialize(lambda: examples)
    train(nlp, examples)
    assert find(nlp("I like New York")) == [("New York", "LOC")]


def test_evaluate_scores_entities_and_types(nlp: Language) -> None:
    examples = make_examples(nlp)
    train(nlp, examples)
    scores = nlp.evaluate(make_examples(nlp))
    assert scores["ents_f"] == 1.0
    assert scores["ents_per_type"]["LOC"] == {"p": 1.0, "r": 1.0, "f": 1.0}


def test_evaluate_reads_the_span_group_where_only_that_is_annotated(
    encoder_checkpoint: Path,
) -> None:
    nlp = initialize_pipeline(encoder_checkpoint, annotate="spans", spans_key="found")
    train(nlp, make_examples(nlp))
    scores = nlp.evaluate(make_examples(nlp))
    assert scores["spans_found_f"] == 1.0
    assert not nlp(TEXT).ents
    assert np.isclose(nlp(TEXT).spans["found"].attrs["scores"][0], 1.0, atol=0.1)


def test_evaluate_gives_none_where_there_is_no_gold(nlp: Language) -> None:
    assert nlp.evaluate([make_example(nlp, TEXT, None)])["ents_f"] is None


def make_chunk_examples(nlp: Language) -> list[Example]:
    """Return Examples whose gold is a span group; of their entities nobody knows anything."""
    examples: list[Example] = []
    for text, chunks in (
        (TEXT, [(0, 1, "NP"), (1, 2, "VP"), (2, 4, "NP")]),
        ("I like London and Berlin.", [(0, 1, "NP"), (1, 2, "VP"), (2, 5, "NP")]),
        ("!!", []),
    ):
        gold = nlp.make_doc(text)
        spans = [Span(gold, *chunk) for chunk in chunks]
        gold.spans["chunks"] = SpanGroup(gold, name="chunks", spans=spans)
        examples.append(Example(nlp.make_doc(text), gold))
    return examples


def test_a_span_group_teaches_is_written_and_is_scored(encoder_checkpoint: Path) -> None:
    fix_random_seed(0)
    nlp = make_pipeline(encoder_checkpoint, annotate="spans", spans_key="chunks")
    examples = make_chunk_examples(nlp)
    nlp.initialize(lambda: examples)
    assert get_ner(nlp).labels == ("NP", "VP")
    train(nlp, examples, n_steps=60)
    doc = nlp(TEXT)
    found = [(span.start, span.end, span.label_) for span in doc.spans["chunks"]]
    assert found == [(0, 1, "NP"), (1, 2, "VP"), (2, 4, "NP")]
    assert not doc.has_annotation("ENT_IOB")
    scores = nlp.evaluate(examples)
    assert scores["spans_chunks_f"] == scores["ents_f"] == 1.0


def test_two_levels_are_learned_by_two_components_each_from_its_group(
    encoder_checkpoint: Path,
) -> None:
    fix_random_seed(0)
    nlp = make_pipeline(encoder_checkpoint, name="outer", annotate="spans", spans_key="entities_1")
    add_hf_ner(nlp, encoder_checkpoint, name="inner", annotate="spans", spans_key="entities_2")
    gold = nlp.make_doc("I like Real Madrid very much")
    gold.spans["entities_1"] = [Span(gold, 2, 4, "ORG")]
    gold.spans["entities_2"] = [Span(gold, 3, 4, "LOC")]
    examples = [Example(nlp.make_doc(gold.text), gold)]
    nlp.initialize(lambda: examples)
    assert (get_ner(nlp, "outer").labels, get_ner(nlp, "inner").labels) == (("ORG",), ("LOC",))
    train(nlp, examples, n_steps=60)
    doc = nlp(gold.text)
    assert [span.text for span in doc.spans["entities_1"]] == ["Real Madrid"]
    assert [span.text for span in doc.spans["entities_2"]] == ["Madrid"]
    scores = nlp.evaluate(examples)
    assert scores["spans_entities_1_f"] == scores["spans_entities_2_f"] == 1.0
