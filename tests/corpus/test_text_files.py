"""Bytes to lines."""

import codecs
from pathlib import Path

import pytest

from spacy_hf_ner.corpus.sentence import Problem
from spacy_hf_ner.corpus.text_files import open_text
from spacy_hf_ner.errors import CorpusError

TEXT = "Æsop\tB-PER\nfür\tO\n"


def write(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "text"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (codecs.BOM_UTF8 + TEXT.encode(), "utf-8-sig"),
        (TEXT.encode("utf-16"), "utf-16"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
        (codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"), "utf-32"),
        (TEXT.encode("utf-32-le"), "utf-32-le"),
        (TEXT.encode("utf-32-be"), "utf-32-be"),
        (TEXT.encode("cp1252"), "cp1252"),
        (b"", "utf-8"),
    ],
)
def test_an_encoding_is_told_from_the_bytes(tmp_path: Path, data: bytes, encoding: str) -> None:
    file = open_text(write(tmp_path, data))
    assert file.encoding == encoding
    assert [line for _, line in file.lines()] == (TEXT.split("\n")[:2] if data else [])


def test_windows_quotes_are_no_control_characters(tmp_path: Path) -> None:
    file = open_text(write(tmp_path, "“für”".encode("cp1252")))
    assert list(file.lines()) == [(1, "“für”")]


def test_bytes_that_windows_does_not_know_are_latin_1(tmp_path: Path) -> None:
    assert open_text(write(tmp_path, b"f\xfcr \x81")).encoding == "latin-1"


def test_two_surrogates_on_a_line_are_one_character_and_a_lonely_one_is_replaced(
    tmp_path: Path,
) -> None:
    high, low = "\ud83d".encode("utf-8", "surrogatepass"), "\ude00".encode("utf-8", "surrogatepass")
    file = open_text(write(tmp_path, b"a" + high + low + b"b\n" + high + b"\n"))
    assert file.encoding == "cesu-8"
    assert list(file.lines()) == [(1, "a\U0001f600b"), (2, "\ufffd")]


def test_a_few_damaged_bytes_do_not_turn_a_file_into_another_encoding(tmp_path: Path) -> None:
    file = open_text(write(tmp_path, "für\nfür\n".encode() + b"f\xc3r\n"))
    assert [line for _, line in file.lines()] == ["für", "für", "f\ufffdr"]
    assert file.problems == (Problem("bytes that are not UTF-8", 3),)


def test_one_damaged_byte_leaves_the_other_characters_of_a_file_with_surrogates(
    tmp_path: Path,
) -> None:
    emoji = "\ud83d\ude00".encode("utf-8", "surrogatepass")
    data = (
        b"f\xc3r\n"
        + emoji
        + b"\n"
        + b"a" * 8185
        + emoji
        + emoji
        + b"\xed\n"
        + emoji
        + b"\n"
        + emoji[:3]
    )
    file = open_text(write(tmp_path, data))
    assert [line for _, line in file.lines()] == [
        "f\ufffdr",
        "\U0001f600",
        "a" * 8185 + "\U0001f600\U0001f600\ufffd",
        "\U0001f600",
        "\ufffd",
    ]
    assert file.problems == (
        Problem("bytes that are not UTF-8", 1),
        Problem("bytes that are not UTF-8", 3),
        Problem("half of a character beyond U+FFFF, read as U+FFFD", 5),
    )


@pytest.mark.parametrize(
    ("data", "encoding", "lines", "problems"),
    [
        (b"a\nf\xc3r\n", "utf-8-sig", ["a", "f\ufffdr"], (Problem("bytes that are not UTF-8", 2),)),
        (
            b"\xff\n\xff",
            "utf-8-sig",
            ["\ufffd"] * 2,
            tuple(Problem("bytes that are not UTF-8", n) for n in (1, 2)),
        ),
        (b"\xed\xa0\xbd\xed\xb8\x80\na\n", "cesu-8", ["\U0001f600", "a"], ()),
        (
            b"\xed\xa0\xbd\xed\xb8\x80\n\xed\xa0\xbd\n\xff\n",
            "cesu-8",
            ["\U0001f600", "\ufffd", "\ufffd"],
            (
                Problem("bytes that are not UTF-8", 3),
                Problem("half of a character beyond U+FFFF, read as U+FFFD", 2),
            ),
        ),
    ],
)
def test_a_file_with_a_byte_order_mark_is_repaired_like_one_without(
    tmp_path: Path, data: bytes, encoding: str, lines: list[str], problems: tuple[Problem, ...]
) -> None:
    file = open_text(write(tmp_path, codecs.BOM_UTF8 + data))
    assert (file.encoding, file.problems) == (encoding, problems)
    assert [line for _, line in file.lines()] == lines


def test_half_of_a_character_is_told_where_cesu_8_is_named(tmp_path: Path) -> None:
    file = open_text(write(tmp_path, b"a\n\xed\xa0\xbd\n"), encoding="CESU-8")
    assert list(file.lines()) == [(1, "a"), (2, "\ufffd")]
    assert file.problems == (Problem("half of a character beyond U+FFFF, read as U+FFFD", 2),)
    wrong = open_text(write(tmp_path, b"\xed\xa0\xbd\n\xff\n"), encoding="cesu-8")
    with pytest.raises(CorpusError, match=r"text:\d: expected text in cesu-8"):
        list(wrong.lines())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-32-be"])
def test_a_byte_order_mark_is_no_text_where_the_encoding_is_named(
    tmp_path: Path, encoding: str
) -> None:
    file = open_text(write(tmp_path, ("\ufeff" + TEXT).encode(encoding)), encoding=encoding)
    assert [line for _, line in file.lines()] == TEXT.split("\n")[:2]
    assert file.read() == TEXT


@pytest.mark.parametrize("encoding", ["rot13", "hex", "undefined", "klingon", "a\0"])
def test_what_is_no_encoding_of_text_is_refused(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(CorpusError, match=r"unknown encoding .*: expected 'auto'"):
        open_text(write(tmp_path, b"a"), encoding=encoding)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_they_do_on_any_machine(tmp_path: Path, end: str) -> None:
    file = open_text(write(tmp_path, f"a{end}b{end}".encode()))
    assert list(file.lines()) == [(1, "a"), (2, "b")]


def test_only_line_ends_end_lines(tmp_path: Path) -> None:
    text = "a\u2028b\x85c\x0bd\x1ce"
    assert list(open_text(write(tmp_path, text.encode())).lines()) == [(1, text)]


def test_a_named_encoding_that_does_not_fit_is_an_error_with_a_line(tmp_path: Path) -> None:
    file = open_text(write(tmp_path, b"ok\n\xff\n"), encoding="ascii")
    with pytest.raises(CorpusError, match=r"text:\d: expected text in ascii.*Set encoding to"):
        list(file.lines())


def test_a_missing_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="nowhere: expected a file, got nothing there"):
        open_text(tmp_path / "nowhere")
