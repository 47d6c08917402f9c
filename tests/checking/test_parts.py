from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin

from spacy_hf_ner.checking.parts import CheckedData, read_parts
from spacy_hf_ner.errors import CorpusError
from tests.checking.conftest import MakeData, annotate


def test_each_file_is_a_part_whatever_its_format(tmp_path: Path) -> None:
    DocBin(docs=[annotate("[Oslo|LOC] calls")]).to_disk(tmp_path / "dev.spacy")
    (tmp_path / "train.conll").write_text("Ann B-PER\nmet O\n\n", encoding="utf8")
    vocab = spacy.blank("en").vocab
    paths = [tmp_path / "dev.spacy", tmp_path / "train.conll"]
    parts = read_parts(paths, vocab, spans_key="hf_ner")
    assert [(part.name, len(part.docs)) for part in parts] == [("dev", 1), ("train", 1)]
    assert parts[1].docs[0].entities == ((0, 3, "PER"),)


def test_a_folder_has_the_parts_of_its_files(tmp_path: Path) -> None:
    for name in ("train", "dev"):
        DocBin(docs=[annotate("[Oslo|LOC]")]).to_disk(tmp_path / f"{name}.spacy")
    parts = read_parts([tmp_path], spacy.blank("en").vocab, spans_key="hf_ner")
    assert [part.name for part in parts] == ["dev", "train"]


def test_parts_of_one_name_are_told_apart(tmp_path: Path) -> None:
    paths = [tmp_path / "a" / "train.spacy", tmp_path / "b" / "train.spacy"]
    for path in paths:
        path.parent.mkdir()
        DocBin(docs=[annotate("[Oslo|LOC]")]).to_disk(path)
    parts = read_parts(paths, spacy.blank("en").vocab, spans_key="hf_ner")
    assert [part.name for part in parts] == ["train", "train (2)"]


def test_data_without_documents_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train.conll").write_text("\n", encoding="utf8")
    with pytest.raises(CorpusError):
        read_parts([tmp_path / "train.conll"], spacy.blank("en").vocab, spans_key="hf_ner")


def test_training_is_the_part_that_is_called_so_else_the_first(make_data: MakeData) -> None:
    def name_training(data: CheckedData) -> str:
        return data.training.name

    assert name_training(make_data(dev=["a"], Train2=["b"])) == "Train2"
    assert name_training(make_data(a=["a"], b=["b"])) == "a"
