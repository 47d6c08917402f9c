"""Texts with entities by characters: what cannot be read is unknown, and not "outside"."""

from pathlib import Path
from typing import Any

import pytest

from spacy_hf_ner.corpus.conversion import convert_corpus
from spacy_hf_ner.corpus.sentence import Sentence
from spacy_hf_ner.corpus.source import ReadOptions
from spacy_hf_ner.corpus.texts import CharSpan, TextRecord, make_text_sentence
from spacy_hf_ner.errors import ConfigError, CorpusError
from tests.corpus.sentences import kinds, missing, read, show, write_jsonl


def make(
    text: str, *spans: tuple[int, int, str], surface: str = "", offsets: str = "characters"
) -> Sentence:
    found = [CharSpan(start, end, label, surface) for start, end, label in spans]
    return make_text_sentence(TextRecord(text=text, spans=found), lang="en", offsets=offsets)


# ------------------------------------------------------------------------------------------ unknown


@pytest.mark.parametrize(
    ("span", "words"),
    [
        ((0, 4, ""), ["Rome"]),  # no type
        ((8, 12, "X"), ["big"]),  # one character too far
        ((-1, 4, "X"), ["Rome"]),
        ((4, 0, "X"), ["Rome"]),  # the wrong way round
        ((5, 5, "X"), ["is"]),  # of no length
        ((90, 99, "X"), ["Rome", "is", "big"]),  # nobody knows where
        ((-9, -2, "X"), ["Rome", "is", "big"]),
    ],
)
def test_words_of_an_entity_that_cannot_be_read_are_not_annotated(
    span: tuple[int, int, str], words: list[str]
) -> None:
    sentence = make("Rome is big", span)
    assert (missing(sentence), sentence.spans) == (words, ())


def test_an_entity_that_can_be_read_stays_beside_one_that_cannot() -> None:
    sentence = make("Rome is big", (0, 4, "LOC"), (0, 99, ""))
    assert (show(sentence), missing(sentence)) == (["Rome/LOC"], ["is", "big"])


def test_words_of_an_entity_that_has_no_place_beside_a_longer_one_are_not_annotated() -> None:
    sentence = make("the New York Times Square", (4, 18, "ORG"), (13, 25, "LOC"))
    assert (show(sentence), missing(sentence)) == (["New York Times/ORG"], ["Square"])
    nested = make("the New York Times", (4, 18, "ORG"), (4, 12, "LOC"))
    assert (show(nested), missing(nested)) == (["New York Times/ORG"], [])


def test_parts_of_a_discontinuous_entity_are_not_annotated() -> None:
    span = CharSpan(0, 14, "PER", parts=((0, 2), (11, 14)))
    sentence = make_text_sentence(TextRecord(text="Ed and Ann Lee", spans=[span]), lang="en")
    assert (sentence.spans, missing(sentence)) == ((), ["Ed", "Lee"])
    assert [(layer.start, layer.end) for layer in sentence.layers] == [(0, 4)]


DOCCANO_NUMBERS = {"text": "Rome is big", "label": [[0, 4, 7]]}


def test_a_file_whose_entities_all_fall_away_is_an_error(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path, {"text": "Hi", "label": []}, DOCCANO_NUMBERS, DOCCANO_NUMBERS)
    message = (
        r"data.jsonl:2: expected entities with types .* got 2 entities of which none can be read "
        r"\(2 × entity without a type, left out, here first\).*by their names"
    )
    with pytest.raises(CorpusError, match=message):
        convert_corpus(str(path), tmp_path / "out.spacy")
    assert not (tmp_path / "out.spacy").exists()
    first, second = read(
        write_jsonl(tmp_path, DOCCANO_NUMBERS, {"text": "Ed", "label": [[0, 2, "P"]]})
    )
    assert (missing(first), show(second)) == (["Rome"], ["Ed/P"])


def test_a_folder_of_brat_whose_entities_all_fall_away_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("Rome", encoding="utf8")
    (tmp_path / "in" / "a.ann").write_text("T1\tLOC 90 94\tRome\n", encoding="utf8")
    with pytest.raises(CorpusError, match=r"a.ann:1: expected entities .* got 1 entity of which"):
        convert_corpus(str(tmp_path / "in"), tmp_path / "out.spacy")


# ---------------------------------------------------------------------------------------- own texts


def test_the_text_of_an_entity_beats_offsets_that_disagree() -> None:
    sentence = make("Hi, Great Town", (2, 12, "LOC"), surface="Great Town")
    assert (show(sentence), missing(sentence)) == (["Great Town/LOC"], [])
    kind = "entity whose text is not at its offsets but near by, taken by its text"
    assert kinds(sentence) == [kind]


def test_line_ends_that_count_once_are_made_up_for() -> None:
    sentence = make("\r\nGreat Town", (1, 11, "LOC"), surface="Great Town")
    assert show(sentence) == ["Great Town/LOC"]
    assert kinds(sentence) == ["offsets that count a line end of two characters once, converted"]
    text = "one line\r\n" * 500 + "Oslo"
    n_line_ends = 500
    start = len(text) - 4 - n_line_ends
    assert show(make(text, (start, start + 4, "LOC"), surface="Oslo")) == ["Oslo/LOC"]


def test_a_text_that_occurs_twice_near_by_is_taken_by_its_offsets() -> None:
    sentence = make("Ed, Ed, Ed", (1, 3, "PER"), surface="Ed")
    assert kinds(sentence)[0] == "entity whose text is not at its offsets, taken by its offsets"


# -------------------------------------------------------------------------------------------- units

WOMAN = "\U0001f469\U0001f3fd"  # two characters of two UTF-16 units each: one grapheme


@pytest.mark.parametrize(("offsets", "start"), [("characters", 3), ("utf16", 5), ("graphemes", 2)])
def test_offsets_count_what_the_user_says(offsets: str, start: int) -> None:
    sentence = make(f"{WOMAN} Edna", (start, start + 4, "PER"), offsets=offsets)
    assert (show(sentence), kinds(sentence)) == (["Edna/PER"], [])


def test_the_source_s_tokens_count_in_the_same_way() -> None:
    record = TextRecord(text=f"{WOMAN} Edna", spans=[CharSpan(5, 9, "X")], tokens=[(0, 4), (5, 9)])
    sentence = make_text_sentence(record, lang="en", offsets="utf16")
    assert (sentence.words, show(sentence)) == ((WOMAN, "Edna"), ["Edna/X"])


def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"offsets must be characters, utf16 or graphemes, got"):
        ReadOptions(offsets="bytes")


@pytest.mark.parametrize("unit", ["utf16", "graphemes"])
def test_the_report_says_which_offsets_would_cut_no_token(tmp_path: Path, unit: str) -> None:
    start = {"utf16": 7, "graphemes": 4}[unit]
    record: dict[str, Any] = {"text": f"A {WOMAN} Edna B", "spans": [[start, start + 4, "PER"]]}
    path = write_jsonl(tmp_path, record)
    (file,) = convert_corpus(str(path), tmp_path / "a.spacy").files
    assert ("hint", f'offsets = "{unit}" would cut no token') in list(file.rows())
    options = ReadOptions(offsets=unit)
    (file,) = convert_corpus(str(path), tmp_path / "a.spacy", options).files
    assert (file.entities, file.repairs) == ({"PER": 1}, {})


def test_there_is_no_hint_where_other_offsets_explain_only_some_cuts(tmp_path: Path) -> None:
    records = [
        {"text": f"A {WOMAN} Edna B", "spans": [[7, 11, "PER"]]},
        {"text": "iPhone5s", "spans": [[0, 6, "X"]]},
    ]
    (file,) = convert_corpus(str(write_jsonl(tmp_path, *records)), tmp_path / "a.spacy").files
    assert "hint" not in dict(file.rows())
