"""Levels of nested entities, by level and together."""

from types import SimpleNamespace
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example

from spacy_hf_ner.evaluation.levels import list_levels, score_levels


class GroupWriter:
    """A component that says that it writes one span group."""

    def __init__(self, spans_key: str) -> None:
        self.annotate = "spans"
        self.spans_key = spans_key

    def __call__(self, doc: Doc) -> Doc:
        return doc


@Language.factory("group_writer_under_test", default_config={"spans_key": "x"})
def make_group_writer(nlp: Language, name: str, spans_key: str) -> GroupWriter:  # noqa: ARG001
    return GroupWriter(spans_key)


@pytest.fixture
def nlp() -> Language:
    """Return a pipeline in which two components write a level each."""
    nlp = spacy.blank("en")
    for key in ("entities_1", "entities_2"):
        nlp.add_pipe("group_writer_under_test", name=key, config={"spans_key": key})
    return nlp


def make_doc(nlp: Language, **levels: list[tuple[int, int, str]]) -> Doc:
    doc = Doc(nlp.vocab, words=["University", "of", "Leeds", "won"])
    for key, spans in levels.items():
        doc.spans[key] = SpanGroup(doc, spans=[Span(doc, *span) for span in spans])
    return doc


def test_each_level_is_judged_by_the_group_of_its_name_and_all_together(nlp: Language) -> None:
    gold = make_doc(nlp, entities_1=[(0, 3, "ORG")], entities_2=[(2, 3, "LOC")])
    found = make_doc(nlp, entities_1=[(0, 3, "ORG")], entities_2=[(2, 3, "PER"), (0, 1, "ORG")])
    outer, inner, together = score_levels(nlp, [Example(found, gold)] * 2)
    assert (outer.name, outer.counts.f1) == ("entities_1", 1.0)
    assert (inner.name, inner.counts.f1) == ("entities_2", 0.0)
    assert (together.name, together.counts.n_gold) == ("together", 4)
    assert together.counts.n_correct == 2
    assert together.counts.n_predicted == 6
    assert together.interval is not None


def test_one_level_or_gold_without_them_has_no_such_scores(nlp: Language) -> None:
    assert list_levels(nlp) == ["entities_1", "entities_2"]
    gold = make_doc(nlp, entities_1=[])
    assert score_levels(nlp, [Example(make_doc(nlp), gold)]) == ()
    other: Any = SimpleNamespace(pipeline=[])
    assert score_levels(other, [Example(make_doc(nlp), gold)]) == ()
