"""The forms of annotation tools, each with what it alone has."""

import json
from pathlib import Path
from typing import Any

import pytest

from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.corpus.conversion import convert_corpus
from spacy_hf_ner.corpus.docs import make_doc
from spacy_hf_ner.corpus.opening import open_corpus
from spacy_hf_ner.corpus.source import ReadOptions
from spacy_hf_ner.corpus.texts import blank_pipeline
from spacy_hf_ner.errors import CorpusError
from tests.corpus.sentences import kinds, missing, read, show, write_jsonl

TEXT = "I saw Ed in Oslo."

# ------------------------------------------------------------------------------------------- keyed


@pytest.mark.parametrize(
    "entities",
    [
        [["PER", 6, 8]],  # argilla
        [["PER", 6, 8, 0.75]],
        [[6, 8, "PER", 0.75]],
        [["6", "8", "PER"]],
        [{"start": "6", "end": "8", "label": "PER"}],
        [{"start": 6.0, "end": 8.0, "label": "PER"}],
        {"start": [6], "end": [8], "label": ["PER"]},  # of parquet
    ],
)
def test_entities_are_read_in_any_form(tmp_path: Path, entities: object) -> None:
    (sentence,) = read(write_jsonl(tmp_path, {"text": TEXT, "annotation": entities}))
    assert (show(sentence), kinds(sentence)) == (["Ed/PER"], [])


def test_entities_that_are_null_are_not_known(tmp_path: Path) -> None:
    records = [
        {"text": TEXT, "annotation": [["PER", 6, 8]]},
        {"text": "Hi you", "annotation": None},
    ]
    _, second = read(write_jsonl(tmp_path, *records))
    assert missing(second) == ["Hi", "you"]


def test_scores_are_kept(tmp_path: Path) -> None:
    (sentence,) = read(write_jsonl(tmp_path, {"text": TEXT, "entities": [["PER", 6, 8, 0.75]]}))
    assert sentence.scores == {TokenSpan(2, 3, "PER"): 0.75}


@pytest.mark.parametrize("score", [10**4_000, -1, float("nan"), float("inf"), "high", None])
def test_scores_that_are_no_probabilities_are_none(tmp_path: Path, score: object) -> None:
    span = {"start": 6, "end": 8, "label": "PER", "score": score}
    (sentence,) = read(write_jsonl(tmp_path, {"text": TEXT, "spans": [span]}))
    assert (show(sentence), sentence.scores) == (["Ed/PER"], {})


def test_metadata_comes_into_user_data_and_back(tmp_path: Path) -> None:
    record = {
        "text": TEXT,
        "spans": [],
        "source": "a book",
        "year": 1999,
        "big": 10**30,
        "_task_hash": 7,
        "meta": {"page": 3, "deep": {"tags": ["x", None]}},
    }
    expected = {
        "source": "a book",
        "year": 1999,
        "big": str(10**30),
        "page": 3,
        "deep": {"tags": ["x", None]},
    }
    path = write_jsonl(tmp_path, record)
    (sentence,) = read(path)
    assert sentence.meta == expected
    convert_corpus(str(path), tmp_path / "a.spacy")
    source = open_corpus(tmp_path / "a.spacy", ReadOptions())
    (back,) = source.read()
    assert (json.loads(json.dumps(back.meta)), kinds(back)) == (expected, [])


def test_metadata_of_any_depth_is_written(tmp_path: Path) -> None:
    deep: Any = "x"
    for _ in range(400):
        deep = [deep]
    path = write_jsonl(tmp_path, {"text": TEXT, "spans": [], "meta": {"deep": deep}})
    convert_corpus(str(path), tmp_path / "a.spacy")
    assert len(list(open_corpus(tmp_path / "a.spacy", ReadOptions()).read())) == 1


# ------------------------------------------------------------------------------------- DataTurks


def test_ends_of_dataturks_are_the_last_characters(tmp_path: Path) -> None:
    record = {
        "content": TEXT,
        "annotation": [
            {"label": ["PER"], "points": [{"start": 6, "end": 7, "text": "Ed"}]},
            {"label": ["LOC"], "points": [{"start": 12, "end": 15, "text": "Oslo"}]},
        ],
        "extras": None,
    }
    (sentence,) = read(write_jsonl(tmp_path, record))
    assert (show(sentence), kinds(sentence)) == (["Ed/PER", "Oslo/LOC"], [])
    (sentence,) = read(write_jsonl(tmp_path, {"content": TEXT, "annotation": None, "extras": None}))
    assert len(missing(sentence)) == 6


# ------------------------------------------------------------------------------------- GLiNER


def test_entities_of_gliner_are_words_up_to_their_last(tmp_path: Path) -> None:
    record = {
        "tokenized_text": ["Ed", "Li", "saw", "Oslo"],
        "ner": [[0, 1, "person"], [3, 3, "city"]],
    }
    (sentence,) = read(write_jsonl(tmp_path, record))
    assert (show(sentence), missing(sentence)) == (["Ed Li/person", "Oslo/city"], [])


def test_entities_of_gliner_that_cannot_be_read_are_not_annotated(tmp_path: Path) -> None:
    record = {
        "tokenized_text": ["Ed", " ", "saw", "Oslo"],
        "ner": [[0, 0, "person"], [3, 4, "city"]],
    }
    (sentence,) = read(write_jsonl(tmp_path, record))
    assert (sentence.words, show(sentence)) == (("Ed", "saw", "Oslo"), ["Ed/person"])
    assert missing(sentence) == ["Oslo"]
    assert kinds(sentence) == ["entity outside of its text, left out", "blank word, left out"]
    with pytest.raises(CorpusError, match=r"got 1 entity of which none can be read"):
        read(write_jsonl(tmp_path, {"tokenized_text": ["Ed"], "ner": [[0, 5, "person"]]}))


# ------------------------------------------------------------------------------------- Prodigy


def answer(given: str, start: int, end: int, label: str, **others: object) -> dict[str, object]:
    span = {"start": start, "end": end, "label": label}
    return {
        "text": TEXT,
        "_input_hash": 17,
        "spans": [span],
        "answer": given,
        "_is_binary": True,
        **others,
    }


def test_binary_answers_about_one_text_become_one_whose_other_words_are_unknown(
    tmp_path: Path,
) -> None:
    other = {"text": "Hi Bo", "spans": [{"start": 3, "end": 5, "label": "PER"}], "answer": "accept"}
    path = write_jsonl(
        tmp_path,
        answer("accept", 6, 8, "PER"),
        other,
        answer("reject", 12, 16, "PER"),
        answer("ignore", 0, 1, "PER"),
    )
    first, second = read(path)
    assert (show(first), missing(first)) == (["Ed/PER"], ["I", "saw", "in", "Oslo", "."])
    assert first.rejected == (TokenSpan(4, 5, "PER"),)
    assert kinds(first) == ["record answered 'ignore', left out"]
    assert (show(second), missing(second)) == (["Bo/PER"], [])


def test_rejected_spans_are_in_a_group_that_training_can_name(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path, answer("reject", 12, 16, "PER"))
    (sentence,) = read(path)
    doc = make_doc([sentence], blank_pipeline("en").vocab, lang="en")
    group = doc.spans["incorrect_spans"]
    assert [(span.text, span.label_) for span in group] == [("Oslo", "PER")]
    assert [token.ent_iob for token in doc] == [0] * 6
    convert_corpus(str(path), tmp_path / "a.spacy")
    (back,) = open_corpus(tmp_path / "a.spacy", ReadOptions()).read()
    assert back.rejected == sentence.rejected


def test_a_span_both_accepted_and_rejected_is_neither(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path, answer("accept", 6, 8, "PER"), answer("reject", 6, 8, "PER"))
    (sentence,) = read(path)
    assert (sentence.spans, sentence.rejected, len(missing(sentence))) == ((), (), 6)
    assert kinds(sentence) == ["span both accepted and rejected, left out"]


def test_answers_that_all_ignore_a_text_leave_it_out(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path, answer("ignore", 6, 8, "PER"), answer("ignore", 0, 1, "PER"))
    assert read(path) == []


def test_white_space_at_the_border_of_a_token_does_not_cost_its_word(tmp_path: Path) -> None:
    tokens = [{"start": 0, "end": 1}, {"start": 1, "end": 3}, {"start": 3, "end": 4}]
    tokens += [{"start": 4, "end": 7}]
    (sentence,) = read(write_jsonl(tmp_path, {"text": "I m ran", "tokens": tokens, "spans": []}))
    assert sentence.words == ("I", "m", "ran")


# ------------------------------------------------------------------------------------- Label Studio


def test_offsets_in_html_count_the_text_that_is_shown(tmp_path: Path) -> None:
    value = {
        "start": "/div[1]/p[1]/text()[1]",
        "end": "/div[1]/p[1]/text()[1]",
        "startOffset": 4,
        "endOffset": 6,
        "globalOffsets": {"start": 4, "end": 6},
        "text": "Ed",
        "hypertextlabels": ["PER"],
    }
    html = "<style>p {}</style><div><p>I &amp; <b>Ed</b> ran</p></div>"
    record = {"data": {"html": html}, "annotations": [{"result": [{"value": value}]}]}
    (sentence,) = read(write_jsonl(tmp_path, record))
    assert sentence.words == ("I", "&", "Ed", "ran")
    assert (show(sentence), kinds(sentence)) == (["Ed/PER"], [])


def test_a_text_of_any_name_is_found(tmp_path: Path) -> None:
    result = {"value": {"start": 6, "end": 8, "text": "Ed", "labels": ["PER"]}}
    record = {"data": {"article": TEXT, "page": 3}, "annotations": [{"result": [result]}]}
    (sentence,) = read(write_jsonl(tmp_path, record))
    assert (show(sentence), sentence.meta["page"]) == (["Ed/PER"], 3)


def test_predictions_are_read_only_where_nobody_has_annotated(tmp_path: Path) -> None:
    result = {"value": {"start": 6, "end": 8, "text": "Ed", "labels": ["PER"]}, "score": 0.5}
    predicted = {"data": {"text": TEXT}, "predictions": [{"result": [result]}]}
    (sentence,) = read(write_jsonl(tmp_path, predicted))
    assert (show(sentence), list(sentence.scores.values())) == (["Ed/PER"], [0.5])
    assert kinds(sentence) == ["prediction, read because nobody has annotated a text"]
    annotated = {"data": {"text": "Hi"}, "annotations": [{"result": []}]}
    first, second = read(write_jsonl(tmp_path, predicted, annotated))
    assert (len(missing(first)), missing(second)) == (6, [])


@pytest.mark.parametrize("damaged", ["a", ["a"], [{"result": ["a"]}], [{"result": 1}], {"a": 1}])
def test_what_is_no_annotation_of_a_task_says_nothing_of_its_text(
    tmp_path: Path, damaged: object
) -> None:
    record = {"data": {"text": TEXT}, "annotations": [{"result": []}], "completions": damaged}
    assert [sentence.words[:3] for sentence in read(write_jsonl(tmp_path, record))] == [
        ("I", "saw", "Ed")
    ]
