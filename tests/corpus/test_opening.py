"""Which format a corpus is in: what counts first, and that a format that is named is obeyed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from spacy_hf_ner.corpus.conversion import ConvertOptions, convert_corpus
from spacy_hf_ner.corpus.opening import find_format, list_format_names, open_corpora, open_corpus
from spacy_hf_ner.corpus.source import ReadOptions
from spacy_hf_ner.errors import ConfigError, CorpusError

CONLLU_ROW = "1\tEd\t_\tNOUN\t_\t_\t_\t_\t_\tname=O\n"


def write(path: Path, text: str = "Ed B-PER\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf8")
    return path


def formats_of(folder: Path, format_name: str) -> dict[str, str]:
    sources = open_corpora(str(folder), ReadOptions(), format_name=format_name)
    return {part: source.origin.format for part, source in sources.items()}


def fill_brat(folder: Path) -> None:
    write(folder / "a.ann", "T1\tLOC 0 4\tOslo\n")
    write(folder / "a.txt", "Oslo")


def fill_saved(folder: Path) -> None:
    """What only looks like a data set that was saved to disk."""
    write(folder / "state.json", "{}")
    write(folder / "dataset_info.json", "{}")


def fill_saved_splits(folder: Path) -> None:
    write(folder / "dataset_dict.json", "{}")


def fill_files(folder: Path) -> None:
    write(folder / "a.conll")


KINDS_OF_FOLDERS = pytest.mark.parametrize(
    "fill", [fill_brat, fill_saved, fill_saved_splits, fill_files]
)


# ---------------------------------------------------------------------------------------- detection


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("a.txt", "Ed B-PER\n", "conll"),
        ("a.txt", "[\t0\t1\tO\n", "conll"),
        ("a.txt", ",\tO\n", "conll"),
        ("a.txt", ", O\n", "conll"),
        ("a.txt", "word,tag\nEd,B-PER\n", "csv"),
        ("a.txt", '{"text": "a", "spans": []}\n', "json"),
        ("a.txt", '[\n{"text": "a"}]\n', "json"),
        ("a", CONLLU_ROW, "conllu"),
        ("a.CSV", "word,tag\n", "csv"),
        ("a.iob2", "1\tEd\tB-PER\n", "conll"),
    ],
)
def test_a_format_is_told_by_the_name_or_by_the_first_lines(
    tmp_path: Path, name: str, text: str, found: str
) -> None:
    (tmp_path / name).write_text(text, encoding="utf8")
    assert find_format(tmp_path / name, ReadOptions()).name == found


def test_a_folder_gives_its_files_by_name_and_leaves_other_files_alone(tmp_path: Path) -> None:
    for name in ("train.conll", "dev.conll", "README.txt", "notes.md", ".hidden.conll"):
        (tmp_path / name).write_text("Ed B-PER\n", encoding="utf8")
    assert list(open_corpora(str(tmp_path), ReadOptions())) == ["dev", "train"]


def test_what_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="expected a file or a folder, got nothing there"):
        open_corpus(tmp_path / "nowhere", ReadOptions())
    with pytest.raises(
        ConfigError, match="unknown format 'xml': expected auto or one of brat, conll"
    ):
        open_corpus(tmp_path, ReadOptions(), format_name="xml")
    with pytest.raises(CorpusError, match="expected files to convert, got none"):
        open_corpora(str(tmp_path), ReadOptions())


# ------------------------------------------------------------------------------------ named formats


@KINDS_OF_FOLDERS
def test_a_named_format_is_obeyed_whatever_else_a_folder_holds(
    tmp_path: Path, fill: Callable[[Path], None]
) -> None:
    fill(tmp_path)
    write(tmp_path / "train.conll")
    write(tmp_path / "dev.iob2")
    read = formats_of(tmp_path, "conll")
    assert read.pop("a", "conll") == "conll"
    assert read == {"train": "conll", "dev": "conll"}


def test_the_files_of_other_formats_are_told_where_a_format_is_named(tmp_path: Path) -> None:
    fill_brat(tmp_path)
    write(tmp_path / "train.conll")
    (source,) = open_corpora(str(tmp_path), ReadOptions(), format_name="conll").values()
    assert [problem.kind for problem in source.origin.problems] == [
        "2 files of the folder, not read: a.ann, a.txt"
    ]
    assert list(open_corpora(str(tmp_path), ReadOptions())) == [tmp_path.name]


def test_a_named_format_is_read_from_texts_of_any_ending(tmp_path: Path) -> None:
    write(tmp_path / "train.csv")
    write(tmp_path / "dev.txt")
    assert formats_of(tmp_path, "conll") == {"train": "conll", "dev": "conll"}
    assert (
        open_corpus(tmp_path / "train.csv", ReadOptions(), format_name="conll").origin.format
        == "conll"
    )


def test_a_named_format_is_looked_for_in_the_only_folder_that_holds_it(tmp_path: Path) -> None:
    fill_brat(tmp_path / "brat")
    write(tmp_path / "columns" / "train.conll")
    assert formats_of(tmp_path, "conll") == {"train": "conll"}


def test_a_folder_without_files_that_can_be_in_a_named_format_is_an_error(tmp_path: Path) -> None:
    fill_brat(tmp_path)
    with pytest.raises(CorpusError, match="got none that can be in format conll"):
        formats_of(tmp_path, "conll")
    with pytest.raises(CorpusError, match="got none that can be in format spacy"):
        formats_of(tmp_path, "spacy")


@KINDS_OF_FOLDERS
def test_a_misspelt_format_is_refused_for_each_kind_of_folder(
    tmp_path: Path, fill: Callable[[Path], None]
) -> None:
    fill(tmp_path)
    with pytest.raises(ConfigError, match="unknown format 'conl': expected auto or one of brat"):
        open_corpora(str(tmp_path), ReadOptions(), format_name="conl")


@pytest.mark.parametrize("name", ["hf:conll2003", "nowhere", "hf:"])
def test_a_misspelt_format_is_refused_for_each_kind_of_name(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_corpora(name, ReadOptions(), format_name="Conll")
    assert str(caught.value) == (
        "unknown format 'Conll': expected auto or one of brat, conll, conll2012, conllu, csv, "
        "datasets, doccano, iob, json, label-studio, prodigy, spacy."
    )
    assert caught.value.settings == ("format",)


def test_a_data_set_of_the_hub_is_read_in_no_other_format(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='can be read with format = "datasets" only') as caught:
        convert_corpus(
            "hf:conll2003", tmp_path / "a.spacy", options=ConvertOptions(format_name="conll")
        )
    assert caught.value.settings == ("format",)


def test_a_corpus_in_parts_is_not_opened_as_one(tmp_path: Path) -> None:
    write(tmp_path / "train.conll")
    write(tmp_path / "dev.conll")
    with pytest.raises(CorpusError, match="expected a corpus in one part, got dev, train"):
        open_corpus(tmp_path, ReadOptions())


def test_all_formats_and_auto_can_be_named() -> None:
    names = list_format_names()
    assert names[0] == "auto"
    assert {"brat", "conll", "conllu", "csv", "datasets", "json", "spacy"} <= set(names)
