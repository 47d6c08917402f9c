"""Sums over paths, against the paths written out."""

import numpy as np
import pytest

from spacy_hf_ner.core.arrays import Floats
from spacy_hf_ner.core.chain import TransitionScores, make_chain, pack
from spacy_hf_ner.core.labels import make_tag_set
from spacy_hf_ner.core.path_sums import sum_paths
from spacy_hf_ner.core.schemes import SCHEMES
from tests.core.brute_force import enumerate_paths, score_path

TAGS = make_tag_set(["X"], SCHEMES["BILOU"])
LENGTHS = (3, 1)


def _draw_rows(n_rows: int) -> Floats:
    rows: Floats = np.random.default_rng(0).normal(size=(n_rows, len(TAGS)))
    return rows


@pytest.mark.parametrize("scores", [TransitionScores(), TransitionScores(stay_outside=2.0)])
def test_shares_are_those_of_all_paths_of_each_segment(scores: TransitionScores) -> None:
    chain = make_chain(TAGS, scores)
    rows = _draw_rows(sum(LENGTHS))
    expected = np.zeros_like(rows)
    start = 0
    for length in LENGTHS:
        segment = rows[start : start + length]
        for path in enumerate_paths(segment, chain, TAGS).paths:
            weight = np.exp(score_path(path, segment, chain))
            expected[start + np.arange(length), list(path)] += weight
        start += length
    expected /= expected.sum(axis=1, keepdims=True)
    assert sum_paths(rows, pack(np.array(LENGTHS)), chain).shares == pytest.approx(expected)


def test_where_no_path_is_legal_no_tag_has_a_share() -> None:
    rows = np.full((1, len(TAGS)), -np.inf)
    assert not sum_paths(rows, pack(np.array([1])), make_chain(TAGS)).shares.any()
