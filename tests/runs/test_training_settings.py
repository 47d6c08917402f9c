"""The settings of a training are those with which spaCy's own loop would begin."""

import random
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.util import load_config_from_str, load_model_from_config

from spacy_hf_ner.runs.training_settings import begin_training

CONFIG = """
[nlp]
lang = "en"
pipeline = []

[corpora]

[corpora.train]
@readers = "spacy.Corpus.v1"
path = "FOLDER/train.spacy"

[corpora.dev]
@readers = "spacy.Corpus.v1"
path = "FOLDER/dev.spacy"

[training]
seed = 7
max_steps = ${vars.steps}

[training.optimizer]
@optimizers = "Adam.v1"
learn_rate = 0.25

[vars]
steps = 12
"""


@pytest.fixture
def nlp(tmp_path: Path) -> Language:
    english = spacy.blank("en")
    for part, n_docs in (("train", 3), ("dev", 1)):
        DocBin(docs=[english(part)] * n_docs).to_disk(tmp_path / f"{part}.spacy")
    config = load_config_from_str(CONFIG.replace("FOLDER", tmp_path.as_posix()), interpolate=False)
    return load_model_from_config(config, auto_fill=True)


def _read(corpus: Any, nlp: Language) -> list[str]:
    return [example.reference.text for example in corpus(nlp)]


def test_variables_are_filled_in_and_objects_made(nlp: Language) -> None:
    settings = begin_training(nlp)
    assert settings.values["max_steps"] == 12
    assert settings.optimizer is settings.values["optimizer"]
    assert settings.optimizer.learn_rate == 0.25
    assert callable(settings.values["batcher"])


def test_the_corpora_are_those_that_the_settings_name(nlp: Language) -> None:
    settings = begin_training(nlp)
    assert _read(settings.train_corpus, nlp) == ["train"] * 3
    assert _read(settings.dev_corpus, nlp) == ["dev"]


def test_random_numbers_begin_at_the_seed(nlp: Language) -> None:
    begin_training(nlp)
    first = random.random()
    begin_training(nlp)
    assert random.random() == first
    nlp.config["training"]["seed"] = None
    begin_training(nlp)
    assert random.random() != first
