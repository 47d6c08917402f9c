import numpy as np
import pytest

from spacy_hf_ner.core.arrays import Floats
from spacy_hf_ner.core.chain import make_chain, pack
from spacy_hf_ner.core.labels import TagSet, make_tag_set, read_labels
from spacy_hf_ner.core.posteriors import Marginals, find_marginals
from spacy_hf_ner.core.schemes import SCHEMES, SchemeName

pytestmark = pytest.mark.filterwarnings("error")


def _marginals(probs: list[list[float]], tag_set: TagSet, *lengths: int) -> Marginals:
    with np.errstate(divide="ignore"):
        log_probs = np.log(np.array(probs, dtype=np.float64))
    return find_marginals(log_probs, pack(np.array(lengths or (len(probs),))), make_chain(tag_set))


def _score(marginals: Marginals, *spans: tuple[int, int, int]) -> Floats:
    start, end, type_i = np.array(spans, dtype=np.int64).reshape(-1, 3).T
    return marginals.score_spans(start, end, type_i)


def test_where_every_path_is_legal_the_posterior_is_a_product() -> None:
    tag_set = make_tag_set(["X"], SCHEMES["IO"])
    marginals = _marginals([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]], tag_set)
    assert _score(marginals, (1, 2, 0), (0, 3, 0), (0, 1, 0)) == pytest.approx(
        [0.9 * 0.8 * 0.7, 0.1 * 0.8 * 0.3, 0.1 * 0.2]
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("IOB2", 1 / 5),  # of OO, OB, BO, BB, BI
        ("IOB", 2 / 9),  # all nine are legal, and both BI and II are the span
        ("IOBES", 1 / 5),  # of OO, OS, SO, SS, BE
        ("BIE", 1 / 5),  # of OO, OB, BO, BB, BE
        ("BIS", 1 / 5),  # of OO, OS, SO, SS, BI
    ],
)
def test_equal_scores_count_the_legal_paths(name: SchemeName, expected: float) -> None:
    tag_set = make_tag_set(["X"], SCHEMES[name])
    marginals = _marginals([[1 / len(tag_set)] * len(tag_set)] * 2, tag_set)
    assert _score(marginals, (0, 2, 0)) == pytest.approx([expected])


def test_spans_of_different_lengths_types_and_segments_are_scored_in_the_order_asked() -> None:
    tag_set = make_tag_set(["X", "Y"], SCHEMES["IO"])
    marginals = _marginals([[0.5, 0.25, 0.25], [0.5, 0.25, 0.25], [0.2, 0.1, 0.7]], tag_set, 2, 1)
    assert _score(marginals, (2, 3, 1), (0, 2, 0), (1, 2, 1), (2, 3, 0)) == pytest.approx(
        [0.7, 0.0625, 0.1875, 0.1]
    )


def test_no_spans_are_scored_as_no_scores() -> None:
    assert _score(_marginals([[0.5, 0.5]], make_tag_set(["X"], SCHEMES["IO"]))).tolist() == []


def test_scores_of_a_long_segment_neither_vanish_nor_overflow() -> None:
    tag_set = make_tag_set(["X"], SCHEMES["IOB2"])
    marginals = _marginals([[1e-9, 1e-9, 1 - 2e-9]] * 5000, tag_set)
    assert _score(marginals, (0, 5000, 0)) == pytest.approx([1.0], abs=1e-5)
    # "O" or B-X before the start at the second token: one such path each, a billionth of the main
    # one.
    assert _score(marginals, (1, 5000, 0)) == pytest.approx([2e-9], rel=1e-3, abs=0.0)


def test_a_likely_tag_that_no_path_comes_through_spoils_nothing() -> None:
    # I-X can follow nothing, and is a hundred thousand times as probable as what can, for a hundred
    # tokens.
    tag_set = read_labels(["O", "B-X", "I-X", "B-Y"], scheme="IOB2")
    marginals = _marginals([[1e-5, 0.0, 1 - 2e-5, 1e-5]] * 100, tag_set)
    assert _score(marginals, (0, 1, 1), (99, 100, 1), (0, 100, 0)) == pytest.approx([0.5, 0.5, 0.0])
    found = marginals.find_spans(np.array([0.1, 0.1]))
    assert found.start.tolist() == list(range(100))


def test_a_segment_without_a_legal_path_scores_zero() -> None:
    tag_set = TagSet(
        read_labels(["I-X", "B-X"]).tags, SCHEMES["IOBES"]
    )  # neither can end an entity
    marginals = _marginals([[0.5, 0.5]] * 6, tag_set)
    assert _score(marginals, (0, 6, 0), (0, 1, 0), (5, 6, 0)).tolist() == [0.0, 0.0, 0.0]
    only_inside = TagSet(tag_set.tags[:1], SCHEMES["IOB2"])
    assert _score(_marginals([[1.0]] * 6, only_inside), (0, 6, 0)).tolist() == [0.0]
