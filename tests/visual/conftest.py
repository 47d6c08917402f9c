"""An evaluation with every kind of error, for the tests of pages."""

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example

from spacy_hf_ner.evaluation.prediction import Prediction
from spacy_hf_ner.evaluation.results import Evaluation, judge

WORDS = ["Tim", "Cook", "met", "😀", "</script>", "Rome", "and", "Oslo", "Ann"]
GOLD = [(0, 2, "PER"), (5, 6, "LOC"), (7, 8, "LOC")]
PREDICTED = [
    [(0, 2, "PER"), (5, 6, "LOC"), (7, 8, "LOC")],
    [(0, 2, "ORG"), (5, 7, "LOC"), (8, 9, "PER")],
    [(0, 1, "ORG"), (5, 6, "LOC")],
]


@pytest.fixture(scope="session")
def nlp() -> Language:
    return spacy.blank("en")


@pytest.fixture(scope="session")
def evaluation(nlp: Language) -> Evaluation:
    """Return three documents: one all right, one of each error, one with two errors at once."""
    examples = []
    for spans in PREDICTED * 10:
        gold, predicted = Doc(nlp.vocab, words=WORDS), Doc(nlp.vocab, words=WORDS)
        gold.ents = [Span(gold, *span) for span in GOLD]
        predicted.ents = [Span(predicted, *span) for span in spans]
        scores = [0.9 - i / 10 for i in range(len(spans))]
        predicted.spans["hf_ner"] = SpanGroup(
            predicted, spans=list(predicted.ents), attrs={"scores": scores}
        )
        examples.append(Example(predicted, gold))
    return judge(nlp, Prediction(tuple(examples), n_words=270, seconds=2.0))
