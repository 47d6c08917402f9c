from spacy_hf_ner.checking.checks.leaks import check_leaks
from tests.checking.conftest import MakeData

LONG = "[Ann|PER] met nobody in all of the town"


def test_texts_that_training_shares_with_other_parts_are_found(make_data: MakeData) -> None:
    data = make_data(test=[LONG, "[Tim|PER] met nobody in all of that town"], train=[LONG, LONG])
    (finding,) = check_leaks(data)
    assert finding.message.startswith("1 of 2 texts of test are in train, too")
    assert finding.examples[0].part == "test"


def test_one_part_leaks_nowhere(make_data: MakeData) -> None:
    assert list(check_leaks(make_data(train=[LONG, LONG]))) == []
