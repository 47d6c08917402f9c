import pickle
from collections.abc import Callable
from typing import Any

import pytest
from spacy.scorer import get_ner_prf
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example
from spacy.util import registry

from spacy_hf_ner.evaluation.scorers import make_ner_scorer_v1, make_seqeval_scorer_v1

MakeDoc = Callable[..., Doc]
WORDS = ["Tim", "Cook", "met", "Rome"]


@pytest.fixture
def examples(make_doc: MakeDoc) -> list[Example]:
    gold = make_doc(WORDS, [(0, 2, "PER"), (3, 4, "LOC")])
    return [Example(make_doc(WORDS, [(0, 2, "PER"), (3, 4, "ORG")], scores=[0.9, 0.6]), gold)]


def test_the_ner_scorer_adds_the_calibration_error_to_spacys_scores(
    examples: list[Example],
) -> None:
    scores = make_ner_scorer_v1()(examples)
    assert scores.pop("ents_ece") == pytest.approx((0.6 + 0.1) / 2)
    assert scores == get_ner_prf(examples)


def test_without_scores_there_is_no_calibration_error(examples: list[Example]) -> None:
    assert make_ner_scorer_v1(spans_key="other")(examples)["ents_ece"] is None


def test_gold_that_nobody_has_annotated_gives_no_calibration_error(make_doc: MakeDoc) -> None:
    doc = make_doc(WORDS, [(0, 2, "PER")], scores=[0.9])
    unknown = Example(doc, Doc(doc.vocab, words=WORDS))
    assert make_ner_scorer_v1()([unknown])["ents_ece"] is None


def test_a_model_that_predicts_nothing_keeps_the_weight_of_its_calibration_error(
    make_doc: MakeDoc,
) -> None:
    gold = make_doc(WORDS, [(0, 2, "PER")])
    assert make_ner_scorer_v1()([Example(make_doc(WORDS), gold)])["ents_ece"] == 0.0


def test_the_seqeval_scorer_adds_seqevals_scores_to_spacys(examples: list[Example]) -> None:
    scores = make_seqeval_scorer_v1()(examples)
    assert scores["seqeval_f"] == scores["ents_f"] == 0.5
    assert scores["seqeval_macro_f"] == pytest.approx(1 / 3)
    assert scores["seqeval_per_type"]["PER"] == {"p": 1.0, "r": 1.0, "f": 1.0}


@pytest.mark.parametrize("make_scorer", [make_ner_scorer_v1, make_seqeval_scorer_v1])
def test_a_pipeline_that_sets_a_span_group_only_is_scored_by_it(
    make_scorer: Callable[..., Callable[..., dict[str, Any]]], examples: list[Example]
) -> None:
    group = examples[0].predicted
    scores = [0.9, 0.6]
    predicted = Doc(group.vocab, words=WORDS)
    spans = [Span(predicted, ent.start, ent.end, ent.label_) for ent in group.ents]
    predicted.spans["mine"] = SpanGroup(predicted, spans=spans, attrs={"scores": scores})
    empty = Example(
        Doc(group.vocab), Doc(group.vocab)
    )  # which has entity annotation in spaCy's eyes
    found = make_scorer(spans_key="mine")([Example(predicted, examples[0].reference), empty])
    expected = make_scorer()(examples)
    assert {key: found[key] for key in expected if key != "ents_per_type"} == {
        key: value for key, value in expected.items() if key != "ents_per_type"
    }
    assert found["ents_per_type"]["PER"] == {"p": 1.0, "r": 1.0, "f": 1.0}


def test_where_entities_overlap_seqeval_has_no_scores(make_doc: MakeDoc) -> None:
    gold = make_doc(WORDS, [(0, 2, "PER")])
    predicted = Doc(gold.vocab, words=WORDS)
    predicted.spans["hf_ner"] = [Span(predicted, 0, 2, "PER"), Span(predicted, 1, 2, "PER")]
    scores = make_seqeval_scorer_v1()([Example(predicted, gold)])
    assert (scores["ents_p"], scores["ents_r"]) == (0.5, 1.0)
    assert [value for key, value in scores.items() if key.startswith("seqeval")] == [None] * 5


@pytest.mark.parametrize("where", ["doc.ents", "a span group"])
def test_gold_without_annotation_has_no_scores(where: str, make_doc: MakeDoc) -> None:
    predicted = (
        make_doc(WORDS, [(0, 2, "PER")])
        if where == "doc.ents"
        else Doc(make_doc([]).vocab, words=WORDS)
    )
    predicted.spans["hf_ner"] = [Span(predicted, 0, 2, "PER")]
    scores = make_seqeval_scorer_v1()([Example(predicted, Doc(predicted.vocab, words=WORDS))])
    assert set(scores.values()) == {None}
    assert len(scores) == 9


@pytest.mark.parametrize("name", ["spacy_hf_ner.ner_scorer.v1", "spacy_hf_ner.seqeval_scorer.v1"])
def test_scorers_are_registered_and_pickle(name: str, examples: list[Example]) -> None:
    scorer = registry.resolve({"scorer": {"@scorers": name}})["scorer"]
    assert pickle.loads(pickle.dumps(scorer))(examples)["ents_f"] == 0.5  # noqa: S301
