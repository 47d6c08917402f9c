"""Readers that train from raw files and from data sets, called through spaCy's registry and its
config."""

from pathlib import Path

import pytest
import spacy
from confection import Config
from spacy.training import Example
from spacy.util import registry, resolve_dot_names

from spacy_hf_ner.corpus.readers import make_conll_corpus_v1, make_hf_dataset_v1
from spacy_hf_ner.errors import ConfigError

CONLL = "-DOCSTART- O\n\nEd B-PER\nwas O\nn't O\nin O\nOslo B-LOC\n. O\n\nHi O\n\n-DOCSTART- O\n\nBo B-PER\n"  # noqa: E501 - data


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "train.conll"
    path.write_text(CONLL, encoding="utf8")
    return path


def check(examples: list[Example]) -> None:
    first, second = examples
    assert first.predicted.text == first.reference.text == "Ed wasn't in Oslo. Hi"
    assert [token.text for token in first.predicted] == [
        "Ed",
        "was",
        "n't",
        "in",
        "Oslo",
        ".",
        "Hi",
    ]
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


def test_the_options_of_the_converter_are_those_of_the_reader(tmp_path: Path) -> None:
    path = tmp_path / "a.conll"
    path.write_bytes(
        "Zo\u00eb NNP B-NP B-person\nran VBD B-VP O\nRex NNP B-NP B-animal\n".encode("cp1250")
    )
    settings = {"path": str(path), "encoding": "cp1250", "label_map": "person=PER,animal="}
    reader = {"@readers": "spacy_hf_ner.CoNLLCorpus.v1"}
    resolved = registry.resolve(
        {"ner": {**reader, **settings}, "chunk": {**reader, **settings, "column": "chunk"}}
    )
    nlp = spacy.blank("en")
    (ner,) = [example.reference for example in resolved["ner"](nlp)]
    assert [(e.text, e.label_) for e in ner.ents] == [("Zo\u00eb", "PER")]
    (chunks,) = [example.reference for example in resolved["chunk"](nlp)]
    assert [span.label_ for span in chunks.spans["chunks"]] == ["NP", "VP", "NP"]
    assert not chunks.has_annotation("ENT_IOB")


def test_types_and_the_task_of_a_data_set_are_options_too(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    rows = {
        "tokens": [["Ed", "ran"]],
        "ner_tags": [["B-person", "O"]],
        "pos_tags": [["NNP", "VBD"]],
    }
    train = datasets.Dataset.from_dict(rows)
    datasets.DatasetDict(train=train).save_to_disk(tmp_path / "saved")
    nlp = spacy.blank("en")
    (ner,) = make_hf_dataset_v1(str(tmp_path / "saved"), "train", label_map="person=PER")(nlp)
    assert [(e.text, e.label_) for e in ner.reference.ents] == [("Ed", "PER")]
    (pos,) = make_hf_dataset_v1(str(tmp_path / "saved"), "train", column="pos")(nlp)
    assert [token.tag_ for token in pos.reference] == ["NNP", "VBD"]
    assert not pos.reference.has_annotation("ENT_IOB")
