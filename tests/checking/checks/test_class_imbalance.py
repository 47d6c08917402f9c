from spacy_hf_ner.checking.checks.class_imbalance import MAX_RATIO, check_class_imbalance
from tests.checking.conftest import MakeData


def test_a_type_that_another_dwarfs_is_noted(make_data: MakeData) -> None:
    train = ["[Ann|PER]"] + ["[Oslo|LOC]"] * (MAX_RATIO + 1)
    (finding,) = check_class_imbalance(make_data(train=train))
    assert finding.message == f"LOC is more than {MAX_RATIO} times as frequent as PER."
    assert list(check_class_imbalance(make_data(train=train[:-1]))) == []


def test_data_without_entities_has_no_balance(make_data: MakeData) -> None:
    assert list(check_class_imbalance(make_data(train=["Nobody is here."]))) == []
