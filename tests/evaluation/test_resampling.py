import numpy as np
import pytest

from spacy_hf_ner.evaluation.pairing import DocPair, Entity
from spacy_hf_ner.evaluation.resampling import (
    DocCounts,
    Interval,
    bootstrap,
    count_docs,
    permutation_test,
)


def make_docs(counts: list[tuple[int, int, int]]) -> DocCounts:
    return DocCounts(("A",), np.array(counts, dtype=np.float64).reshape(len(counts), 1, 3))


def test_count_docs_keeps_documents_and_types_apart() -> None:
    borders = np.zeros((0, 2), dtype=np.int64)
    first = DocPair(
        "abcdef", (Entity(0, 1, "B"),), (Entity(0, 1, "B"), Entity(2, 3, "A")), (), borders
    )
    second = DocPair("abcdef", (Entity(0, 1, "A"),), (), (), borders)
    docs = count_docs([first, second])
    assert docs.entity_types == ("A", "B")
    assert docs.counts.tolist() == [[[0, 1, 0], [1, 1, 1]], [[0, 0, 1], [0, 0, 0]]]


def test_documents_that_are_all_alike_leave_no_doubt() -> None:
    intervals = bootstrap(make_docs([(1, 2, 2)] * 20))
    assert intervals is not None
    assert (intervals.f1.low, intervals.f1.high) == (0.5, 0.5)
    assert intervals.f1_per_type["A"] == intervals.macro_f1 == intervals.f1


def test_the_interval_holds_the_score_and_shrinks_with_more_documents() -> None:
    few = bootstrap(make_docs([(1, 1, 1), (0, 1, 1)] * 10))
    many = bootstrap(make_docs([(1, 1, 1), (0, 1, 1)] * 1000))
    assert few is not None
    assert many is not None
    assert few.f1.low < 0.5 < few.f1.high
    assert many.f1.high - many.f1.low < (few.f1.high - few.f1.low) / 5


def test_the_interval_is_that_of_a_binomial_share() -> None:
    intervals = bootstrap(make_docs([(1, 1, 1)] * 800 + [(0, 1, 1)] * 200), n_samples=4000)
    assert intervals is not None
    half_width = 1.96 * (0.8 * 0.2 / 1000) ** 0.5
    assert intervals.recall.low == pytest.approx(0.8 - half_width, abs=0.004)
    assert intervals.recall.high == pytest.approx(0.8 + half_width, abs=0.004)


def test_draws_depend_on_the_seed_alone() -> None:
    docs = make_docs([(i % 3, 2 + i % 5, 3) for i in range(40)])
    assert bootstrap(docs) == bootstrap(docs)
    assert bootstrap(docs) != bootstrap(docs, seed=1)


@pytest.mark.parametrize("docs", [make_docs([(1, 1, 1)]), DocCounts((), np.zeros((5, 0, 3)))])
def test_one_document_or_none_with_entities_gives_no_interval(docs: DocCounts) -> None:
    assert bootstrap(docs) is None


def test_equal_pipelines_do_not_differ() -> None:
    docs = make_docs([(1, 2, 2), (2, 2, 2)] * 20)
    assert permutation_test(docs, docs, n_samples=200) == 1.0


def test_a_pipeline_that_wins_everywhere_is_better_and_one_that_wins_by_turns_is_not() -> None:
    weak, strong = make_docs([(0, 1, 1)] * 40), make_docs([(1, 1, 1)] * 40)
    assert permutation_test(weak, strong, n_samples=1000) < 0.01
    by_turns = [make_docs([(i % 2, 1, 1) for i in range(start, start + 40)]) for start in (0, 1)]
    assert permutation_test(*by_turns, n_samples=1000) > 0.5


def test_the_p_value_of_few_documents_is_the_exact_one() -> None:
    # Of the 2^4 ways to swap 4 documents, 2 keep all wins on one side: p = 1/8.
    p = permutation_test(make_docs([(0, 1, 1)] * 4), make_docs([(1, 1, 1)] * 4), n_samples=20_000)
    assert p == pytest.approx(1 / 8, abs=0.01)


def test_the_interval_of_rare_types_holds_the_score() -> None:
    counts = np.zeros((100, 20, 3))
    counts[range(20), range(20)] = 1  # every type is in one document, and found
    intervals = bootstrap(DocCounts(tuple("ABCDEFGHIJKLMNOPQRST"), counts))
    assert intervals is not None
    assert (
        intervals.macro_f1
        == intervals.f1
        == intervals.precision
        == intervals.recall
        == Interval(1.0, 1.0)
    )
    assert set(intervals.f1_per_type.values()) == {Interval(1.0, 1.0)}


def test_a_type_that_is_in_no_sample_may_have_any_score() -> None:
    counts = np.zeros((1000, 2, 3))
    counts[:, 0] = counts[0, 1] = 1
    rare = [bootstrap(DocCounts(("A", "B"), counts), n_samples=1, seed=seed) for seed in range(10)]
    assert {one.f1_per_type["B"] for one in rare if one} == {Interval(0.0, 1.0), Interval(1.0, 1.0)}
    assert {one.macro_f1 for one in rare if one} == {Interval(1.0, 1.0)}
