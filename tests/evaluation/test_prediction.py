from collections.abc import Callable

from spacy.language import Language
from spacy.tokens import Doc

from spacy_hf_ner.evaluation.prediction import predict, prepare_docs

MakeDoc = Callable[..., Doc]


def test_texts_are_tokenised_by_the_pipeline_itself(ruler: Language, make_doc: MakeDoc) -> None:
    gold = make_doc(["Berlin.", "Now"], [], spaces=[True, False])
    (example,) = predict(ruler, [gold]).examples
    assert [t.text for t in example.predicted] == ["Berlin", ".", "Now"]


def test_gold_words_are_used_where_white_space_is_unknown(
    ruler: Language, make_doc: MakeDoc
) -> None:
    (example,) = predict(ruler, [make_doc(["Berlin.", "Now"])]).examples
    assert [t.text for t in example.predicted] == ["Berlin.", "Now"]


def test_gold_entities_are_not_shown_to_the_pipeline(ruler: Language, make_doc: MakeDoc) -> None:
    gold = make_doc(["Oslo", "calls"], [(0, 1, "LOC")], spaces=[True, False])
    (example,) = predict(ruler, [gold]).examples
    assert len(example.reference.ents) == 1
    assert len(example.predicted.ents) == 0


def test_a_text_over_the_pipelines_limit_is_predicted(ruler: Language, make_doc: MakeDoc) -> None:
    ruler.max_length = 5
    gold = make_doc(["Angela", "Merkel"], [(0, 2, "PER")], spaces=[True, False])
    assert len(predict(ruler, [gold]).examples[0].predicted.ents) == 1


def test_words_are_counted_without_the_warm_up(ruler: Language, make_doc: MakeDoc) -> None:
    prediction = predict(ruler, [make_doc(["Berlin", "calls"])] * 3)
    assert prediction.n_words == 6
    assert prediction.words_per_second > 0


def test_a_component_is_given_what_those_before_it_add_to_any_gold_text(
    ruler: Language, make_doc: MakeDoc
) -> None:
    ruler.add_pipe("sentencizer", first=True)
    ruler.max_length = 5
    golds = [make_doc(["Berlin.", "Now"]), make_doc(["Berlin.", "Now"], spaces=[True, False])]
    docs = prepare_docs(ruler, golds, before="entity_ruler")
    assert [[t.text for t in doc] for doc in docs] == [["Berlin.", "Now"], ["Berlin", ".", "Now"]]
    assert [len(list(doc.sents)) for doc in docs] == [1, 2]
    assert not any(doc.ents for doc in docs)
    assert ruler.pipe_names == ["sentencizer", "entity_ruler"]
