"""Rows to entities: what a Doc already knows, thresholds, and overlapping spans."""

from typing import Any

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, Span

from spacy_hf_ner.core.alignment import Units
from spacy_hf_ner.core.labels import read_labels
from spacy_hf_ner.core.units import UnitRows
from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.pipe.annotation import ScoredSpan
from spacy_hf_ner.pipe.component_settings import check_threshold
from spacy_hf_ner.pipe.entities import find_entities
from spacy_hf_ner.pipe.segments import cut_segments, find_kept_tokens

TAGS = read_labels(["O", "B-PER", "I-PER", "B-LOC", "I-LOC"], scheme="IOB2")


def _rows(tags: str, *, sure: float = 0.8) -> np.ndarray:
    """Return rows that are sure of tags; ``?`` is a token of which nothing is known."""
    rows = np.full((len(tags.split()), len(TAGS)), (1 - sure) / (len(TAGS) - 1), dtype=np.float32)
    for row, tag in zip(rows, tags.split(), strict=True):
        row[:] = np.nan if tag == "?" else row
        if tag != "?":
            row[TAGS.labels.index(tag)] = sure
    return np.log(rows)


def _find(doc: Doc, rows: np.ndarray, **settings: Any) -> list[tuple[int, int, str]]:
    return [(s.span.start, s.span.end, s.span.entity_type) for s in _score(doc, rows, **settings)]


def _score(doc: Doc, rows: np.ndarray, **settings: Any) -> list[ScoredSpan]:
    defaults: dict[str, Any] = {
        "decoder": "viterbi",
        "threshold": None,
        "keep_entities": True,
        "overlapping": False,
    }
    return find_entities([doc], [_of_tokens(rows)], TAGS, **(defaults | settings))[0]


def _of_tokens(rows: np.ndarray) -> UnitRows:
    """Return rows whose units are all the tokens of a Doc; where in the text is of no account."""
    token_i = np.arange(len(rows))
    return UnitRows(rows, Units(token_i, token_i, token_i + 1))


VOCAB = spacy.blank("xx").vocab


def _doc(text: str, **settings: Any) -> Doc:
    return Doc(VOCAB, words=text.split(" "), spaces=[False] * len(text.split(" ")), **settings)


def test_entities_of_several_docs_are_kept_apart() -> None:
    docs = [_doc("a b"), _doc("c"), Doc(VOCAB)]
    rows = [_rows("B-PER I-PER"), _rows("I-PER"), np.zeros((0, 5), dtype=np.float32)]
    found = find_entities(
        docs,
        [_of_tokens(r) for r in rows],
        TAGS,
        decoder="viterbi",
        threshold=None,
        keep_entities=True,
        overlapping=False,
    )
    assert [[(s.span.start, s.span.end) for s in one] for one in found][0::2] == [[(0, 2)], []]
    assert len(found) == 3


@pytest.mark.parametrize(
    ("words", "tags", "expected"),
    [
        ("a \n b", "B-PER ? I-PER", [(0, 3, "PER")]),
        ("a \n\n b", "B-PER ? I-PER", [(0, 1, "PER"), (2, 3, "PER")]),
        ("a \n b", "B-PER ? O", [(0, 1, "PER")]),
        ("a \u200b b", "B-PER ? I-PER", [(0, 3, "PER")]),
        ("a \u200b b", "B-PER ? B-PER", [(0, 1, "PER"), (2, 3, "PER")]),
    ],
)
def test_a_token_of_which_nothing_is_known_is_inside_if_both_neighbours_are(
    words: str, tags: str, expected: list[tuple[int, int, str]]
) -> None:
    assert _find(_doc(words), _rows(tags), decoder="greedy") == expected


def test_no_entity_crosses_a_sentence_start() -> None:
    tags = _rows("B-PER I-PER I-PER")
    assert _find(_doc("a b c"), tags) == [(0, 3, "PER")]
    cut = _find(_doc("a b c", sent_starts=[True, False, True]), tags, decoder="greedy")
    assert cut == [(0, 2, "PER"), (2, 3, "PER")]


def test_entities_set_earlier_are_worked_around_or_not_seen() -> None:
    doc = _doc("a b c d")
    doc.ents = [Span(doc, 1, 2, label="LOC")]
    rows = _rows("B-PER I-PER I-PER O")
    assert _find(doc, rows)[0] == (0, 1, "PER")
    assert all(not start <= 1 < end for start, end, _ in _find(doc, rows))
    assert _find(doc, rows, keep_entities=False) == [(0, 3, "PER")]


def test_blocked_tokens_are_kept_like_entities() -> None:
    doc = _doc("a b c")
    doc.set_ents([], blocked=[doc[1:2]], default="missing")
    assert find_kept_tokens(doc).tolist() == [False, True, False]
    assert (1, 2) not in {span[:2] for span in _find(doc, _rows("O B-PER O"))}
    segments = cut_segments([doc], [_of_tokens(_rows("O B-PER O"))], keep_entities=True)
    assert segments.token_i.tolist() == [0, 2]
    assert [n for n in segments.lengths.tolist() if n] == [1, 1]


def test_a_doc_that_begins_within_a_sentence_does_not_go_on_with_the_doc_before() -> None:
    docs = [_doc("a b"), _doc("x a b")[1:].as_doc(), _doc("a b", sent_starts=[False, False])]
    rows = [_rows("B-PER I-PER"), _rows("I-PER I-PER"), _rows("I-PER I-PER")]
    found = find_entities(
        docs,
        [_of_tokens(r) for r in rows],
        TAGS,
        decoder="greedy",
        threshold=None,
        keep_entities=True,
        overlapping=False,
    )
    assert [[(s.span.start, s.span.end) for s in one] for one in found] == [[(0, 2)]] * 3


def test_a_threshold_keeps_what_reaches_it() -> None:
    doc, rows = _doc("a b c"), _rows("B-PER O B-LOC")
    scores = {s.span.entity_type: s.score for s in _score(doc, rows)}
    assert all(isinstance(score, float) and 0 < score <= 1 for score in scores.values())
    assert _find(doc, rows, threshold=0.0) == [(0, 1, "PER"), (2, 3, "LOC")]
    assert _find(doc, rows, threshold=1.0) == []
    assert _find(doc, rows, threshold={"PER": 1.0}) == [(2, 3, "LOC")]
    assert _find(doc, rows, threshold={"PER": 0.0, "LOC": 1.0}) == [(0, 1, "PER")]


def test_overlapping_spans_are_all_that_reach_the_threshold() -> None:
    doc = _doc("a b")
    rows = np.log(
        np.array([[0.02, 0.94, 0.02, 0.01, 0.01], [0.5, 0.01, 0.47, 0.01, 0.01]], dtype=np.float32)
    )
    best = _find(doc, rows)
    assert best == [(0, 1, "PER")]
    every = _score(doc, rows, overlapping=True, threshold=0.3)
    assert [(s.span.start, s.span.end) for s in every] == [(0, 1), (0, 2)]
    assert sum(s.score for s in every) <= 1.0
    assert all(s.score >= 0.3 for s in every)
    assert _find(doc, rows, overlapping=True, threshold=None) == best


def test_a_greedy_score_is_the_mean_probability_of_the_tags() -> None:
    rows = np.log(np.array([[0.1, 0.9, 0, 0, 0], [0.3, 0, 0.7, 0, 0]], dtype=np.float32) + 1e-9)
    (found,) = _score(_doc("a b"), rows, decoder="greedy")
    assert found.score == pytest.approx(0.8, abs=1e-5)


@pytest.mark.parametrize(
    "threshold", [2.0, -1, float("nan"), {"PER": 1.5}, {"PER": 0.5, "LOC": -0.1}]
)
def test_a_threshold_that_is_no_score_is_refused(threshold: Any) -> None:
    with pytest.raises(ConfigError, match=r"threshold must be in \[0, 1\]"):
        check_threshold(threshold)


@pytest.mark.parametrize("threshold", [None, 0, 0.0, 1.0, {}, {"PER": 0.0, "LOC": 1.0}])
def test_a_threshold_that_is_a_score_is_accepted(threshold: Any) -> None:
    check_threshold(threshold, ["PER", "LOC"])


def test_a_threshold_for_a_type_that_there_is_none_of_is_refused() -> None:
    check_threshold({"PRE": 0.9})
    with pytest.raises(ConfigError, match=r"entity types of PER, LOC, got .*PRE"):
        _find(_doc("a"), _rows("B-PER"), threshold={"PRE": 0.9})


@pytest.mark.parametrize(
    ("scheme", "labels", "set_earlier", "expected"),
    [
        ("IOB1", ["O", "B-LOC", "I-LOC"], (0, 1), (1, 2)),  # Rome before Paris
        ("IOE1", ["O", "E-LOC", "I-LOC"], (1, 2), (0, 1)),  # Paris after Rome
    ],
)
@pytest.mark.parametrize("decoder", ["viterbi", "greedy"])
def test_an_entity_may_touch_one_of_its_type_that_was_set_earlier(
    scheme: Any,
    labels: list[str],
    set_earlier: tuple[int, int],
    expected: tuple[int, int],
    decoder: Any,
) -> None:
    doc = _doc("Rome Paris")
    doc.ents = [Span(doc, *set_earlier, label="LOC")]
    rows = np.log(np.array([[0.1, 0.7, 0.2]] * 2, dtype=np.float32))
    ((found,),) = find_entities(
        [doc],
        [_of_tokens(rows)],
        read_labels(labels, scheme=scheme),
        decoder=decoder,
        threshold=None,
        keep_entities=True,
        overlapping=False,
    )
    assert (found.span.start, found.span.end) == expected
    assert found.score == pytest.approx(0.9)
