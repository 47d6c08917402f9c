"""Tags that are written as numbers, and the files that name them."""

import json
from pathlib import Path

import pytest
import spacy

from spacy_hf_ner.corpus.columns import Columns
from spacy_hf_ner.corpus.readers import make_conll_corpus_v1, make_hf_dataset_v1
from spacy_hf_ner.corpus.sentence import Sentence
from spacy_hf_ner.corpus.source import ReadOptions
from spacy_hf_ner.corpus.tag_names import read_tag_names
from spacy_hf_ner.errors import ConfigError, CorpusError
from tests.corpus.sentences import read as read_file
from tests.corpus.sentences import show, write_jsonl

NAMES = ("O", "B-PER", "I-PER")
OPTIONS = ReadOptions(columns=Columns(tag_names=NAMES))


@pytest.mark.parametrize(
    "text",
    [
        "O\nB-PER\nI-PER\n",
        "\ufeffO\r\n\r\n B-PER \r\nI-PER",
        json.dumps(list(NAMES)),
        json.dumps({"2": "I-PER", "0": "O", "1": "B-PER"}),
        json.dumps({"B-PER": 1, "O": 0, "I-PER": 2}),
        json.dumps({"model_type": "bert", "id2label": dict(enumerate(NAMES))}),
    ],
)
def test_names_are_read_from_lines_or_json(tmp_path: Path, text: str) -> None:
    (tmp_path / "names").write_text(text, encoding="utf-8")
    assert read_tag_names(tmp_path / "names") == NAMES


def test_without_a_file_there_are_no_names() -> None:
    assert read_tag_names(None) == read_tag_names("") == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "got none"),
        ("O\nO\n", "got the same name twice"),
        ("[1, 2]", "got names that are no text"),
        ("[", "got JSON that is damaged"),
        ('{"0": "O", "2": "B-PER"}', "got numbers that do not count from 0 on"),
        ('{"0": "O", "x": "B-PER"}', "got numbers that do not count from 0 on"),
    ],
)
def test_a_file_without_names_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "names").write_text(text, encoding="utf8")
    with pytest.raises(
        ConfigError, match=f"^tag_names must be a file .*names: {message}"
    ) as caught:
        read_tag_names(tmp_path / "names")
    assert caught.value.settings == ("tag_names",)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff\xff")
    for name in ("nothing", "bytes"):
        with pytest.raises(ConfigError, match=f"{name}: got a file that cannot be read"):
            read_tag_names(tmp_path / name)


def read(tmp_path: Path, name: str, text: str, options: ReadOptions = OPTIONS) -> Sentence:
    (tmp_path / name).write_text(text, encoding="utf8")
    (sentence,) = read_file(tmp_path / name, options)
    return sentence


RECORD = {"tokens": ["Ed", "Li", "ran", "far"], "ner_tags": [1, 2, 0, -100]}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.conll", "Ed 1\nLi 2\nran 0\nfar -100\n"),
        ("a.conll", "1\tEd\t1\n2\tLi\t2\n3\tran\t0\n4\tfar\t-100\n"),
        ("a.csv", "word,tag\nEd,1\nLi,2\nran,0\nfar,-100\n"),
        ("a.csv", "tokens,ner_tags\n\"['Ed', 'Li', 'ran', 'far']\",\"[1, 2, 0, -100]\"\n"),
        ("a.json", json.dumps(RECORD)),
    ],
)
def test_numbers_are_read_by_their_names(tmp_path: Path, name: str, text: str) -> None:
    sentence = read(tmp_path, name, text)
    assert (sentence.words, show(sentence)) == (("Ed", "Li", "ran", "far"), ["Ed Li/PER"])
    assert sentence.missing == (3,)


def test_chunks_and_parts_of_speech_have_numbers_too(tmp_path: Path) -> None:
    chunks = ReadOptions(columns=Columns(task="chunk", tag=1, tag_names=("O", "B-NP")))
    sentence = read(tmp_path, "a.conll", "Ed 1\nran 0\n", chunks)
    assert [span.entity_type for span in sentence.chunks] == ["NP"]
    pos = ReadOptions(columns=Columns(task="pos", tag=1, tag_names=("NOUN", "VERB")))
    assert read(tmp_path, "a.conll", "Ed 0\nran 1\n", pos).pos == ("NOUN", "VERB")


def test_a_number_without_a_name_is_refused_with_its_line(tmp_path: Path) -> None:
    rows = "Ed 1\nran 0\n"
    options = ReadOptions(columns=Columns(tag=1, tag_names=NAMES))
    with pytest.raises(CorpusError, match=r"a.conll:3: .* one of 3 tags, got 7. Add") as caught:
        read(tmp_path, "a.conll", f"{rows}x 7\n", options)
    assert caught.value.settings == ("tag_names",)


def test_numbers_without_names_name_the_setting(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="Give them in tag_names"):
        read(tmp_path, "a.json", json.dumps(RECORD), ReadOptions())


def test_registered_readers_take_the_file(tmp_path: Path) -> None:
    (tmp_path / "names").write_text("\n".join(NAMES), encoding="utf8")
    (tmp_path / "a.json").write_text(json.dumps(RECORD), encoding="utf8")
    names = str(tmp_path / "names")
    nlp = spacy.blank("en")
    for corpus in (
        make_conll_corpus_v1(str(tmp_path / "a.json"), tag_names=names),
        make_hf_dataset_v1(str(tmp_path / "a.json"), "train", tag_names=names),
    ):
        (example,) = corpus(nlp)
        assert [(ent.text, ent.label_) for ent in example.reference.ents] == [("Ed Li", "PER")]


@pytest.mark.parametrize(
    "label", [[[0, 4, 1]], [["0", "4", "1"]], [{"start": 0, "end": 4, "label": [1]}]]
)
def test_types_of_entities_in_texts_are_named_by_their_numbers(
    tmp_path: Path, label: object
) -> None:
    record = {"text": "Rome is big", "label": label}
    options = ReadOptions(columns=Columns(tag_names=("PER", "LOC")))
    (sentence,) = read_file(write_jsonl(tmp_path, record), options)
    assert show(sentence) == ["Rome/LOC"]


def test_types_with_names_of_their_own_stay(tmp_path: Path) -> None:
    record = {"text": "Rome is big", "label": [[0, 4, "GPE"]]}
    options = ReadOptions(columns=Columns(tag_names=("PER", "LOC")))
    (sentence,) = read_file(write_jsonl(tmp_path, record), options)
    assert show(sentence) == ["Rome/GPE"]


def test_a_type_whose_number_has_no_name_is_refused(tmp_path: Path) -> None:
    options = ReadOptions(columns=Columns(tag_names=("PER", "LOC")))
    path = write_jsonl(tmp_path, {"text": "Rome is big", "label": [[0, 4, 7]]})
    with pytest.raises(CorpusError, match="expected the number of one of 2 types, got 7") as caught:
        read_file(path, options)
    assert caught.value.settings == ("tag_names",)
