"""Recognizers in Presidio's own analyzer."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from spacy.language import Language

from spacy_hf_ner.serving.formats import name_presidio_type
from spacy_hf_ner.serving.presidio import make_recognizer, make_remote_recognizer
from tests.serving.models import TEXTS
from tests.serving.servers import Server

if TYPE_CHECKING:
    from presidio_analyzer import EntityRecognizer
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

presidio: Any = pytest.importorskip("presidio_analyzer", reason="extra [presidio]")


@pytest.fixture(scope="module")
def engine(model: Path) -> "SpacyNlpEngine":
    """Return what cuts texts into tokens for Presidio; it takes a pipeline in a folder, too."""
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    return SpacyNlpEngine(models=[{"lang_code": "en", "model_name": str(model)}])


def analyze(recognizer: "EntityRecognizer", engine: "SpacyNlpEngine", **options: Any) -> list[Any]:
    registry = presidio.RecognizerRegistry(recognizers=[recognizer], supported_languages=["en"])
    analyzer = presidio.AnalyzerEngine(
        registry=registry, nlp_engine=engine, supported_languages=["en"]
    )
    found = analyzer.analyze(TEXTS[0], language="en", **options)
    return sorted((result.start, result.end, result.entity_type, result.score) for result in found)


def expect(nlp: Language) -> list[Any]:
    return [
        (
            entity.start_char,
            entity.end_char,
            name_presidio_type(entity.label_),
            pytest.approx(entity._.score, abs=1e-4),
        )
        for entity in nlp(TEXTS[0]).ents
    ]


def test_presidio_finds_what_the_pipeline_finds(
    model: Path, nlp: Language, engine: "SpacyNlpEngine"
) -> None:
    recognizer = make_recognizer(str(model))
    assert recognizer.supported_entities == ["LOCATION", "MISC", "ORGANIZATION", "PERSON"]
    expected = expect(nlp)
    assert expected
    assert analyze(recognizer, engine) == expected


def test_presidio_gets_the_types_and_scores_that_it_asks_for(
    model: Path, nlp: Language, engine: "SpacyNlpEngine"
) -> None:
    entities = list(nlp(TEXTS[0]).ents)
    scores = sorted(entity._.score for entity in entities)
    middle = (scores[0] + scores[-1]) / 2
    found = analyze(make_recognizer(str(model), threshold=middle), engine)
    assert len(found) == sum(score >= middle for score in scores)
    kind = name_presidio_type(entities[0].label_)
    found = analyze(make_recognizer(str(model)), engine, entities=[kind])
    assert {entity_type for _, _, entity_type, _ in found} == {kind}


def test_a_server_finds_the_same(server: Server, nlp: Language, engine: "SpacyNlpEngine") -> None:
    recognizer = make_remote_recognizer(f"http://127.0.0.1:{server.port}", model="second")
    assert analyze(recognizer, engine) == expect(nlp)
