import spacy
from spacy.tokens import Doc, Span

from spacy_hf_ner.checking.checks.token_borders import check_token_borders
from tests.checking.conftest import MakeData


def test_an_entity_that_ends_inside_of_a_token_is_found(make_data: MakeData) -> None:
    doc = Doc(spacy.blank("en").vocab, words=["anti-", "NATO", "talk"], spaces=[False, True, False])
    doc.ents = [Span(doc, 1, 2, "ORG")]
    glued = Doc(doc.vocab, words=["ab", "cd"], spaces=[False, False])
    glued.ents = [Span(glued, 0, 1, "ORG")]
    (finding,) = check_token_borders(make_data(train=[doc, glued]))
    assert (finding.n, finding.severity) == (1, "warning")
    assert str(finding.examples[0]) == "train 2: [ab]cd"


def test_entities_on_token_borders_are_right(make_data: MakeData) -> None:
    assert list(check_token_borders(make_data(train=["[Ann Lee|PER] met [Tim|PER]."]))) == []
