from spacy_hf_ner.checking.checks.label_sets import check_label_sets
from tests.checking.conftest import MakeData


def test_a_type_that_training_lacks_is_never_learned(make_data: MakeData) -> None:
    data = make_data(train=["[Oslo|LOC]"], test=["[Oslo|LOC]", "[Ann|PER] and [Tim|PER]"])
    (finding,) = check_label_sets(data)
    assert (finding.severity, finding.n) == ("error", 2)
    assert "test has types that train does not have, and that are never learned: PER." in (
        finding.message
    )


def test_a_type_that_only_training_has_is_never_judged(make_data: MakeData) -> None:
    (finding,) = check_label_sets(make_data(train=["[Oslo|LOC] [Ann|PER]"], test=["[Oslo|LOC]"]))
    assert (finding.severity, finding.n) == ("warning", 1)


def test_one_type_in_two_spellings_is_an_error(make_data: MakeData) -> None:
    data = make_data(train=["[Oslo|LOC] [Bergen|loc] [Ann|creative-work] [B|Creative_Work]"])
    messages = [finding.message for finding in check_label_sets(data)]
    assert messages == [
        "One type seems to be spelt in several ways: LOC, loc.",
        "One type seems to be spelt in several ways: Creative_Work, creative-work.",
    ]


def test_parts_with_the_same_types_are_right(make_data: MakeData) -> None:
    assert list(check_label_sets(make_data(train=["[Oslo|LOC]"], dev=["[Rome|LOC]"]))) == []
