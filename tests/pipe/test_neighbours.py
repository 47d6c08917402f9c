"""What a component is told of its pipeline, and what it tells spaCy of itself."""

from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language

from spacy_hf_ner.errors import CheckpointError, ConfigError
from spacy_hf_ner.pipe.neighbours import find_entity_setters, is_loading
from tests.checkpoints import make_checkpoint


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("bert"))


@pytest.fixture
def nlp() -> Language:
    return spacy.blank("en")


def _add(nlp: Language, folder: Path, name: str = "hf_ner", **config: Any) -> Any:
    return nlp.add_pipe("hf_ner", name=name, config={"model": str(folder), **config})


def test_the_group_of_a_component_has_its_name_unless_the_config_has_another(
    nlp: Language, folder: Path
) -> None:
    assert _add(nlp, folder).spans_key == "hf_ner"
    assert _add(nlp, folder, "second").spans_key == "second"
    assert _add(nlp, folder, "third", spans_key="mine").spans_key == "mine"
    doc = nlp("Angela Merkel met Tim Cook in San José.")
    assert set(doc.spans) == {"hf_ner", "second", "mine"}


@pytest.mark.parametrize(("first", "second"), [("spans", "spans"), ("spans", "ents")])
def test_a_group_that_another_component_would_erase_is_refused(
    nlp: Language, folder: Path, first: str, second: str
) -> None:
    _add(nlp, folder, "first", annotate=first, spans_key="mine")
    with pytest.raises(ConfigError, match=r"second and first both write doc.spans\['mine'\]"):
        _add(nlp, folder, "second", annotate=second, spans_key="mine")


def test_components_that_set_entities_may_share_a_group(nlp: Language, folder: Path) -> None:
    _add(nlp, folder, "first", spans_key="mine")
    assert _add(nlp, folder, "second", spans_key="mine").spans_key == "mine"


def test_components_that_learn_to_set_entities_are_found_and_rules_are_not(
    nlp: Language, folder: Path
) -> None:
    nlp.add_pipe("ner")
    nlp.add_pipe("entity_ruler")
    nlp.add_pipe("tagger")
    _add(nlp, folder, "spans", annotate="spans")
    _add(nlp, folder, "ents")
    assert find_entity_setters(nlp) == ["ner", "ents"]


def test_what_a_component_needs_is_told_to_analyze_pipes(nlp: Language, folder: Path) -> None:
    by_sentence = {"@architectures": "spacy_hf_ner.HFTokenClassifier.v1", "name": str(folder)}
    nlp.add_pipe("hf_ner", config={"model": {**by_sentence, "context": "sentence"}})
    _add(nlp, folder, "whole")
    found: Any = nlp.analyze_pipes()
    assert found["problems"] == {"hf_ner": ["token.is_sent_start"], "whole": []}
    nlp.add_pipe("sentencizer", first=True)
    found = nlp.analyze_pipes()
    assert found["problems"]["hf_ner"] == []


def test_a_checkpoint_may_stand_in_the_place_of_a_model(nlp: Language, folder: Path) -> None:
    _add(nlp, folder)
    expected = spacy.blank("en")
    expected.add_pipe("hf_ner", config={"model": {"name": str(folder)}})
    text = "Angela Merkel met Tim Cook in San José."
    assert nlp(text).to_json()["ents"] == expected(text).to_json()["ents"]


def test_a_checkpoint_in_the_place_of_the_name_is_told_where_it_belongs(nlp: Language) -> None:
    with pytest.raises(ConfigError, match=r"belongs to the model: .*'someone/ner'"):
        nlp.add_pipe("hf_ner", name="someone/ner")


def test_a_wrong_name_shows_when_the_component_is_added(nlp: Language, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="there is no checkpoint folder at"):
        _add(nlp, tmp_path / "nowhere")
    with pytest.raises(CheckpointError, match="holds no checkpoint: there is no config"):
        _add(nlp, tmp_path)


def test_the_folder_of_a_pipeline_is_told_from_that_of_a_checkpoint(
    nlp: Language, folder: Path, tmp_path: Path
) -> None:
    _add(nlp, folder)
    nlp.to_disk(tmp_path)
    with pytest.raises(CheckpointError, match="is a saved spaCy pipeline") as caught:
        _add(nlp, tmp_path, "second")
    assert f'name = "{tmp_path / "hf_ner" / "model"}"' in str(caught.value)
    assert f'source=spacy.load("{tmp_path}")' in str(caught.value)


def test_a_saved_pipeline_loads_though_the_source_of_its_weights_is_gone(
    nlp: Language, tmp_path: Path
) -> None:
    source = make_checkpoint(tmp_path / "source")
    _add(nlp, source)
    nlp.to_disk(tmp_path / "saved")
    source.rename(tmp_path / "elsewhere")
    assert spacy.load(tmp_path / "saved")("Angela Merkel").spans["hf_ner"].attrs["scores"]


def test_nobody_is_loading_where_no_pipeline_is_made_from_a_config() -> None:
    assert not is_loading()
