"""Slopes of posteriors, against the difference that a small change makes on all paths."""

import numpy as np
import pytest

from spacy_hf_ner.core.arrays import Floats
from spacy_hf_ner.core.chain import Chain, make_chain
from spacy_hf_ner.core.labels import TagSet, make_tag_set
from spacy_hf_ner.core.schemes import SCHEMES
from spacy_hf_ner.core.span_gradient import differentiate_posterior
from tests.core.brute_force import Span, enumerate_paths

STEP = 1e-5
# start, end and type of spans in a segment of four rows: at both ends, within, all of it
SPANS = [(0, 1, 0), (1, 2, 1), (1, 3, 0), (3, 4, 1), (0, 4, 0), (2, 4, 0)]


def _log_posterior(rows: Floats, chain: Chain, tag_set: TagSet, span: Span) -> float:
    return float(np.log(enumerate_paths(rows, chain, tag_set).posterior[span]))


def _draw_rows(tag_set: TagSet, n_rows: int = 4) -> Floats:
    logits = np.random.default_rng(0).normal(size=(n_rows, len(tag_set)))
    rows: Floats = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    return rows


@pytest.mark.parametrize("span", SPANS)
@pytest.mark.parametrize("name", ["IO", "IOB1", "IOB2", "BILOU"])
def test_the_slope_is_that_of_the_sum_over_all_paths(name: str, span: Span) -> None:
    types = ["X", "Y"] if name != "BILOU" else ["X"]
    tag_set = make_tag_set(types, SCHEMES[name])
    start, end, type_i = span
    type_i = min(type_i, len(types) - 1)
    chain = make_chain(tag_set)
    rows = _draw_rows(tag_set)
    found = differentiate_posterior(rows, chain, start=start, end=end, type_i=type_i)

    expected = np.zeros_like(rows)
    for row, column in np.ndindex(*rows.shape):
        change = np.zeros_like(rows)
        change[row, column] = STEP
        higher = _log_posterior(rows + change, chain, tag_set, (start, end, type_i))
        lower = _log_posterior(rows - change, chain, tag_set, (start, end, type_i))
        expected[row, column] = (higher - lower) / (2 * STEP)
    everything = enumerate_paths(rows, chain, tag_set)
    assert found.posterior == pytest.approx(everything.posterior[start, end, type_i], rel=1e-9)
    assert found.slope == pytest.approx(expected, abs=1e-8)


def test_a_span_that_no_path_holds_has_no_slope() -> None:
    tag_set = make_tag_set(["X"], SCHEMES["BILOU"])
    rows = _draw_rows(tag_set, 3)
    rows[1, tag_set.labels.index("U-X")] = -np.inf
    found = differentiate_posterior(rows, make_chain(tag_set), start=1, end=2, type_i=0)
    assert found.posterior == 0.0
    assert not found.slope.any()


def test_a_tag_that_is_illegal_at_its_place_has_no_slope() -> None:
    tag_set = make_tag_set(["X"], SCHEMES["IOB2"])
    rows = np.log(np.array([[0.98, 0.01, 0.01], [0.3, 0.6, 0.1]]))
    slope = differentiate_posterior(rows, make_chain(tag_set), start=0, end=1, type_i=0).slope
    assert slope[0, tag_set.labels.index("I-X")] == 0.0


def test_far_away_rows_of_a_long_segment_have_next_to_no_slope() -> None:
    tag_set = make_tag_set(["X"], SCHEMES["IOB2"])
    rows = _draw_rows(tag_set, 3000)
    found = differentiate_posterior(rows, make_chain(tag_set), start=1500, end=1502, type_i=0)
    assert np.abs(found.slope[1490:1510]).max() > 0.1
    assert np.abs(found.slope[:1000]).max() < 1e-9
    assert found.slope.sum(axis=1) == pytest.approx(np.zeros(3000), abs=1e-9)
