"""Labels of tokens beside gold."""

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from spacy_hf_ner.evaluation.tagging import (
    find_targets,
    list_targets,
    pair_labels,
    score_labels,
    sets_entities,
)
from spacy_hf_ner.pipe.tag_scores import store_tag_scores
from spacy_hf_ner.pipe.tag_scoring import score_tags
from spacy_hf_ner.pipe.token_attributes import get_attribute

POS = get_attribute("pos")


@pytest.fixture
def nlp() -> Language:
    return spacy.blank("en")


def make_doc(nlp: Language, words: list[str], pos: list[str]) -> Doc:
    return Doc(nlp.vocab, words=words, spaces=[False] * len(words), pos=pos)


def test_right_wrong_missing_and_unjudged_labels_are_told_apart(nlp: Language) -> None:
    words = ["we", "fly", " ", "now", "?"]
    predicted = make_doc(nlp, words, ["PRON", "NOUN", "SPACE", "ADV", "PUNCT"])
    store_tag_scores(predicted, POS, [0.9, 0.6, None, 0.8, 0.7])
    gold = make_doc(nlp, words, ["PRON", "VERB", "", "", "PUNCT"])
    example = Example(predicted, gold)
    pair = pair_labels(example, POS)
    assert [entity.entity_type for entity in pair.gold] == ["PRON", "VERB", "PUNCT"]
    assert [entity.score for entity in pair.predicted] == [0.9, 0.6, 0.7]
    assert [entity.entity_type for entity in pair.unjudged] == ["ADV"]
    scores = score_labels([example], "pos")
    assert scores.accuracy == pytest.approx(2 / 3)
    assert scores.accuracy == score_tags([example], target="pos")["pos_acc"]
    assert scores.interval is None  # one document says nothing about others
    assert [match.kind for match in scores.matches[0]] == ["correct", "wrong type", "correct"]
    assert scores.confidence is not None
    assert scores.confidence.n == 3


def test_labels_on_tokens_with_other_borders_are_wrong_as_for_spacy(nlp: Language) -> None:
    predicted = make_doc(nlp, ["can", "not", "fly"], ["AUX", "PART", "VERB"])
    gold = make_doc(nlp, ["cannot", "fly"], ["AUX", "VERB"])
    example = Example(predicted, gold)
    scores = score_labels([example], "pos")
    assert scores.strict.micro.n_correct == 1
    assert scores.accuracy == pytest.approx(2 / 5)


def test_targets_are_what_components_declare_and_gold_has(nlp: Language) -> None:
    nlp.add_pipe("tagger")
    nlp.add_pipe("morphologizer")
    assert list_targets(nlp) == ["tag", "morph", "pos"]
    assert not sets_entities(nlp)
    gold = make_doc(nlp, ["we"], ["PRON"])
    assert find_targets(nlp, [gold]) == ["pos"]
    nlp.add_pipe("entity_ruler")
    assert sets_entities(nlp)
