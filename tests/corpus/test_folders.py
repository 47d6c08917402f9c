"""Folders: which files are parts of a corpus, which are shards of one part, and what is not
read."""

from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, DocBin

from spacy_hf_ner.corpus.conversion import ConvertOptions, convert_corpus
from spacy_hf_ner.corpus.opening import open_corpora
from spacy_hf_ner.corpus.readers import make_hf_dataset_v1
from spacy_hf_ner.corpus.source import ReadOptions
from spacy_hf_ner.errors import ConfigError, CorpusError

VOCAB = spacy.blank("en").vocab


def write(path: Path, text: str = "Ed B-PER\n") -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf8")
    return str(path)


def write_parquet(path: Path, *words: str, document_id: str = "") -> None:
    datasets = pytest.importorskip("datasets")
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = {"tokens": [[word] for word in words], "ner_tags": [["B-PER"] for _ in words]}
    ids = {"document_id": [document_id for _ in words]} if document_id else {}
    datasets.Dataset.from_dict({**rows, **ids}).to_parquet(path)


def read(path: Path) -> list[Doc]:
    return list(DocBin(store_user_data=True).from_disk(path).get_docs(VOCAB))


def problems(folder: Path) -> list[str]:
    return [
        p.kind
        for source in open_corpora(str(folder), ReadOptions()).values()
        for p in source.origin.problems
    ]


# ------------------------------------------------------------------------------------------- shards


@pytest.mark.parametrize("hash_", ["", "-2a1df75c6bce91ab"])
def test_parquet_files_named_as_on_the_hub_are_shards_of_their_split(
    tmp_path: Path, hash_: str
) -> None:
    folder = tmp_path / "clone" / "data"
    write_parquet(folder / f"train-00000-of-00002{hash_}.parquet", "Ed", "Bo", document_id="d")
    write_parquet(folder / f"train-00001-of-00002{hash_}.parquet", "Li", document_id="d")
    write_parquet(folder / f"test-00000-of-00001{hash_}.parquet", "Al", document_id="d")
    write(tmp_path / "clone" / "dataset_infos.json", "{}")
    sources = open_corpora(str(tmp_path / "clone"), ReadOptions())
    assert {name: [s.words for s in source.read()] for name, source in sources.items()} == {
        "test": [("Al",)],
        "train": [("Ed",), ("Bo",), ("Li",)],
    }
    assert [s.starts_document for s in sources["train"].read()] == [True, False, False]
    read = make_hf_dataset_v1(str(tmp_path / "clone"), "train")
    assert [example.reference.text for example in read(spacy.blank("en"))] == ["Ed Bo Li"]


def test_a_shard_that_is_no_parquet_is_an_error_that_names_it(tmp_path: Path) -> None:
    write_parquet(tmp_path / "train-00000-of-00002.parquet", "Ed")
    write(tmp_path / "train-00001-of-00002.parquet", "no")
    with pytest.raises(
        CorpusError, match=r"train-00001-of-00002.parquet: expected a parquet file, got something"
    ):
        convert_corpus(str(tmp_path), tmp_path / "a.spacy")


@pytest.mark.parametrize("name", ["mine.parquet", "train-00000-of-00001.parquet"])
def test_the_split_of_a_single_file_is_train(tmp_path: Path, name: str) -> None:
    write_parquet(tmp_path / name, "Ed")
    (example,) = make_hf_dataset_v1(str(tmp_path / name), "train")(spacy.blank("en"))
    assert example.reference.text == "Ed"
    with pytest.raises(ConfigError, match=r"split of .* must be one of"):
        list(make_hf_dataset_v1(str(tmp_path / name), "dev")(spacy.blank("en")))


def test_shards_that_convert_wrote_become_one_file_again(tmp_path: Path) -> None:
    source = write(tmp_path / "a.conll", "".join(f"Ed{i} B-PER\n\n" for i in range(5)))
    convert_corpus(source, tmp_path / "out", options=ConvertOptions(shard_words=2))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        f"a-0000{i}.spacy" for i in range(3)
    ]
    report = convert_corpus(str(tmp_path / "out"), tmp_path / "b.spacy")
    assert [doc.text for doc in read(tmp_path / "b.spacy")] == [f"Ed{i}" for i in range(5)]
    assert [file.name for file in report.files] == [str(tmp_path / "out" / "a-*.spacy")]


def test_files_whose_names_only_end_in_a_number_are_parts(tmp_path: Path) -> None:
    for name in ("doc-12345.conll", "doc-00000.conll", "doc-00001.conll"):
        write(tmp_path / name)
    assert list(open_corpora(str(tmp_path), ReadOptions())) == [
        "doc-00000",
        "doc-00001",
        "doc-12345",
    ]


# --------------------------------------------------------------------------------- what is not read


def test_the_only_folder_with_data_is_read_and_of_several_one_must_be_named(tmp_path: Path) -> None:
    write(tmp_path / "data" / "train.conll")
    write(tmp_path / ".git" / "x.conll")
    assert list(open_corpora(str(tmp_path), ReadOptions())) == ["train"]
    write(tmp_path / "more" / "deep" / "dev.conll")
    with pytest.raises(
        CorpusError, match=r"got folders with such files \(data, more\). Name one of them"
    ):
        open_corpora(str(tmp_path), ReadOptions())


def test_files_in_folders_beside_those_that_are_read_are_told(tmp_path: Path) -> None:
    write(tmp_path / "train.conll")
    assert problems(tmp_path) == []
    for i in range(4):
        write(tmp_path / "old" / f"{i}.conll")
    assert problems(tmp_path) == [
        "4 files of the folder, not read: old/0.conll, old/1.conll, old/2.conll, …"
    ]
    with pytest.raises(CorpusError, match="4 files of the folder, not read"):
        convert_corpus(str(tmp_path), tmp_path / "out", options=ConvertOptions(strict=True))


def test_files_beside_brat_pairs_are_told(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "Oslo")
    write(tmp_path / "a.ann", "T1\tLOC 0 4\tOslo\n")
    write(tmp_path / "README.txt")
    assert problems(tmp_path) == []
    write(tmp_path / "b.txt", "Rome")
    write(tmp_path / "deep" / "c.conll")
    assert problems(tmp_path) == ["2 files of the folder, not read: b.txt, deep/c.conll"]


# ------------------------------------------------------------------------------------------- OUTPUT


def test_a_folder_whose_name_has_a_dot_is_a_folder_if_it_exists(tmp_path: Path) -> None:
    source = write(tmp_path / "a.conll")
    with pytest.raises(
        ConfigError, match=r"got an ending '.0'. For a folder of that name, make it first"
    ):
        convert_corpus(source, tmp_path / "corpus-1.0")
    (tmp_path / "corpus-1.0").mkdir()
    convert_corpus(source, tmp_path / "corpus-1.0", options=ConvertOptions(split="50/50"))
    assert sorted(path.name for path in (tmp_path / "corpus-1.0").iterdir()) == [
        "dev.spacy",
        "train.spacy",
    ]


def test_a_part_of_a_split_that_got_no_document_is_an_empty_file(tmp_path: Path) -> None:
    source = write(tmp_path / "a.conll", "Ed B-PER\n\nBo B-PER\n\nHi O\n")
    write(tmp_path / "out" / "test.spacy", "of an earlier run")
    report = convert_corpus(source, tmp_path / "out", options=ConvertOptions(split="98/1/1"))
    assert {
        name: len(read(tmp_path / "out" / f"{name}.spacy")) for name in ("train", "dev", "test")
    } == {
        "train": 3,
        "dev": 0,
        "test": 0,
    }
    assert {name: part.n_documents for name, part in report.parts.items()} == {
        "train": 3,
        "dev": 0,
        "test": 0,
    }


# ------------------------------------------------------------------------------------------- hidden


@pytest.mark.parametrize("name", ["a.spacy", "a.conll", "a.ann", "a.parquet", "a.jsonl"])
def test_hidden_files_and_what_is_in_hidden_folders_is_no_data(tmp_path: Path, name: str) -> None:
    write(tmp_path / "b.conll")
    for hidden in (f".{name}", f".scratch/{name}", f".scratch/new/{name}", f"deep/.cache/{name}"):
        write(tmp_path / hidden)
    assert list(open_corpora(str(tmp_path), ReadOptions())) == ["b"]
    assert problems(tmp_path) == []
    (tmp_path / "b.conll").unlink()
    with pytest.raises(CorpusError, match="expected files to convert, got none"):
        open_corpora(str(tmp_path), ReadOptions())
