"""CoNLL-2012: entities in brackets."""

from pathlib import Path

import pytest

from spacy_hf_ner.corpus.blocks import Row
from spacy_hf_ner.corpus.columns import Columns
from spacy_hf_ner.corpus.formats.conll2012 import is_conll_2012, read_brackets
from spacy_hf_ner.corpus.opening import open_corpus
from spacy_hf_ner.corpus.sentence import Problem, Sentence
from spacy_hf_ner.corpus.source import ReadOptions
from spacy_hf_ner.errors import CorpusError
from tests.corpus.sentences import read as read_file
from tests.corpus.sentences import show


def row(number: int, word: str, brackets: str, *, separator: str = "   ") -> str:
    cells = ["bc/cctv/00", "0", str(number), word, "NN", "*", "-", "-", "-", "Speaker#1"]
    return separator.join([*cells, brackets, "(V*)", "-"])


def text(*brackets: str, separator: str = "   ") -> str:
    rows = [row(i, f"w{i}", cell, separator=separator) for i, cell in enumerate(brackets)]
    begin = "#begin document (bc/cctv/00); part 003\n"
    return begin + "\n".join(rows) + "\n\n#end document\n"


def read(path: Path, content: str, options: ReadOptions | None = None) -> list[Sentence]:
    path.write_text(content, encoding="utf8")
    return read_file(path, options)


@pytest.mark.parametrize("name", ["a.v4_gold_conll", "a.conll", "a.txt"])
@pytest.mark.parametrize("separator", ["   ", "\t"])
def test_brackets_are_entities(tmp_path: Path, name: str, separator: str) -> None:
    content = text("(ORG*", "*", "*)", "*", "(GPE)", separator=separator)
    first, second = read(tmp_path / name, content * 2)
    assert show(first) == ["w0 w1 w2/ORG", "w4/GPE"]
    assert (first.pos, first.starts_document) == (("NN",) * 5, True)
    assert (first.document_id, second.starts_document) == ("bc/cctv/00, part 3", True)
    assert first.problems == ()
    assert open_corpus(tmp_path / name, ReadOptions()).origin.format == "conll2012"


def test_a_part_is_a_document_of_all_of_its_sentences(tmp_path: Path) -> None:
    content = text("(ORG)", "*").replace("\n\n#end", "\n\n" + row(0, "Hi", "*") + "\n\n#end")
    first, second = read(tmp_path / "a.conll", content)
    assert (first.starts_document, second.starts_document) == (True, False)


def test_parts_of_speech_alone_leave_entities_unannotated(tmp_path: Path) -> None:
    options = ReadOptions(columns=Columns(task="pos"))
    (sentence,) = read(tmp_path / "a.conll", text("(ORG)", "*"), options)
    assert (sentence.pos, sentence.spans, sentence.missing) == (("NN", "NN"), (), (0, 1))


@pytest.mark.parametrize(
    ("brackets", "tags", "problems"),
    [
        ("(A* *) *", ["B-A I-A O"], []),
        ("(A) (A)", ["B-A B-A"], []),
        ("(A(B*) *) (C)", ["B-A I-A B-C", "B-B O O"], []),
        ("(A* (B* *))", ["B-A I-A I-A", "O B-B I-B"], []),
        ("* - *", ["O _ O"], []),
        ("* *", ["O O"], []),
        ("(A* *", ["B-A I-A"], [Problem("entity that is not closed, ends with its sentence", 2)]),
        ("* *)", ["O O"], [Problem("bracket that closes no entity, left out", 2)]),
        ("x *", ["_ O"], [Problem("cell that is no bracket, its tag is missing", 1)]),
    ],
)
def test_brackets_become_tags_one_list_a_level(
    brackets: str, tags: list[str], problems: list[Problem]
) -> None:
    found: list[Problem] = []
    rows = [Row(i, ["x"] * 10 + [cell]) for i, cell in enumerate(brackets.split(), start=1)]
    levels = read_brackets(rows, found)
    assert [" ".join(tag or "_" for tag in level) for level in levels] == tags
    assert found == problems


@pytest.mark.parametrize("columns", [Columns(task="chunk"), Columns(tag=3), Columns(token="word")])  # noqa: S106 - a column
def test_settings_that_name_other_columns_are_refused(tmp_path: Path, columns: Columns) -> None:
    with pytest.raises(CorpusError, match=r"a.conll: expected entities or parts of speech"):
        read(tmp_path / "a.conll", text("(ORG)", "*"), ReadOptions(columns=columns))


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ([row(0, "Ed", "(A)"), row(1, "ran", "*")], True),
        (["#begin document (a); part 0", row(0, "Ed", "*")], True),
        ([row(0, "Ed", "(A)"), row(1, "ran", "x"), row(2, "off", "x")], False),
        ([row(0, "Ed", "-")], False),
        (["Ed NNP B-NP B-PER"], False),
        ([], False),
    ],
)
def test_numbers_and_brackets_tell_the_format(head: list[str], expected: bool) -> None:
    assert is_conll_2012(head) is expected
