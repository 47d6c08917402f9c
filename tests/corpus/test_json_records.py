"""JSON and JSONL in the forms that annotation tools write."""

import json
from pathlib import Path
from typing import Any

import pytest

from spacy_hf_ner.corpus.opening import open_corpus
from spacy_hf_ner.corpus.source import ReadOptions
from spacy_hf_ner.errors import CorpusError
from tests.corpus.sentences import kinds, read, show, text_of

PRODIGY = {"text": "I saw Ed in Oslo.", "spans": [{"start": 6, "end": 8, "label": "PER"}], "answer": "accept"}
DOCCANO = {"id": 7, "text": "I saw Ed in Oslo.", "label": [[6, 8, "PER"]]}
DOCCANO_RELATIONS = {"text": "I saw Ed in Oslo.", "entities": [{"label": "PER", "start_offset": 6, "end_offset": 8}]}
LABEL_STUDIO = {
    "data": {"text": "I saw Ed in Oslo."},
    "annotations": [
        {"was_cancelled": True, "result": []},
        {"result": [{"value": {"start": 6, "end": 8, "text": "Ed", "labels": ["PER"]}}, {"type": "relation"}]},
    ],
}
LABEL_STUDIO_SMALL = {"text": "I saw Ed in Oslo.", "label": [{"start": 6, "end": 8, "text": "Ed", "labels": ["PER"]}]}
SPACY_2 = ["I saw Ed in Oslo.", {"entities": [[6, 8, "PER"]]}]
WIKIPEDIA_JA = {"curid": "1", "text": "I saw Ed in Oslo.", "entities": [{"name": "Ed", "span": [6, 8], "type": "PER"}]}
WORDS = {"tokens": ["I", "saw", "Ed", "in", "Oslo", "."], "ner_tags": ["O", "O", "B-PER", "O", "O", "O"]}
TRAINING = {
    "id": 1,
    "paragraphs": [{"sentences": [{"tokens": [{"orth": w, "ner": t} for w, t in zip(*WORDS.values(), strict=True)]}]}],
}
RECORDS: dict[str, Any] = {
    "Prodigy": PRODIGY,
    "Doccano": DOCCANO,
    "Doccano with relations": DOCCANO_RELATIONS,
    "Label Studio": LABEL_STUDIO,
    "Label Studio, small": LABEL_STUDIO_SMALL,
    "spaCy 2 pairs": SPACY_2,
    "spaCy 2 training": TRAINING,
    "Stockmark": WIKIPEDIA_JA,
    "words and tags": WORDS,
}


@pytest.mark.parametrize("form", ["lines", "array", "pretty array"])
@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS.keys())
def test_a_record_of_any_tool_is_read_from_lines_and_arrays(tmp_path: Path, record: object, form: str) -> None:
    path = tmp_path / "data.json"
    records = [record, record]
    if form == "lines":
        path.write_text("".join(json.dumps(r) + "\n" for r in records))
    else:
        path.write_text(json.dumps(records, indent=2 if form == "pretty array" else None))
    sentences = read(path)
    assert [s.words for s in sentences] == [("I", "saw", "Ed", "in", "Oslo", ".")] * 2
    assert [show(s) for s in sentences] == [["Ed/PER"]] * 2
    assert not any(s.missing for s in sentences)


def write_jsonl(tmp_path: Path, *records: object) -> Path:
    path = tmp_path / "data.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_a_text_comes_back_to_the_letter(tmp_path: Path) -> None:
    text = "  Oh\n\nno \t!  \U0001f924 "
    (sentence,) = read(write_jsonl(tmp_path, {"text": text, "spans": []}))
    assert text_of(sentence) == text


def test_a_record_without_spans_has_no_entities_if_others_have_some(tmp_path: Path) -> None:
    first, second = read(write_jsonl(tmp_path, {"text": "Hello you"}, PRODIGY))
    assert (first.missing, show(second)) == ((), ["Ed/PER"])


def test_a_file_without_spans_is_not_annotated(tmp_path: Path) -> None:
    (sentence,) = read(write_jsonl(tmp_path, {"text": "Hello you"}))
    assert sentence.missing == (0, 1)


@pytest.mark.parametrize("answer", ["ignore", "reject"])
def test_records_that_were_refused_are_left_out_and_counted(tmp_path: Path, answer: str) -> None:
    sentences = list(open_corpus(write_jsonl(tmp_path, PRODIGY | {"answer": answer}, PRODIGY), ReadOptions()).read())
    assert [s.words[:1] for s in sentences] == [("I",)]
    assert kinds(sentences[0]) == [f"record answered {answer!r}, left out"]


def spans(text: str, *found: tuple[int, int, str]) -> dict[str, Any]:
    return {"text": text, "spans": [{"start": s, "end": e, "label": label} for s, e, label in found]}


def test_a_span_that_cuts_a_token_cuts_the_token_and_is_reported(tmp_path: Path) -> None:
    (sentence,) = read(write_jsonl(tmp_path, spans("The iPhone5s-like thing", (4, 10, "PROD"))))
    assert sentence.words == ("The", "iPhone", "5s", "-", "like", "thing")
    assert show(sentence) == ["iPhone/PROD"]
    assert kinds(sentence) == ["entity that begins or ends inside of a token, token cut"]
    assert text_of(sentence) == "The iPhone5s-like thing"


def test_spans_that_overlap_are_all_kept_in_the_layers(tmp_path: Path) -> None:
    (sentence,) = read(write_jsonl(tmp_path, spans("Bank of England", (0, 15, "ORG"), (8, 15, "LOC"))))
    assert show(sentence) == ["Bank of England/ORG"]
    assert [span.entity_type for span in sentence.layers] == ["ORG", "LOC"]


def test_spans_are_trimmed_or_left_out_with_a_word_about_it(tmp_path: Path) -> None:
    record = spans("Ed  ran", (0, 3, "PER"), (2, 4, "X"), (5, 99, "X"), (4, 4, "X"))
    (sentence,) = read(write_jsonl(tmp_path, record))
    assert show(sentence) == ["Ed/PER"]
    assert kinds(sentence) == [
        "white space at the border of an entity, trimmed",
        "entity of white space only, left out",
        "entity outside of its text or without a type, left out",
        "entity outside of its text or without a type, left out",
    ]


def test_half_a_character_in_json_is_replaced_and_reported(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text('{"text": "a \\ud83d b", "spans": []}\n')
    (sentence,) = read(path)
    assert sentence.words == ("a", "\ufffd", "b")
    assert kinds(sentence) == ["half of a character beyond U+FFFF, read as U+FFFD"]


def test_an_entity_whose_text_is_elsewhere_is_taken_by_its_offsets_and_reported(tmp_path: Path) -> None:
    record = {"text": "Ed ran", "label": [{"start": 0, "end": 2, "text": "Bo", "labels": ["PER"]}]}
    (sentence,) = read(write_jsonl(tmp_path, record))
    assert (show(sentence), kinds(sentence)) == (
        ["Ed/PER"],
        ["entity whose text is not at its offsets, taken by its offsets"],
    )


def test_offsets_that_count_utf_16_units_are_told_by_the_text_of_the_span(tmp_path: Path) -> None:
    record = {"text": "\U0001f924 Ed ran", "label": [{"start": 3, "end": 5, "text": "Ed", "labels": ["PER"]}]}
    (sentence,) = read(write_jsonl(tmp_path, record))
    assert (show(sentence), kinds(sentence)) == (["Ed/PER"], ["offsets in UTF-16 units, converted"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"text": "a", "spans": []}\n{oops\n', r"data.jsonl:2: expected JSON"),
        ('{"text": "a", "spans": []}\n[1]\n', r"data.jsonl:2: expected a JSON object, got list"),
        (
            '{"text": "a", "spans": [{"start": 0}]}\n',
            r"data.jsonl:1: expected an entity with the numbers start and end",
        ),
        ('{"title": "a"}\n', r"data.jsonl:1: expected a record with a text .* got the keys title"),
        ('{"tokens": ["a"], "ner_tags": [1]}\n', r"data.jsonl:1: expected the names of the tags in 'ner_tags'"),
        ('{"tokens": ["a"], "ner_tags": []}\n', r"data.jsonl:1: expected as many ner_tags as tokens, got 0 for 1"),
        ("", r"expected JSON records, got none"),
    ],
)
def test_json_that_cannot_be_read_is_an_error_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(text)
    with pytest.raises(CorpusError, match=message):
        read(path)
