"""The report on labels of tokens as text."""

import re

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from spacy_hf_ner.evaluation.tagging import TaggingEvaluation, evaluate_tagging
from spacy_hf_ner.visual.tagging_page import make_tagging_report


@Language.component("nouns_under_test", assigns=["token.pos"])
def call_all_nouns(doc: Doc) -> Doc:
    """Call each token a noun."""
    for token in doc:
        token.pos_ = "NOUN"
    return doc


@pytest.fixture(scope="module")
def evaluation() -> TaggingEvaluation:
    """Return the evaluation of a pipeline to which all words are nouns."""
    nlp = spacy.blank("en")
    nlp.add_pipe("nouns_under_test")
    golds = [Doc(nlp.vocab, words=["<b>", "fly"], pos=["NOUN", "VERB"]) for _ in range(3)]
    return evaluate_tagging(nlp, golds, name="rules <1>")


def test_the_page_asks_for_nothing_outside_itself_and_names_what_it_shows(
    evaluation: TaggingEvaluation,
) -> None:
    page = make_tagging_report(evaluation)
    assert not re.findall(r"""(?:src|href)=["']?(?:https?:|//)|@import""", page)
    assert "<b>50.0%</b>" in page
    assert "rules &lt;1&gt;" in page
