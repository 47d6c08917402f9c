from collections.abc import Callable

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.evaluation.prediction import pair_predictions, predict, prepare_docs

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


def test_a_pipeline_that_sets_no_entities_is_refused_and_its_span_groups_are_named(
    make_doc: MakeDoc,
) -> None:
    nlp = spacy.blank("en")
    with pytest.raises(ConfigError, match=r"got one that sets neither\. Add a component"):
        pair_predictions(predict(nlp, [make_doc(["Oslo"])]), spans_key="hf_ner")
    ruler = nlp.add_pipe("span_ruler", config={"spans_key": "found"})
    ruler.add_patterns([{"label": "LOC", "pattern": "Oslo"}])  # type: ignore[attr-defined]
    prediction = predict(nlp, [make_doc(["Oslo"], [(0, 1, "LOC")])])
    with pytest.raises(ConfigError, match=r"only doc\.spans\['found'\]\. Name one with spans_key"):
        pair_predictions(prediction, spans_key="hf_ner")
    (pair,) = pair_predictions(prediction, spans_key="found")
    assert pair.predicted == pair.gold
