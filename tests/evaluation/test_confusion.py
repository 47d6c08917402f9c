import numpy as np

from spacy_hf_ner.evaluation.confusion import NOTHING, count_confusions, rank_confusions
from spacy_hf_ner.evaluation.matching import match_entities
from spacy_hf_ner.evaluation.pairing import DocPair, Entity


def test_the_matrix_counts_gold_types_against_predicted_ones() -> None:
    gold = [Entity(0, 2, "A"), Entity(3, 5, "A"), Entity(6, 8, "B")]
    predicted = [Entity(0, 2, "A"), Entity(3, 4, "B"), Entity(9, 10, "B")]
    matrix = count_confusions([match_entities(gold, predicted)])
    assert matrix.types == ("A", "B", NOTHING)
    assert matrix.counts == ((1, 1, 0), (0, 0, 1), (0, 1, 0))


def test_the_most_frequent_errors_come_first_whatever_their_white_space() -> None:
    borders = np.zeros((0, 2), dtype=np.int64)
    pairs = [
        DocPair("New York", (Entity(0, 8, "LOC"),), (Entity(0, 8, "ORG"),), (), borders),
        DocPair("New\nYork", (Entity(0, 8, "LOC"),), (Entity(0, 8, "ORG"),), (), borders),
        DocPair("Oslo", (Entity(0, 4, "LOC"),), (), (), borders),
        DocPair("Rome", (Entity(0, 4, "LOC"),), (Entity(0, 4, "LOC"),), (), borders),
    ]
    found = rank_confusions(pairs, [match_entities(pair.gold, pair.predicted) for pair in pairs])
    assert [(c.kind, c.gold, c.gold_type, c.predicted, c.predicted_type, c.n) for c in found] == [
        ("wrong type", "New York", "LOC", "New York", "ORG", 2),
        ("missed", "Oslo", "LOC", "", NOTHING, 1),
    ]


def test_of_errors_that_occur_once_those_of_the_most_frequent_kind_come_first() -> None:
    borders = np.zeros((0, 2), dtype=np.int64)
    names = [f"X{i:02}" for i in range(9)]
    missed = [DocPair(name, (Entity(0, 3, "LOC"),), (), (), borders) for name in names[:3]]
    taken = [
        DocPair(name, (Entity(0, 3, "ORG"),), (Entity(0, 3, "LOC"),), (), borders)
        for name in names[3:5]
    ]
    swapped = [
        DocPair(name, (Entity(0, 3, "PER"),), (Entity(0, 3, "LOC"),), (), borders)
        for name in names[5:]
    ]
    pairs = [*missed, *taken, *swapped]
    found = rank_confusions(pairs, [match_entities(pair.gold, pair.predicted) for pair in pairs])
    assert [(c.kind, c.gold_type) for c in found] == [
        *[("wrong type", "PER")] * 4,
        *[("wrong type", "ORG")] * 2,
        *[("missed", "LOC")] * 3,
    ]
    assert [c.gold for c in found[:4]] == names[5:]
