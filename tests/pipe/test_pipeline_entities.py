"""Where the entities of whole pipelines are."""

from pathlib import Path

import pytest
import spacy

from spacy_hf_ner.core.thresholds import reaches
from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.pipe.components import find_components, set_threshold
from spacy_hf_ner.pipe.found_entities import EntityFinder
from spacy_hf_ner.pipe.pipeline_entities import (
    find_entity_group,
    make_reader,
    take_threshold,
)
from tests.checkpoints import make_checkpoint
from tests.conformance.pipelines import TEXT, add_hf_ner, get_ner, make_pipeline
from tests.rewriting.texts import make_pipeline as make_rules


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("checkpoint"))


def test_entities_are_in_ents_unless_a_component_sets_spans_alone(checkpoint: Path) -> None:
    ents = make_pipeline(checkpoint)
    assert find_entity_group(ents) is None
    spans = make_pipeline(checkpoint, annotate="spans", spans_key="names")
    assert find_entity_group(spans) == "names"
    finder = EntityFinder(find_entity_group(spans), "hf_ner")
    doc = spans(TEXT)
    assert finder.find(doc) == list(doc.spans["names"])
    assert EntityFinder(None, "names").find_group(ents(TEXT)) == ""
    assert EntityFinder(None, "names").find_group(spans.make_doc(TEXT)) == "names"
    assert finder.find(None) == []


def test_a_threshold_is_set_on_all_components_and_taken_from_one(checkpoint: Path) -> None:
    nlp = make_pipeline(checkpoint)
    set_threshold(nlp, {"PER": 0.5})
    assert take_threshold(nlp) == {"PER": 0.5}
    assert get_ner(nlp).threshold is None
    add_hf_ner(nlp, checkpoint, name="second")
    assert len(find_components(nlp)) == 2
    set_threshold(nlp, 0.5)
    # Each leaves out what is below its own.
    assert take_threshold(nlp) is None
    assert get_ner(nlp).threshold == 0.5


def test_a_threshold_needs_a_component_with_scores_that_knows_its_types(checkpoint: Path) -> None:
    with pytest.raises(ConfigError, match="the pipeline has no hf_ner, but no component"):
        set_threshold(spacy.blank("en"), 0.5)
    with pytest.raises(ConfigError, match="HUMAN"):
        set_threshold(make_pipeline(checkpoint), {"HUMAN": 0.5})


def test_texts_are_read_beside_others_and_one_that_fails_has_no_entities() -> None:
    nlp = make_rules()
    read = make_reader(nlp, EntityFinder(None, ""))
    for doc in nlp.pipe(["Sarah", "IBM"]):
        found = read(["in Paris", "", doc.text])
        assert [[span.text for span in spans] for spans in found] == [["Paris"], [], [doc.text]]


def test_a_score_is_compared_with_the_threshold_of_its_type() -> None:
    assert reaches(None, "PER", 0.0)
    assert reaches(0.5, "PER", 0.5)
    assert not reaches({"PER": 0.5}, "PER", 0.4)
    assert reaches({"PER": 0.5}, "LOC", 0.4)
