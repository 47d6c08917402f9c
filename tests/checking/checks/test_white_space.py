import spacy
from spacy.tokens import Doc, Span

from spacy_hf_ner.checking.checks.white_space import check_white_space
from tests.checking.conftest import MakeData


def test_white_space_at_a_border_and_entities_without_words_are_found(make_data: MakeData) -> None:
    doc = Doc(spacy.blank("en").vocab, words=["Ann", "\n", "met", "-", "Tim"])
    doc.ents = [Span(doc, 0, 2, "PER"), Span(doc, 3, 4, "PER"), Span(doc, 4, 5, "PER")]
    padded, empty = check_white_space(make_data(train=[doc]))
    assert (padded.n, empty.n) == (1, 1)
    assert "[-]" in empty.examples[0].text
