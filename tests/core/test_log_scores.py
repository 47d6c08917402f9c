"""Chains that prefer some paths, and rows whose legal tags are next to impossible: still exact."""

from dataclasses import replace

import numpy as np
import pytest

from spacy_hf_ner.core import scan
from spacy_hf_ner.core.arrays import Floats
from spacy_hf_ner.core.chain import Chain, make_chain, pack
from spacy_hf_ner.core.decoding import decode_all, decode_viterbi
from spacy_hf_ner.core.labels import TagSet, make_tag_set, read_labels
from spacy_hf_ner.core.posteriors import LogMarginals, ScaledMarginals
from spacy_hf_ner.core.schemes import SCHEMES
from tests.core.brute_force import enumerate_paths

pytestmark = pytest.mark.filterwarnings("error")

PIECES = 10**12  # STEP_WORK with which long segments are cut whatever it costs


def _draw(rng: np.random.Generator, n_rows: int, n_tags: int, gap: float) -> Floats:
    logits = rng.normal(size=(n_rows, n_tags)) * gap
    logits -= logits.max(axis=1, keepdims=True)
    log_probs: Floats = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return log_probs


def _draw_scores(rng: np.random.Generator, chain: Chain, gap: float) -> Chain:
    n_tags = len(chain.log_start)
    return replace(
        chain,
        log_start=chain.log_start + rng.normal(size=n_tags) * gap,
        log_transition=chain.log_transition + rng.normal(size=(n_tags, n_tags)) * gap,
        log_end=chain.log_end + rng.normal(size=n_tags) * gap,
    )


def _assert_as_brute_force(log_probs: Floats, chain: Chain, tag_set: TagSet) -> None:
    expected = enumerate_paths(log_probs, chain, tag_set)
    lengths = np.array([len(log_probs)])
    best = decode_viterbi(log_probs, lengths, chain)
    spans = list(zip(best.start.tolist(), best.end.tolist(), best.type_i.tolist(), strict=True))
    assert spans == expected.best
    assert best.score == pytest.approx([expected.posterior[span] for span in spans], abs=1e-9)

    threshold = np.full(len(tag_set.entity_types), 1e-3)
    found = decode_all(log_probs, lengths, chain, threshold=threshold)
    keys = zip(found.start.tolist(), found.end.tolist(), found.type_i.tolist(), strict=True)
    wanted = {span: p for span, p in expected.posterior.items() if p >= 1e-3}
    assert dict(zip(keys, found.score.tolist(), strict=True)) == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("gap", [0.5, 3.0, 50.0, 400.0])
@pytest.mark.parametrize("row_gap", [1.0, 300.0])
@pytest.mark.parametrize("name", SCHEMES)
def test_random_scores_give_what_brute_force_gives(name: str, row_gap: float, gap: float) -> None:
    rng = np.random.default_rng(0)
    tag_set = make_tag_set(["X"], SCHEMES[name])
    for _ in range(3):
        chain = _draw_scores(rng, make_chain(tag_set), gap)
        _assert_as_brute_force(_draw(rng, 4, len(tag_set), row_gap), chain, tag_set)


@pytest.mark.parametrize("start_gap", [0.0, -400.0])
def test_a_path_is_not_lost_where_it_is_next_to_impossible_for_a_while(start_gap: float) -> None:
    # B-X is 800 nats worse than O on the first row, and O as much worse than I-X on the second.
    tag_set = make_tag_set(["X"], SCHEMES["IOB2"])
    log_probs = np.array([[0.0, -800.0, -900.0], [-1600.0, -1700.0, 0.0], [0.0, -500.0, -1.0]])
    log_probs[:, 0] += start_gap
    _assert_as_brute_force(log_probs, make_chain(tag_set), tag_set)


@pytest.mark.parametrize("gap", [100.0, 250.0, 1000.0])
def test_legal_tags_far_below_an_illegal_one_have_exact_posteriors(gap: float) -> None:
    # I-X cannot start an entity: of O and B-X, the latter is e^5 times as probable.
    chain = make_chain(make_tag_set(["X"], SCHEMES["IOB2"]))
    log_probs = np.array([[-gap - 5.0, -gap, 0.0]])
    decoded = decode_viterbi(log_probs, np.array([1]), chain)
    assert decoded.score == pytest.approx([1 / (1 + np.exp(-5.0))], abs=1e-12)  # 0.9933


@pytest.mark.parametrize("n_rows", [1, 40, 3000])
def test_far_rows_of_long_segments_are_exact_in_pieces_too(
    monkeypatch: pytest.MonkeyPatch, n_rows: int
) -> None:
    monkeypatch.setattr(scan, "STEP_WORK", PIECES)
    # B-Y can be followed by no I-Y, and I-X by nothing but itself: each row stands alone.
    tag_set = read_labels(["O", "B-Y", "I-X", "B-X"], scheme="IOB2")
    log_probs = np.tile([-405.0, -400.0, 0.0, -np.inf], (n_rows, 1))
    chain = make_chain(tag_set)
    decoded = decode_viterbi(log_probs, np.array([n_rows]), chain)
    assert decoded.start.tolist() == list(range(n_rows))
    assert decoded.score == pytest.approx(np.full(n_rows, 1 / (1 + np.exp(-5.0))), abs=1e-12)


def test_a_likely_tag_that_leads_nowhere_spoils_nothing() -> None:
    # No entity of X can end: a hundred rows say X, and no legal path does.
    tag_set = TagSet(read_labels(["O", "B-X", "I-X", "S-Y"]).tags, SCHEMES["IOBES"])
    log_probs = np.tile([-20.0, -20.0, 0.0, -20.0], (100, 1))
    decoded = decode_all(log_probs, np.array([100]), make_chain(tag_set), threshold=np.full(2, 0.1))
    assert decoded.type_i.tolist() == [1] * 100
    assert decoded.score == pytest.approx(np.full(100, 0.5), abs=1e-9)


@pytest.mark.parametrize("lengths", [[700], [3, 0, 500, 1]])
@pytest.mark.parametrize("name", SCHEMES)
def test_logarithms_and_scaled_probabilities_agree(
    monkeypatch: pytest.MonkeyPatch, name: str, lengths: list[int]
) -> None:
    monkeypatch.setattr(scan, "STEP_WORK", PIECES)
    rng = np.random.default_rng(1)
    tag_set = make_tag_set(["X", "Y"], SCHEMES[name])
    chain = _draw_scores(rng, make_chain(tag_set), 1.0)
    log_probs = _draw(rng, sum(lengths), len(tag_set), 2.0)
    packing = pack(np.array(lengths))
    threshold = np.full(2, 1e-4)
    scaled = ScaledMarginals(log_probs, packing, chain)
    assert scaled.is_exact
    expected = scaled.find_spans(threshold)
    found = LogMarginals(log_probs, packing, chain).find_spans(threshold)
    assert found.start.tolist() == expected.start.tolist()
    assert found.end.tolist() == expected.end.tolist()
    assert found.score == pytest.approx(expected.score, abs=1e-11)


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("operator", [scan.SUM, scan.BEST], ids=["sum", "best"])
def test_pieces_carry_what_the_plain_loop_finds_at_their_borders(
    monkeypatch: pytest.MonkeyPatch, operator: scan.Operator, *, scaled: bool
) -> None:
    if scaled and operator.picks:
        return  # only sums can be scaled
    rng = np.random.default_rng(2)
    tag_set = make_tag_set(["X", "Y"], SCHEMES["IOBES"])
    chain = _draw_scores(rng, make_chain(tag_set), 1.0)
    log_probs = _draw(rng, 900, len(tag_set), 3.0)
    packing = pack(np.array([900]))
    whole = scan.keep_whole(packing, chain)
    forward = scan.scan_forward(log_probs, whole, chain, operator)
    backward = scan.scan_backward(log_probs, whole, chain, operator)
    best = (forward + backward).argmax(axis=1)

    monkeypatch.setattr(scan, "STEP_WORK", PIECES)
    pieces = scan.cut_into_pieces(log_probs, packing, chain, operator, scaled=scaled)
    assert len(pieces.packing.first) == 30
    for piece, row in enumerate(pieces.packing.last.tolist()):
        after = pieces.log_after[piece]
        if operator.picks:
            assert (
                after.tolist() == np.where(np.arange(len(after)) == best[row], 0, -np.inf).tolist()
            )
            continue
        total = forward[row] + after
        expected = forward[row] + backward[row]
        shift = total.max() - expected.max()
        assert total - shift == pytest.approx(expected, abs=1e-9)
