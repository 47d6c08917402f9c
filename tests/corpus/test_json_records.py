"""JSON and JSONL in the forms that annotation tools write."""

import json
from pathlib import Path
from typing import Any

import pytest

from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.corpus.columns import Columns
from spacy_hf_ner.corpus.docs import group_documents
from spacy_hf_ner.corpus.opening import open_corpus
from spacy_hf_ner.corpus.sentence import Problem
from spacy_hf_ner.corpus.source import ReadOptions
from spacy_hf_ner.errors import CorpusError
from tests.corpus.sentences import kinds, read, show, text_of

PRODIGY = {
    "text": "I saw Ed in Oslo.",
    "spans": [{"start": 6, "end": 8, "label": "PER"}],
    "answer": "accept",
}
DOCCANO = {"id": 7, "text": "I saw Ed in Oslo.", "label": [[6, 8, "PER"]]}
DOCCANO_RELATIONS = {
    "text": "I saw Ed in Oslo.",
    "entities": [{"label": "PER", "start_offset": 6, "end_offset": 8}],
}
LABEL_STUDIO = {
    "data": {"text": "I saw Ed in Oslo."},
    "annotations": [
        {"was_cancelled": True, "result": []},
        {
            "result": [
                {"value": {"start": 6, "end": 8, "text": "Ed", "labels": ["PER"]}},
                {"type": "relation"},
            ]
        },
    ],
}
LABEL_STUDIO_SMALL = {
    "text": "I saw Ed in Oslo.",
    "label": [{"start": 6, "end": 8, "text": "Ed", "labels": ["PER"]}],
}
SPACY_2 = ["I saw Ed in Oslo.", {"entities": [[6, 8, "PER"]]}]
WIKIPEDIA_JA = {
    "curid": "1",
    "text": "I saw Ed in Oslo.",
    "entities": [{"name": "Ed", "span": [6, 8], "type": "PER"}],
}
WORDS = {
    "tokens": ["I", "saw", "Ed", "in", "Oslo", "."],
    "ner_tags": ["O", "O", "B-PER", "O", "O", "O"],
}
TRAINING = {
    "id": 1,
    "paragraphs": [
        {
            "sentences": [
                {"tokens": [{"orth": w, "ner": t} for w, t in zip(*WORDS.values(), strict=True)]}
            ]
        }
    ],
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
def test_a_record_of_any_tool_is_read_from_lines_and_arrays(
    tmp_path: Path, record: object, form: str
) -> None:
    path = tmp_path / "data.json"
    records = [record, record]
    if form == "lines":
        path.write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf8")
    else:
        path.write_text(
            json.dumps(records, indent=2 if form == "pretty array" else None), encoding="utf8"
        )
    sentences = read(path)
    assert [s.words for s in sentences] == [("I", "saw", "Ed", "in", "Oslo", ".")] * 2
    assert [show(s) for s in sentences] == [["Ed/PER"]] * 2
    assert not any(s.missing for s in sentences)


def write_jsonl(tmp_path: Path, *records: object) -> Path:
    path = tmp_path / "data.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf8")
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
    sentences = list(
        open_corpus(
            write_jsonl(tmp_path, PRODIGY | {"answer": answer}, PRODIGY), ReadOptions()
        ).read()
    )
    assert [s.words[:1] for s in sentences] == [("I",)]
    assert kinds(sentences[0]) == [f"record answered {answer!r}, left out"]


def spans(text: str, *found: tuple[int, int, str]) -> dict[str, Any]:
    return {
        "text": text,
        "spans": [{"start": s, "end": e, "label": label} for s, e, label in found],
    }


def test_a_span_that_cuts_a_token_cuts_the_token_and_is_reported(tmp_path: Path) -> None:
    (sentence,) = read(write_jsonl(tmp_path, spans("The iPhone5s-like thing", (4, 10, "PROD"))))
    assert sentence.words == ("The", "iPhone", "5s", "-", "like", "thing")
    assert show(sentence) == ["iPhone/PROD"]
    assert kinds(sentence) == ["entity that begins or ends inside of a token, token cut"]
    assert text_of(sentence) == "The iPhone5s-like thing"


def test_spans_that_overlap_are_all_kept_in_the_layers(tmp_path: Path) -> None:
    (sentence,) = read(
        write_jsonl(tmp_path, spans("Bank of England", (0, 15, "ORG"), (8, 15, "LOC")))
    )
    assert show(sentence) == ["Bank of England/ORG"]
    assert [span.entity_type for span in sentence.layers] == ["ORG", "LOC"]


def test_spans_are_trimmed_or_left_out_with_a_word_about_it(tmp_path: Path) -> None:
    record = spans("Ed  ran", (0, 3, "PER"), (2, 4, "X"), (5, 99, "X"), (4, 4, "X"))
    (sentence,) = read(write_jsonl(tmp_path, record))
    assert show(sentence) == ["Ed/PER"]
    assert kinds(sentence) == [
        "white space at the border of an entity, trimmed",
        "entity of white space only, left out",
        "entity outside of its text, left out",
        "entity outside of its text, left out",
    ]
    assert sentence.missing == (1,)


def test_half_a_character_in_json_is_replaced_and_reported(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text('{"text": "a \\ud83d b", "spans": []}\n', encoding="utf8")
    (sentence,) = read(path)
    assert sentence.words == ("a", "\ufffd", "b")
    assert kinds(sentence) == ["half of a character beyond U+FFFF, read as U+FFFD"]


def test_an_entity_whose_text_is_elsewhere_is_taken_by_its_offsets_and_reported(
    tmp_path: Path,
) -> None:
    record = {"text": "Ed ran", "label": [{"start": 0, "end": 2, "text": "Bo", "labels": ["PER"]}]}
    (sentence,) = read(write_jsonl(tmp_path, record))
    assert (show(sentence), kinds(sentence)) == (
        ["Ed/PER"],
        ["entity whose text is not at its offsets, taken by its offsets"],
    )


def test_offsets_that_count_utf_16_units_are_told_by_the_text_of_the_span(tmp_path: Path) -> None:
    record = {
        "text": "\U0001f924 Ed ran",
        "label": [{"start": 3, "end": 5, "text": "Ed", "labels": ["PER"]}],
    }
    (sentence,) = read(write_jsonl(tmp_path, record))
    assert (show(sentence), kinds(sentence)) == (["Ed/PER"], ["offsets in UTF-16 units, converted"])


def test_half_a_character_anywhere_in_json_is_replaced_and_reported(tmp_path: Path) -> None:
    half = "half of a character beyond U+FFFF, read as U+FFFD"
    first, second = read(
        write_jsonl(tmp_path, spans("Ed", (0, 2, "P\ud83d")) | {"id": "\udc00"}, PRODIGY)
    )
    assert (show(first), first.document_id, kinds(first)) == (
        ["Ed/P\ufffd"],
        "\ufffd",
        [half, half],
    )
    assert kinds(second) == []
    (words,) = read(
        write_jsonl(tmp_path, {"id": "\ud800", "tokens": ["Ed"], "ner_tags": ["B-\ud83d"]})
    )
    assert (show(words), words.sentence_id, kinds(words)) == (["Ed/\ufffd"], "\ufffd", [half, half])
    source = open_corpus(write_jsonl(tmp_path, {**TRAINING, "id": "\ud800"}), ReadOptions())
    assert ([s.document_id for s in source.read()], source.origin.problems) == (
        ["\ufffd"],
        (Problem(half, 1),),
    )


# ------------------------------------------------------------------------------------------- fields


@pytest.mark.parametrize(
    ("record", "columns"),
    [
        ({"tokens": ["Ed", "ran"], "gold": ["B-PER", "O"]}, Columns(tag="gold")),
        ({"Words": ["Ed", "ran"], "NER": ["B-PER", "O"]}, Columns()),
        ({"words": ["Ed", "ran"], "ner": ["B-PER", "O"]}, Columns("words", "ner")),
        ({"text": ["Ed", "ran"], "labels": ["B-PER", "O"]}, Columns()),
        (
            {"text": "Ed ran", "tag": "news", "tokens": ["Ed", "ran"], "ner": ["B-PER", "O"]},
            Columns(),
        ),
        ({"title": "Ed ran", "gold": [[0, 2, "PER"]]}, Columns("title", "gold")),
        ({"text": "Ed ran", "spans": [[3, 6, "X"]], "gold": [[0, 2, "PER"]]}, Columns(tag="gold")),
        ({"text": "Ed ran", "annotations": [{"start": 0, "end": 2, "label": "PER"}]}, Columns()),
    ],
)
def test_fields_are_those_that_are_named_or_known(
    tmp_path: Path, record: object, columns: Columns
) -> None:
    (sentence,) = read(write_jsonl(tmp_path, record), ReadOptions(columns=columns))
    assert (sentence.words, show(sentence)) == (("Ed", "ran"), ["Ed/PER"])


def test_parts_of_speech_and_chunks_are_read_without_entities(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path, {"tokens": ["Ed"], "pos_tags": ["NNP"], "chunk_tags": ["B-NP"]})
    (pos,) = read(path, ReadOptions(columns=Columns(task="pos")))
    assert (pos.pos, pos.spans, pos.missing) == (("NNP",), (), (0,))
    (chunks,) = read(path, ReadOptions(columns=Columns(task="chunk")))
    assert (chunks.chunks, chunks.spans, chunks.missing) == ((TokenSpan(0, 1, "NP"),), (), (0,))


@pytest.mark.parametrize(
    ("record", "columns", "message"),
    [
        (
            {"tokens": ["Ed"], "gold": ["O"]},
            Columns(),
            r"expected a field of tags \(tag, .* got only tokens, gold. Name",
        ),
        (
            {"tokens": ["Ed"], "pos": ["X"]},
            Columns(task="chunk"),
            r"expected a field of chunks \(chunk, .* tokens, pos",
        ),
        (
            {"text": "Ed", "spans": []},
            Columns(tag="gold"),
            r"expected a list of entities in the field 'gold', got no",
        ),
        (
            {"text": "Ed", "spans": []},
            Columns("title"),
            r"data.jsonl:1: expected a record with a text and its",
        ),
        (
            PRODIGY,
            Columns(task="pos"),
            r"data.jsonl:1: expected lists of words and tags for column = .pos., got a text",
        ),
    ],
)
def test_fields_that_are_not_there_are_an_error(
    tmp_path: Path, record: object, columns: Columns, message: str
) -> None:
    with pytest.raises(CorpusError, match=message):
        read(write_jsonl(tmp_path, record), ReadOptions(columns=columns))


def test_a_record_that_is_a_document_mark_begins_a_document(tmp_path: Path) -> None:
    mark, hi = {"tokens": ["-DOCSTART-"], "ner_tags": ["O"]}, {"tokens": ["Hi"], "ner_tags": ["O"]}
    empty: dict[str, list[str]] = {"tokens": [], "ner_tags": []}
    source = open_corpus(write_jsonl(tmp_path, mark, hi, hi, mark, empty, WORDS), ReadOptions())
    documents = list(group_documents(source.read(), has_documents=source.has_documents))
    assert [[s.words[0] for s in document] for document in documents] == [["Hi", "Hi"], ["I"]]


def test_ids_that_are_null_are_none(tmp_path: Path) -> None:
    (words,) = read(write_jsonl(tmp_path, WORDS | {"id": None, "document_id": None}))
    assert (words.sentence_id, words.document_id) == ("", "")
    (text,) = read(write_jsonl(tmp_path, PRODIGY | {"id": None, "doc_id": 7}))
    assert text.document_id == "7"


# ------------------------------------------------------------------------------------- Label Studio


def task(*annotations: dict[str, Any]) -> dict[str, Any]:
    return {"data": {"text": "I saw Ed in Oslo."}, "annotations": list(annotations)}


def result(*labels: str) -> dict[str, Any]:
    return {"type": "labels", "value": {"start": 6, "end": 8, "text": "Ed", "labels": list(labels)}}


def test_results_that_are_no_entities_are_left_out_and_counted(tmp_path: Path) -> None:
    others = [
        {"type": "choices", "value": {"choices": ["Sports"]}},
        {"type": "relation", "from_id": "a", "to_id": "b"},
    ]
    (sentence,) = read(
        write_jsonl(tmp_path, task({"result": [others[0], result("PER"), others[1]]}))
    )
    assert (show(sentence), kinds(sentence)) == (
        ["Ed/PER"],
        ["result that is no entity, left out"] * 2,
    )


def test_tasks_without_annotation_are_not_annotated_and_cancelled_ones_left_out(
    tmp_path: Path,
) -> None:
    cancelled = task({"was_cancelled": True, "result": []})
    path = write_jsonl(
        tmp_path, task({"result": [result("PER")]}), task(), task({"result": []}), cancelled
    )
    sentences = list(open_corpus(path, ReadOptions()).read())
    assert [(show(s), s.missing) for s in sentences] == [
        (["Ed/PER"], ()),
        ([], (0, 1, 2, 3, 4, 5)),
        ([], ()),
        ([], ()),
    ]
    assert (sentences[3].words, sentences[3].problems) == (
        (),
        (Problem("record whose annotation was cancelled, left out", 4),),
    )


def test_annotations_of_others_and_further_types_are_kept_or_counted(tmp_path: Path) -> None:
    (sentence,) = read(
        write_jsonl(tmp_path, task({"result": [result("PER", "HERO")]}, {"result": [result("X")]}))
    )
    assert show(sentence) == ["Ed/PER"]
    assert sentence.layers == (TokenSpan(2, 3, "HERO"), TokenSpan(2, 3, "PER"))
    assert kinds(sentence) == ["annotation beside the first one of its text, left out"]


# ------------------------------------------------------------------------------------------- errors


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
        (
            '{"tokens": ["a"], "ner_tags": [1]}\n',
            r"data.jsonl:1: expected the names of the tags in 'ner_tags'",
        ),
        (
            '{"tokens": ["a"], "ner_tags": []}\n',
            r"data.jsonl:1: expected as many ner_tags as tokens, got 0 for 1",
        ),
        ("", r"expected JSON records, got none"),
        (
            '[\n {"text": "a",\n  "spans": []},\n {\n  "text": 1}\n]',
            r"data.jsonl:4: expected a text, got only text",
        ),
        (
            '[\n {"text": "a",\n  "spans" []}\n]',
            r"data.jsonl:3: expected JSON, got .*Expecting ':' delimiter: column 11",
        ),
        (
            '[\n {"text": "a"}\n {"text": "b"}\n]',
            r"data.jsonl:3: expected JSON, got .*Expecting ',' delimiter",
        ),
        ('[\n {"text": "a"}\n]\n\n]', r"data.jsonl:5: expected JSON, got .*Extra data: column 1"),
        (
            '{\n "text": "a"\n "spans": []\n}',
            r"data.jsonl:3: expected JSON, got .*Expecting ',' delimiter: column 2",
        ),
        (
            '\n[\n{"text": "a"},\n[' + "[" * 10_000,
            r"data.jsonl:4: expected JSON, got something else",
        ),
        ("[]", r"expected JSON records, got none"),
    ],
)
def test_json_that_cannot_be_read_is_an_error_with_its_line(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(text, encoding="utf8")
    with pytest.raises(CorpusError, match=message):
        read(path)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"content": "Ed", "tags": []}, r"The nearest form is DataTurks', which has 'content' and"),
        ({"Data": 1, "annotations": 2}, r"nearest form is Label Studio's, which has 'data' and"),
        ({"a": 1}, r"got the keys a. Rename them to text and spans"),
        ({str(i): i for i in range(15)}, r"10, 11 and 3 others\. Rename"),
    ],
)
def test_the_error_on_an_unknown_form_names_the_nearest_one(
    tmp_path: Path, record: object, message: str
) -> None:
    with pytest.raises(CorpusError, match=message):
        read(write_jsonl(tmp_path, record))
