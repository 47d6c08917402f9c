from spacy_hf_ner.checking.checks.sentence_borders import check_sentence_borders
from tests.checking.conftest import MakeData


def test_documents_whose_sentences_are_not_marked_are_noted(make_data: MakeData) -> None:
    data = make_data(train=["[Oslo|LOC] calls. Nobody answers.", "[Oslo|LOC] calls.", "[Oslo|LOC]"])
    for token in data.parts[0].docs[1].doc:
        token.is_sent_start = token.i == 0
    (finding,) = check_sentence_borders(data)
    assert (finding.n, finding.severity) == (1, "note")
    assert finding.message.startswith("1 of 2 documents")
