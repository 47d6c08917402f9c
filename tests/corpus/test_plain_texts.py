"""Texts to annotate: as many come out as there are, whatever they are in."""

import io
import json
from itertools import islice
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin

from spacy_hf_ner.corpus.plain_texts import PlainText, read_texts
from spacy_hf_ner.errors import CorpusError


def write(folder: Path, name: str, content: str | bytes) -> str:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode("utf8") if isinstance(content, str) else content)
    return str(file)


def read(name: str, text_column: str = "text") -> list[str]:
    return [found.text for found in read_texts(name, text_column=text_column)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", "One.\n\nTwo „drei“.\n"),
        ("a.log", "One.\r\n\r\nTwo „drei“.\r\n"),
        ("a.txt", "One.\n\nTwo „drei“.".encode("utf-16")),
        ("a.jsonl", '{"text": "One."}\n{"text": "", "x": 1}\n"Two „drei“."\n'),
        ("a.json", '[{"text": "One."}, {"text": ""}, {"text": "Two „drei“."}]'),
        ("a.csv", 'id,text\n1,One.\n2,\n3,"Two „drei“."\n'),
        ("a.csv", "id;text\n1;One.\n2;\n3;Two „drei“.\n"),
        ("a.tsv", "text\tn\nOne.\t1\n\t2\nTwo „drei“.\t3\n"),
    ],
)
def test_texts_are_read_as_what_the_file_is_called(
    name: str, content: str | bytes, tmp_path: Path
) -> None:
    assert read(write(tmp_path, name, content)) == ["One.", "", "Two „drei“."]


def test_a_docbin_gives_the_texts_of_its_docs(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    DocBin(docs=[nlp("Oslo  calls."), nlp("")]).to_disk(tmp_path / "a.spacy")
    assert read(str(tmp_path / "a.spacy")) == ["Oslo  calls.", ""]


def test_a_quoted_cell_may_hold_lines_and_much_text(tmp_path: Path) -> None:
    text = "One.\nTwo.\n" + "x" * 200_000
    assert read(write(tmp_path, "a.csv", f'text\n"{text}"\n')) == [text]


def test_a_folder_is_its_files_in_order(tmp_path: Path) -> None:
    write(tmp_path, "b/second.txt", "Line.\nLine.\n")
    write(tmp_path, "a.jsonl", '{"text": "first"}\n')
    write(tmp_path, ".hidden/c.txt", "no")
    found = list(read_texts(str(tmp_path)))
    assert [(one.text, one.text_id) for one in found] == [
        ("first", ""),
        ("Line.\nLine.\n", "b/second.txt"),
    ]


def test_places_and_names_come_along(tmp_path: Path) -> None:
    file = write(tmp_path, "a.jsonl", '{"text": "a", "id": 7}\n\n{"text": "b", "doc_id": "x"}\n')
    assert list(read_texts(file)) == [
        PlainText("a", f"{file}:1", "7"),
        PlainText("b", f"{file}:3", "x"),
    ]


def test_another_column_is_named(tmp_path: Path) -> None:
    assert read(write(tmp_path, "a.csv", "id,body\n1,One.\n"), "body") == ["One."]


@pytest.mark.parametrize(
    ("name", "content"), [("a.csv", "id,body\n1,One.\n"), ("a.jsonl", '{"id": 1, "body": "One."}')]
)
def test_a_column_that_is_nowhere_is_refused(name: str, content: str, tmp_path: Path) -> None:
    with pytest.raises(
        CorpusError, match=r"under 'text', got only id, body\. Set text_column"
    ) as e:
        read(write(tmp_path, name, content))
    assert e.value.settings == ("text_column",)


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ('{"text": ', "expected JSON"),
        ('{"no": 1}', "expected a text in 'text', got NoneType"),
        ('{"text": 3}', "expected a text in 'text', got int"),
        ("[1]", "expected an object or a text, got list"),
    ],
)
def test_a_record_without_a_text_comes_out_with_the_reason(
    line: str, error: str, tmp_path: Path
) -> None:
    file = write(tmp_path, "a.jsonl", f'{{"text": "a"}}\n{line}\n{{"text": "b"}}\n')
    first, broken, last = read_texts(file)
    assert (first.text, last.text) == ("a", "b")
    assert error in broken.error
    assert broken.place == f"{file}:2"


def test_bytes_of_stdin_that_are_no_text_come_out_with_the_reason() -> None:
    first, broken, last = read_texts("-", stdin=io.BytesIO(b"a\n\xff\xfe\nb"))
    assert (first.text, last.text) == ("a", "b")
    assert broken.error.startswith("expected text in UTF-8")
    assert broken.place == "stdin:2"


def test_stdin_is_read_as_it_comes() -> None:
    class Endless(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
            buffer[:2] = b"a\n"
            return 2

    stdin = io.BufferedReader(Endless(), buffer_size=2)  # type: ignore[type-var] # it is one
    assert [one.text for one in islice(read_texts("-", stdin=stdin), 3)] == ["a", "a", "a"]


@pytest.mark.parametrize("name", ["nothing.txt", "empty"])
def test_what_is_not_there_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match=r"expected a (file or a )?folder"):
        read(str(tmp_path / name))


def test_a_damaged_docbin_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="expected a DocBin"):
        read(write(tmp_path, "a.spacy", b"no"))


def test_json_of_any_text_survives(tmp_path: Path) -> None:
    text = 'quote " comma , tab \t line \n end'
    assert read(write(tmp_path, "a.jsonl", json.dumps({"text": text}))) == [text]
