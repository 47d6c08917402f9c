import spacy
from spacy.tokens import Doc, Span

from spacy_hf_ner.checking.checks.overlapping import check_overlapping
from spacy_hf_ner.corpus.docs import LAYERS_KEY
from tests.checking.conftest import MakeData


def test_entities_of_other_levels_are_counted(make_data: MakeData) -> None:
    doc = Doc(spacy.blank("en").vocab, words=["Bank", "of", "England"])
    outer = Span(doc, 0, 3, "ORG")
    doc.ents = [outer]
    doc.spans[LAYERS_KEY] = [outer, Span(doc, 2, 3, "LOC")]
    (finding,) = check_overlapping(make_data(train=[doc, "[Oslo|LOC]"]))
    assert (finding.n, finding.severity) == (1, "warning")
    assert str(finding.examples[0]) == "train 1: Bank of [England]"


def test_entities_that_overlap_in_a_span_group_are_an_error(make_data: MakeData) -> None:
    doc = Doc(spacy.blank("en").vocab, words=["Bank", "of", "England"])
    doc.spans["hf_ner"] = [Span(doc, 0, 3, "ORG"), Span(doc, 2, 3, "LOC")]
    (finding,) = check_overlapping(make_data(train=[doc]))
    assert (finding.n, finding.severity) == (1, "error")
