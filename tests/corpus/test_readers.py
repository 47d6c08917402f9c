"""Readers that train from raw files and from data sets, called through spaCy's registry and its config."""

from pathlib import Path

import pytest
import spacy
from confection import Config
from spacy.training import Example
from spacy.util import registry, resolve_dot_names

from spacy_hf_ner.corpus.readers import make_conll_corpus_v1, make_hf_dataset_v1
from spacy_hf_ner.errors import ConfigError

CONLL = "-DOCSTART- O\n\nEd B-PER\nwas O\nn't O\nin O\nOslo B-LOC\n. O\n\nHi O\n\n-DOCSTART- O\n\nBo B-PER\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "train.conll"
    path.write_text(CONLL)
    return path


def check(examples: list[Example]) -> None:
    first, second = examples
    assert first.predicted.text == first.reference.text == "Ed wasn't in Oslo. Hi"
    assert [token.text for token in first.predicted] == ["Ed", "was", "n't", "in", "Oslo", ".", "Hi"]
    assert first.get_aligned_ner() == ["U-PER", "O", "O", "O", "U-LOC", "O", "O"]
    assert len(list(first.reference.sents)) == 2
    assert not first.predicted.ents
    assert second.reference.text == "Bo"


def test_a_config_names_a_raw_file_and_spacy_reads_it(path: Path) -> None:
    config = {"corpora": {"train": {"@readers": "spacy_hf_ner.CoNLLCorpus.v1", "path": str(path)}}}
    resolved = registry.resolve(config)
    (corpus,) = resolve_dot_names(Config(config), ["corpora.train"])
    assert resolved["corpora"]["train"].n_sents == 0
    nlp = spacy.blank("en")
    check(list(corpus(nlp)))
    check(list(corpus(nlp)))


def test_documents_can_be_cut_and_limited(path: Path) -> None:
    examples = list(make_conll_corpus_v1(str(path), n_sents=1, limit=2)(spacy.blank("en")))
    assert [example.reference.text for example in examples] == ["Ed wasn't in Oslo.", "Hi"]


def test_a_split_of_a_saved_data_set_is_read(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    train = datasets.Dataset.from_dict({"tokens": [["Ed", "ran"]], "ner_tags": [["B-PER", "O"]]})
    datasets.DatasetDict(train=train).save_to_disk(tmp_path / "saved")
    read = registry.readers.get("spacy_hf_ner.HFDataset.v1")(str(tmp_path / "saved"), "train")
    (example,) = read(spacy.blank("en"))
    assert [(e.text, e.label_) for e in example.reference.ents] == [("Ed", "PER")]
    with pytest.raises(ConfigError, match=r"split of .*saved' must be one of train, got 'dev'"):
        list(make_hf_dataset_v1(str(tmp_path / "saved"), "dev")(spacy.blank("en")))
