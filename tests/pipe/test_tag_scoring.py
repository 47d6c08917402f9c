"""The accuracy of labels, as spaCy's own tagger and morphologizer report it."""

from collections.abc import Iterator

import pytest
from spacy.language import Language
from spacy.pipeline.morphologizer import morphologizer_score
from spacy.pipeline.tagger import tagger_score
from spacy.tokens import Doc, Token
from spacy.training import Example

from spacy_hf_ner.pipe.tag_scoring import make_tag_scorer_v1, score_tags
from spacy_hf_ner.pipe.token_attributes import get_attribute

WORDS = ["We", "fly", " ", "now"]


@pytest.fixture
def examples(nlp: Language) -> list[Example]:
    """Return Examples with one right label, one wrong one, and one that gold lacks."""
    predicted = Doc(
        nlp.vocab,
        words=WORDS,
        pos=["PRON", "NOUN", "SPACE", "ADV"],
        tags=["PRP", "NN", "_SP", "RB"],
        morphs=["Person=1|Number=Plur", "Number=Sing", "", ""],
    )
    gold = Doc(
        nlp.vocab,
        words=WORDS,
        pos=["PRON", "VERB", "", ""],
        tags=["PRP", "VBP", "", ""],
        morphs=["Person=1|Number=Plur", "Number=Plur", "", "_"],
    )
    return [Example(predicted, gold)]


def test_tags_and_parts_of_speech_are_scored_as_spacy_scores_them(
    examples: list[Example],
) -> None:
    assert score_tags(examples, target="tag") == tagger_score(examples) == {"tag_acc": 0.5}
    expected = morphologizer_score(examples)
    assert score_tags(examples, target="pos") == {"pos_acc": expected["pos_acc"]}


def test_features_are_scored_together_and_one_by_one(examples: list[Example]) -> None:
    expected = morphologizer_score(examples)
    del expected["pos_acc"]
    assert score_tags(examples, target="morph") == expected


@pytest.fixture
def extension() -> Iterator[str]:
    """Return the name of an extension with labels."""
    yield "scored_under_test"
    Token.remove_extension("scored_under_test")
    get_attribute.cache_clear()


def test_an_extension_is_scored_under_its_name(nlp: Language, extension: str) -> None:
    attribute = get_attribute(extension)
    docs = [nlp("We fly now"), nlp("We fly now")]
    for doc, labels in zip(docs, (["A", "B", "B"], ["A", "A", ""]), strict=True):
        for token, label in zip(doc, labels, strict=True):
            attribute.write(token, label)
    scores = make_tag_scorer_v1()([Example(*docs)], target=extension)
    assert scores == {"scored_under_test_acc": 0.5}


def test_nothing_to_judge_is_no_score(nlp: Language) -> None:
    bare = Example(nlp("We"), nlp("We"))
    assert score_tags([bare]) == {"pos_acc": None}
