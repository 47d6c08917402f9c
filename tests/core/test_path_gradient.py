"""The posterior of gold paths and its slope, against sums over all paths written out."""

import itertools

import numpy as np
import pytest

from spacy_hf_ner.core.arrays import Bools, Floats
from spacy_hf_ner.core.chain import Chain, TransitionScores, make_chain, pack
from spacy_hf_ner.core.labels import TagSet, make_tag_set
from spacy_hf_ner.core.path_gradient import differentiate_gold
from spacy_hf_ner.core.schemes import OUTSIDE, SCHEMES, Tag
from tests.core.brute_force import score_path

STEP = 1e-5
LENGTHS = np.array([4, 1, 3])  # rows of the packed segments
# Outside, an entity of one row, or missing annotation.
GOLD = ["O", "X", None, "O", "X", None, None, "O"]


def _draw_rows(tag_set: TagSet, n_rows: int, *, seed: int = 0) -> Floats:
    logits = np.random.default_rng(seed).normal(size=(n_rows, len(tag_set)))
    rows: Floats = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    return rows


def _mark_gold(tag_set: TagSet) -> Bools:
    """Return which tags the rows of :data:`GOLD` may have."""
    columns = {
        "O": tag_set.columns[OUTSIDE],
        "X": tag_set.columns[Tag(tag_set.scheme.single, "X")],
    }
    is_gold = np.ones((len(GOLD), len(tag_set)), dtype=bool)
    for row, gold in enumerate(GOLD):
        if gold is not None:
            is_gold[row] = np.arange(len(tag_set)) == columns[gold]
    return is_gold


def _sum_paths(rows: Floats, is_gold: Bools, chain: Chain) -> float:
    """Return the log score of all paths of one segment that keep to gold, one by one."""
    total = -np.inf
    for path in itertools.product(range(rows.shape[1]), repeat=len(rows)):
        if not all(is_gold[row, tag] for row, tag in enumerate(path)):
            continue
        total = np.logaddexp(total, score_path(path, rows, chain))
    return float(total)


def _log_posteriors(rows: Floats, is_gold: Bools, chain: Chain) -> list[float]:
    """Return the log posterior of the gold paths of each segment."""
    log_posteriors: list[float] = []
    ends = np.cumsum(LENGTHS)
    for start, end in zip(ends - LENGTHS, ends, strict=True):
        segment = rows[start:end]
        gold = _sum_paths(segment, is_gold[start:end], chain)
        log_posteriors.append(gold - _sum_paths(segment, np.ones_like(segment, bool), chain))
    return log_posteriors


SCORES = TransitionScores(stay_outside=0.5, outside_to_start=-1.0, go_on=0.25)


@pytest.mark.parametrize("scores", [TransitionScores(), SCORES], ids=["legal", "preferred"])
@pytest.mark.parametrize("name", ["IO", "IOB1", "IOB2", "IOE2"])
def test_posterior_and_slope_are_those_of_the_sum_over_all_paths(
    name: str, scores: TransitionScores
) -> None:
    tag_set = make_tag_set(["X"], SCHEMES[name])
    chain = make_chain(tag_set, scores)
    rows = _draw_rows(tag_set, len(GOLD))
    is_gold = _mark_gold(tag_set)
    found = differentiate_gold(rows, pack(LENGTHS), chain, is_gold)

    ends = np.cumsum(LENGTHS)
    by_segment = np.add.reduceat(found.log_share, ends - LENGTHS)
    assert by_segment == pytest.approx(_log_posteriors(rows, is_gold, chain), abs=1e-9)
    expected = np.zeros_like(rows)
    for row, column in np.ndindex(*rows.shape):
        change = np.zeros_like(rows)
        change[row, column] = STEP
        higher = sum(_log_posteriors(rows + change, is_gold, chain))
        lower = sum(_log_posteriors(rows - change, is_gold, chain))
        expected[row, column] = (higher - lower) / (2 * STEP)
    assert found.slope == pytest.approx(expected, abs=1e-8)


def test_without_annotation_there_is_nothing_to_learn() -> None:
    tag_set = make_tag_set(["X", "Y"], SCHEMES["BILOU"])
    rows = _draw_rows(tag_set, len(GOLD))
    is_gold = np.ones_like(rows, dtype=bool)
    found = differentiate_gold(rows, pack(LENGTHS), make_chain(tag_set), is_gold)
    assert found.log_share == pytest.approx(0.0, abs=1e-12)
    assert found.slope == pytest.approx(0.0, abs=1e-12)


def test_gold_that_no_legal_path_keeps_to_has_no_posterior() -> None:
    tag_set = make_tag_set(["X"], SCHEMES["IOB2"])
    rows = _draw_rows(tag_set, 4)
    is_gold = np.ones_like(rows, dtype=bool)
    is_gold[2] = np.array(tag_set.labels) == "I-X"
    is_gold[1] = np.array(tag_set.labels) == "O"
    found = differentiate_gold(rows, pack(np.array([1, 3])), make_chain(tag_set), is_gold)
    assert found.log_share[0] == pytest.approx(0.0)
    assert found.log_share[2] == -np.inf
    assert np.isfinite(found.slope).all()


def test_a_long_segment_that_runs_in_pieces_is_the_same_as_row_by_row() -> None:
    tag_set = make_tag_set(["X", "Y"], SCHEMES["IOB2"])
    chain = make_chain(tag_set)
    rows = _draw_rows(tag_set, 2_000)
    # "O" everywhere is legal; a tenth of it is left open.
    is_gold = np.zeros_like(rows, dtype=bool)
    is_gold[:, tag_set.labels.index("O")] = True
    is_gold[np.random.default_rng(1).random(len(rows)) < 0.1] = True
    found = differentiate_gold(rows, pack(np.array([len(rows)])), chain, is_gold)

    # The plain recursion, with logarithms that are never scaled.
    totals: list[float] = []
    for allowed in (np.ones_like(is_gold), is_gold):
        kept = np.where(allowed, rows, -np.inf)
        forward = chain.log_start + kept[0]
        for row in kept[1:]:
            forward = np.logaddexp.reduce(forward[:, None] + chain.log_transition, axis=0) + row
        totals.append(float(np.logaddexp.reduce(forward + chain.log_end)))
    assert found.log_share.sum() == pytest.approx(totals[1] - totals[0], rel=1e-9)
    assert found.slope.sum(axis=1) == pytest.approx(0.0, abs=1e-9)
