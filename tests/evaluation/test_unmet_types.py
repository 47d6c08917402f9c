from spacy_hf_ner.evaluation.strict import Counts, StrictScores
from spacy_hf_ner.evaluation.unmet_types import find_unmet_types

SHARED = Counts(n_correct=1, n_predicted=2, n_gold=3)
PREDICTED = Counts(n_predicted=2)
GOLD = Counts(n_gold=4)


def test_types_that_meet_need_no_words() -> None:
    assert find_unmet_types(StrictScores({"LOC": SHARED})).describe() == ""


def test_a_gold_type_that_is_never_predicted_may_just_be_hard_to_find() -> None:
    assert find_unmet_types(StrictScores({"LOC": SHARED, "PER": GOLD})).describe() == ""


def test_types_that_gold_lacks_are_counted_the_most_frequent_first() -> None:
    scores = StrictScores(
        {"DATE": PREDICTED, "LOC": SHARED, "MONEY": Counts(n_predicted=1200), "PER": GOLD}
    )
    assert find_unmet_types(scores).describe() == (
        "Types that gold does not have: MONEY (1,200), DATE (2). All 1,202 predictions of them "
        "count as wrong."
    )


def test_where_no_type_meets_nothing_can_be_right() -> None:
    scores = StrictScores({"PER": GOLD, "PERSON": PREDICTED})
    assert find_unmet_types(scores).describe() == (
        "Gold and predictions share no type, so nothing can be right. Gold has PER (4); "
        "predictions have PERSON (2)."
    )
