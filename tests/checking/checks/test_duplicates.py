from spacy_hf_ner.checking.checks.duplicates import check_duplicates
from tests.checking.conftest import MakeData

LONG = "[Ann|PER] met nobody in all of the town"


def test_texts_that_repeat_are_noted_and_contradictions_are_errors(make_data: MakeData) -> None:
    other = "[Ann|LOC] met nobody in all of the town"
    (same,) = check_duplicates(make_data(train=[LONG, LONG, "[Ann|PER] met nobody."]))
    assert (same.n, same.severity) == (1, "note")
    repeated, contradicting = check_duplicates(make_data(train=[LONG, other, LONG]))
    assert (repeated.n, contradicting.n, contradicting.severity) == (2, 1, "error")


def test_short_texts_repeat_by_nature(make_data: MakeData) -> None:
    assert list(check_duplicates(make_data(train=["[Oslo|LOC] calls."] * 3))) == []


def test_sentences_are_compared_where_they_are_known(make_data: MakeData) -> None:
    data = make_data(train=[f"{LONG}.", f"Yes. {LONG}."])
    for gold_doc in data.parts[0].docs:
        for token in gold_doc.doc:
            token.is_sent_start = token.i == 0 or gold_doc.doc[token.i - 1].text == "."
    (finding,) = check_duplicates(data)
    assert finding.n == 1
