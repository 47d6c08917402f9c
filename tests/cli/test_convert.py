"""``python -m spacy hf-ner convert``, called as spaCy calls it."""

import json
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, DocBin
from spacy.training import Corpus
from typer.testing import CliRunner

from spacy_hf_ner.cli.app import app

CONLL = """\
-DOCSTART- -X- -X- O

Tim NNP B-NP B-PER
Cook NNP I-NP I-PER
was VBD B-VP O
n't RB I-VP O
in IN B-PP O
Oslo NNP B-NP B-LOC
. . O O

-DOCSTART- -X- -X- O

Why WRB B-ADVP O
? . O O
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "train.conll"
    path.write_text(CONLL, encoding="utf8")
    return path


def read_docs(path: Path) -> list[Doc]:
    return list(DocBin(store_user_data=True).from_disk(path).get_docs(spacy.blank("en").vocab))


def test_convert_writes_docs_with_text_sentences_and_entities(source: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(
        app, ["convert", str(source), str(tmp_path / "out" / "train.spacy")]
    )
    assert result.exit_code == 0, result.output
    first, second = read_docs(tmp_path / "out" / "train.spacy")
    assert (first.text, second.text) == ("Tim Cook wasn't in Oslo.", "Why?")
    assert [(e.text, e.label_) for e in first.ents] == [("Tim Cook", "PER"), ("Oslo", "LOC")]
    assert "2: LOC 1, PER 1" in result.output
    assert "IOB2, obeyed by 100.00%" in result.output
    assert "0 of 2 entities cut by spaCy's (100.00% preserved)" in result.output


def test_the_training_reader_tokenises_the_text_anew(source: Path, tmp_path: Path) -> None:
    CliRunner().invoke(app, ["convert", str(source), str(tmp_path / "train.spacy")])
    example, _ = Corpus(tmp_path / "train.spacy")(spacy.blank("en"))
    assert [token.text for token in example.predicted] == [
        "Tim",
        "Cook",
        "was",
        "n't",
        "in",
        "Oslo",
        ".",
    ]
    assert example.get_aligned_ner() == ["B-PER", "L-PER", "O", "O", "O", "U-LOC", "O"]


def test_the_same_file_gives_the_same_bytes(source: Path, tmp_path: Path) -> None:
    for name in ("a.spacy", "b.spacy"):
        CliRunner().invoke(app, ["convert", str(source), str(tmp_path / name)])
    assert (tmp_path / "a.spacy").read_bytes() == (tmp_path / "b.spacy").read_bytes()


def test_a_file_that_cannot_be_read_writes_nothing_and_exits_with_one(tmp_path: Path) -> None:
    bad = tmp_path / "bad.conll"
    bad.write_text("no tags\nat all\n", encoding="utf8")
    result = CliRunner().invoke(app, ["convert", str(bad), str(tmp_path / "out" / "x.spacy")])
    assert result.exit_code == 1
    assert "expected a column of tags" in result.output
    assert not (tmp_path / "out").exists()


def test_a_split_is_told_part_by_part_with_the_sentences_they_share(tmp_path: Path) -> None:
    path = tmp_path / "a.conll"
    path.write_text("Ed B-PER\n\n" * 4, encoding="utf8")
    arguments = [
        "convert",
        str(path),
        str(tmp_path / "out"),
        "--split",
        "50/50",
        "--report",
        str(tmp_path / "r.json"),
    ]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "2 sentences of " in result.output
    assert [len(read_docs(tmp_path / "out" / f"{name}.spacy")) for name in ("train", "dev")] == [
        2,
        2,
    ]
    assert (
        json.loads((tmp_path / "r.json").read_text(encoding="utf8"))["duplicates"][0]["sentences"]
        == 2
    )


def test_columns_and_their_task_are_options(tmp_path: Path) -> None:
    path = tmp_path / "a.conll"
    path.write_text("x Ed NNP\ny ran VBD\n", encoding="utf8")
    options = ["--token-column", "1", "--tag-column", "-1", "--column", "pos"]
    result = CliRunner().invoke(app, ["convert", str(path), str(tmp_path / "a.spacy"), *options])
    assert result.exit_code == 0, result.output
    (doc,) = read_docs(tmp_path / "a.spacy")
    assert [(token.text, token.tag_) for token in doc] == [("Ed", "NNP"), ("ran", "VBD")]
    assert not doc.has_annotation("ENT_IOB")
    refused = CliRunner().invoke(
        app, ["convert", str(path), str(tmp_path / "b.spacy"), "--column", "dep"]
    )
    assert refused.exit_code == 2


def test_a_report_that_is_a_folder_is_refused_before_anything_is_written(
    source: Path, tmp_path: Path
) -> None:
    result = CliRunner().invoke(
        app, ["convert", str(source), str(tmp_path / "a.spacy"), "--report", str(tmp_path)]
    )
    assert result.exit_code == 2
    assert "--report" in result.output
    assert not (tmp_path / "a.spacy").exists()


def test_a_report_below_a_file_is_refused_before_anything_is_written(
    source: Path, tmp_path: Path
) -> None:
    arguments = [
        "convert",
        str(source),
        str(tmp_path / "a.spacy"),
        "--report",
        str(source / "r.json"),
    ]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    assert "expected a folder to write to, got the file" in result.output
    assert not (tmp_path / "a.spacy").exists()


@pytest.mark.parametrize("option", ["--token-column", "--tag-column"])
@pytest.mark.parametrize("sign", ["", "-"])
def test_a_column_of_thousands_of_digits_is_an_error(
    source: Path, tmp_path: Path, option: str, sign: str
) -> None:
    arguments = ["convert", str(source), str(tmp_path / "a.spacy"), option, sign + "9" * 5_000]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)


def test_a_part_that_got_no_document_is_told(source: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(
        app, ["convert", str(source), str(tmp_path / "out"), "--split", "98/2"]
    )
    assert result.exit_code == 0, result.output
    assert "dev got no document: its file is empty." in result.output


def test_the_help_lists_the_formats_that_are_read_and_those_that_are_written() -> None:
    # In a narrow terminal the table of options breaks words.
    result = CliRunner().invoke(app, ["convert", "--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    words = {word.strip(".,") for word in result.output.split()}
    assert {"auto", "brat", "conll", "conllu", "csv", "datasets", "json", "spacy"} <= words
    assert {"parquet", "tsv"} <= words
    assert not {"{formats}", "{schemes}", "{suffixes}", "{written}"} & words
    assert {"IOE", "bare"} <= words


def test_a_misspelt_format_is_refused(source: Path, tmp_path: Path) -> None:
    arguments = ["convert", str(source), str(tmp_path / "a.spacy"), "--format", "conl"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    assert "'conl'" in result.output
    assert not (tmp_path / "a.spacy").exists()


def test_tags_that_are_numbers_get_their_names_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.conll").write_text("Tim 1\nCook 2\nran 0\n", encoding="utf8")
    (tmp_path / "names").write_text("O\nB-PER\nI-PER\n", encoding="utf8")
    output = tmp_path / "a.spacy"
    arguments = ["convert", str(tmp_path / "a.conll"), str(output), "--tag-names"]
    result = CliRunner().invoke(app, [*arguments, str(tmp_path / "names")])
    assert result.exit_code == 0, result.output
    (doc,) = read_docs(output)
    assert [(e.text, e.label_) for e in doc.ents] == [("Tim Cook", "PER")]

    result = CliRunner().invoke(app, [*arguments, str(tmp_path / "nothing")])
    assert result.exit_code != 0
    assert "tag-names must be a file" in " ".join(result.output.split())
