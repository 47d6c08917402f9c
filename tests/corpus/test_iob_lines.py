"""Sentences in lines: word|tag and word|pos|tag."""

from pathlib import Path

import pytest

from spacy_hf_ner.corpus.columns import Columns
from spacy_hf_ner.corpus.formats.iob_lines import is_iob_lines
from spacy_hf_ner.corpus.opening import open_corpus
from spacy_hf_ner.corpus.sentence import Sentence
from spacy_hf_ner.corpus.source import ReadOptions
from spacy_hf_ner.errors import CorpusError
from tests.corpus.sentences import kinds, show
from tests.corpus.sentences import read as read_file

PLAIN = "Ed|B-PER saw|O New|B-LOC York|I-LOC\nHi|O !|O\n"
WITH_POS = "Ed|NNP|B-PER saw|VBD|O\nHi|UH|O\n"


def read(tmp_path: Path, text: str, options: ReadOptions | None = None) -> list[Sentence]:
    path = tmp_path / "a.iob"
    path.write_text(text, encoding="utf8")
    return read_file(path, options)


def test_each_line_is_a_sentence_of_words_and_tags(tmp_path: Path) -> None:
    first, second = read(tmp_path, PLAIN)
    assert first.words == ("Ed", "saw", "New", "York")
    assert show(first) == ["Ed/PER", "New York/LOC"]
    assert (second.words, second.line, second.problems) == (("Hi", "!"), 2, ())
    assert open_corpus(tmp_path / "a.iob", ReadOptions()).origin.format == "iob"


def test_parts_of_speech_may_stand_between_them(tmp_path: Path) -> None:
    first, second = read(tmp_path, WITH_POS)
    assert (first.pos, show(first), second.pos) == (("NNP", "VBD"), ["Ed/PER"], ("UH",))
    first, _ = read(tmp_path, WITH_POS, ReadOptions(columns=Columns(task="pos")))
    assert (first.pos, first.spans, first.missing) == (("NNP", "VBD"), (), (0, 1))


def test_a_document_mark_begins_a_document(tmp_path: Path) -> None:
    sentences = read(tmp_path, f"-DOCSTART-|O\n\n{PLAIN}-DOCSTART- -X- O O\n{PLAIN}")
    assert [found.starts_document for found in sentences] == [True, False, True, False]


def test_a_word_may_hold_a_bar(tmp_path: Path) -> None:
    first, _ = read(tmp_path, "a|b|B-X |||O c|O\nd|O\n", ReadOptions())
    assert (first.words, show(first)) == (("a|b", "||", "c"), ["a|b/X"])


def test_words_with_too_few_parts_are_kept_and_reported(tmp_path: Path) -> None:
    (first,) = read(tmp_path, "Ed|NNP|B-PER " * 19 + "saw it|O |O\n")
    assert first.words[-2:] == ("saw", "it")
    assert first.missing == (19,)
    assert kinds(first) == [
        "word of 1 part, not 3: its tag is missing",
        "word of 2 parts, not 3: its tag is kept",
        "word of 2 parts, not 3: its tag is kept",
        "blank word, left out",
    ]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (Columns(task="chunk"), r'expected a column for column = "chunk", got words of 2 parts'),
        (Columns(task="pos"), r'expected a column for column = "pos", got words of 2 parts'),
        (Columns(tag=1), r"expected no names of columns, got some"),
    ],
)
def test_what_such_files_have_not_is_refused(
    tmp_path: Path, columns: Columns, message: str
) -> None:
    with pytest.raises(CorpusError, match=message):
        read(tmp_path, PLAIN, ReadOptions(columns=columns))


def test_a_file_without_bars_is_refused_if_the_format_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.iob").write_text("Ed B-PER\n", encoding="utf8")
    with pytest.raises(CorpusError, match=r"a.iob:1: expected words with their tags .* 'Ed B-PER'"):
        open_corpus(tmp_path / "a.iob", ReadOptions(), format_name="iob")


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (["Ed|B-PER saw|O"], True),
        (["-DOCSTART- O", "Ed|NNP|B-PER saw|O"], True),
        (["Ed|B-PER", "saw|O"], False),  # one word a row
        (["Ed B-PER", "saw O"], False),
        (["a|b c|d"], False),
        (["Ed|B-PER\tsaw|O"], False),
        ([], False),
    ],
)
def test_bars_and_tags_tell_the_format(head: list[str], expected: bool) -> None:
    assert is_iob_lines(head) is expected
