from pathlib import Path

import pytest
import spacy

from spacy_hf_ner.checking.checked_model import load_checked_model
from spacy_hf_ner.checking.subwords import find_subword_reader
from spacy_hf_ner.errors import ConfigError
from tests.checking.conftest import make_encoder


def test_a_pipeline_is_loaded_as_it_is(tmp_path: Path) -> None:
    spacy.blank("de").to_disk(tmp_path / "model")
    assert load_checked_model(str(tmp_path / "model"), lang="en").lang == "de"


def test_an_encoder_gets_a_pipeline_in_the_language_of_the_texts(tmp_path: Path) -> None:
    nlp = load_checked_model(str(make_encoder(tmp_path)), lang="fi")
    assert (nlp.lang, nlp.pipe_names) == ("fi", ["hf_ner"])
    assert find_subword_reader(nlp) is not None


def test_a_name_on_the_hub_is_no_pipeline() -> None:
    nlp = load_checked_model("owner/some-model", lang="en")
    assert nlp.get_pipe_config("hf_ner")["model"]["name"] == "owner/some-model"


def test_a_folder_that_is_neither_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected the name of an installed pipeline"):
        load_checked_model(str(tmp_path), lang="en")
