"""Pipelines in memory, of any kind."""

from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.serving.batch_queue import Answer, TextJob
from spacy_hf_ner.serving.loaded_pipeline import LoadedPipeline
from tests.rewriting.texts import make_pipeline
from tests.serving.models import TEXTS, make_model


def show(doc: Doc, pipeline: LoadedPipeline) -> Answer:
    return {"found": [span.text for span in pipeline.finder.find(doc)]}


def fail(_doc: Doc, _pipeline: LoadedPipeline) -> Answer:
    raise ValueError("nothing to describe")


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> LoadedPipeline:
    make_pipeline().to_disk(folder := tmp_path_factory.mktemp("rules"))
    return LoadedPipeline.load(str(folder))


@pytest.fixture(scope="module")
def tiny(model: Path) -> LoadedPipeline:
    return LoadedPipeline.load(str(model))


def test_each_text_has_an_answer_and_a_bad_one_fails_alone(rules: LoadedPipeline) -> None:
    jobs = [
        TextJob("Sarah is in Paris", show),
        TextJob("\ud83d", show),
        TextJob("", show, error="expected a text"),
        TextJob("Paris", fail),
        TextJob("IBM", show),
    ]
    first, half, no_text, not_described, last = rules.read(jobs)
    assert (first, last) == ({"found": ["Sarah", "Paris"]}, {"found": ["IBM"]})
    assert half["error"].startswith("UnicodeEncodeError")
    assert no_text == {"error": "expected a text"}
    assert not_described == {"error": "ValueError: nothing to describe"}


def test_words_that_were_read_are_forgotten(tiny: LoadedPipeline) -> None:
    tiny.read([TextJob("known", show)])
    before = len(tiny.nlp.vocab.strings)
    for i in range(50):
        tiny.read([TextJob(f"word{i} Name{i}", show)])
    assert len(tiny.nlp.vocab.strings) == before
    assert "word7" not in tiny.nlp.vocab
    assert tiny.nlp(TEXTS[0]).text == TEXTS[0]


def test_subwords_are_counted_by_the_tokenizer_of_the_model(tiny: LoadedPipeline) -> None:
    assert tiny.subwords is not None
    docs = [tiny.nlp.make_doc(text) for text in TEXTS]
    expected = [len(encoding.ids) for encoding in tiny.subwords.tokenizer.encode(docs)]
    assert tiny.count_subwords(TEXTS) == expected
    assert expected[2] == 0


def test_where_nobody_can_count_subwords_characters_stand_for_them(
    tiny: LoadedPipeline, rules: LoadedPipeline
) -> None:
    assert rules.count_subwords(["", "a" * 40]) == [0, 10]
    assert tiny.count_subwords(["\ud83d" * 40, "a" * 40]) == [10, 10]


def test_the_threshold_of_a_pipeline_counts_for_who_names_none(tmp_path: Path) -> None:
    pipeline = LoadedPipeline.load(str(make_model(tmp_path / "model", threshold=0.7)))
    assert pipeline.choose_threshold(None) == 0.7
    assert pipeline.choose_threshold(0.1) == 0.1
    with pytest.raises(ConfigError, match="HUMAN"):
        pipeline.choose_threshold({"HUMAN": 0.5})


def test_types_that_the_model_does_not_know_are_refused(
    tiny: LoadedPipeline, rules: LoadedPipeline
) -> None:
    assert tiny.choose_types(None) is None
    assert tiny.choose_types(["PER", "PER"]) == frozenset({"PER"})
    with pytest.raises(ConfigError, match="types must be among PER, ORG, LOC, MISC, got HUMAN"):
        tiny.choose_types(["PER", "HUMAN"])
    # Nobody knows what other components find.
    assert rules.choose_types(["HUMAN"]) == frozenset({"HUMAN"})


def test_a_threshold_needs_scores(rules: LoadedPipeline) -> None:
    assert rules.choose_threshold(None) is None
    with pytest.raises(ConfigError, match="threshold must be left out"):
        rules.choose_threshold(0.5)


def test_spans_are_found_where_doc_ents_are_not_set(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "model", annotate="spans", threshold=0.01)
    pipeline = LoadedPipeline.load(str(folder))
    doc = spacy.load(folder)(TEXTS[0])
    expected = [span.text for span in doc.spans["hf_ner"]]
    assert expected
    assert pipeline.read([TextJob(TEXTS[0], show)]) == [{"found": expected}]
