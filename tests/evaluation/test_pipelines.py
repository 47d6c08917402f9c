from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.evaluation.pipelines import (
    describe_components,
    find_spans_key,
    load_pipeline,
    name_pipeline,
)


def test_a_pipeline_that_is_not_there_is_refused_in_a_sentence() -> None:
    with pytest.raises(ConfigError, match="a folder that holds one, got 'training/nowhere'"):
        load_pipeline("training/nowhere")


def test_what_is_missing_inside_a_pipeline_is_not_taken_for_a_missing_pipeline(
    tmp_path: Path,
) -> None:
    spacy.blank("en").to_disk(tmp_path / "model")
    (tmp_path / "model" / "config.cfg").unlink()
    with pytest.raises(
        ConfigError, match=r"got the folder '.*model', which has no config\.cfg\. Name another one"
    ):
        load_pipeline(str(tmp_path / "model"))


def test_pipelines_inside_the_folder_that_was_named_are_named(tmp_path: Path) -> None:
    for name in ("model-best", "model-last"):
        spacy.blank("en").to_disk(tmp_path / name)
    with pytest.raises(ConfigError, match=r"Pipelines in it: .*model-best, .*model-last\.$"):
        load_pipeline(str(tmp_path))


def test_data_in_the_place_of_a_pipeline_is_refused(tmp_path: Path) -> None:
    DocBin().to_disk(tmp_path / "test.spacy")
    with pytest.raises(
        ConfigError, match=r"got the file '.*test\.spacy'\. The pipeline comes before the data"
    ):
        load_pipeline(str(tmp_path / "test.spacy"))


def test_a_blank_pipeline_is_one() -> None:
    assert load_pipeline("blank:de").lang == "de"


def test_the_span_group_is_that_of_the_component_unless_it_is_named() -> None:
    nlp = spacy.blank("en")
    assert find_spans_key(nlp) == "hf_ner"
    nlp.add_pipe("hf_ner", config={"spans_key": "mine"})
    assert find_spans_key(nlp) == "mine"
    assert find_spans_key(nlp, "other") == "other"


def test_a_pipeline_that_nobody_has_named_is_called_by_its_folder(tmp_path: Path) -> None:
    spacy.blank("en").to_disk(tmp_path / "model-best")
    assert name_pipeline(load_pipeline(str(tmp_path / "model-best"))) == str(
        tmp_path / "model-best"
    )


def test_components_are_described_with_the_models_that_variables_name() -> None:
    nlp = spacy.load(Path(__file__).parents[1] / "fixtures" / "hf_token_classifier")
    assert describe_components(nlp) == "hf_ner: gone"
