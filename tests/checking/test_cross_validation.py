"""Models that are trained on folds, with a tiny checkpoint."""

from pathlib import Path

import pytest
import spacy
from spacy.language import Language

from spacy_hf_ner.checking.cross_validation import predict_parts
from tests.checking.conftest import MakeData, annotate, make_encoder
from tests.checkpoints import make_checkpoint
from tests.conformance.pipelines import make_pipeline

TEXTS = ["[Oslo|LOC] calls [Ann|PER]", "nobody met [Tim|PER]", "[Rome|LOC] is big", "a b c"]


@pytest.fixture
def nlp(tmp_path: Path) -> Language:
    """Return a pipeline whose config says how it is trained, as a saved one does."""
    nlp = make_pipeline(make_checkpoint(tmp_path / "checkpoint"))
    nlp.to_disk(tmp_path / "model")
    return spacy.load(tmp_path / "model")


def test_every_document_is_judged_by_a_model_that_has_not_seen_it(
    make_data: MakeData, nlp: Language
) -> None:
    data = make_data(train=TEXTS, dev=TEXTS[:1])
    predicted = predict_parts(data.parts, nlp, spans_key="hf_ner", n_folds=2, max_steps=3)
    assert predicted is not None
    assert [len(part) for part in predicted] == [4, 1]
    # Models of three steps find many improbable spans, each with its score.
    entities = [entity for part in predicted for doc in part for entity in doc]
    assert entities
    assert {entity.entity_type for entity in entities} <= {"LOC", "PER"}
    assert all(entity.score is not None for entity in entities)


def test_without_folds_the_model_itself_is_asked(make_data: MakeData, nlp: Language) -> None:
    data = make_data(train=TEXTS)
    predicted = predict_parts(data.parts, nlp, spans_key="hf_ner")
    assert predicted is not None
    assert [len(part) for part in predicted] == [4]


def test_a_pipeline_that_nobody_trained_is_not_asked(make_data: MakeData, tmp_path: Path) -> None:
    nlp = make_pipeline(make_encoder(tmp_path))
    assert predict_parts(make_data(train=TEXTS).parts, nlp, spans_key="hf_ner") is None


def test_the_documents_stay_as_they_are(make_data: MakeData, nlp: Language) -> None:
    data = make_data(train=TEXTS)
    predict_parts(data.parts, nlp, spans_key="hf_ner")
    doc = data.parts[0].docs[0].doc
    assert [(ent.text, ent.label_) for ent in doc.ents] == [("Oslo", "LOC"), ("Ann", "PER")]
    assert annotate(TEXTS[0]).text == doc.text
