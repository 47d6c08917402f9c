"""Long segments are cut into pieces that run side by side.

What is found must be what the whole segment gives.
"""

import numpy as np
import pytest

from spacy_hf_ner.core import scan
from spacy_hf_ner.core.arrays import Floats, Ints
from spacy_hf_ner.core.chain import make_chain, pack
from spacy_hf_ner.core.decoding import decode_all, decode_viterbi, find_best_path
from spacy_hf_ner.core.labels import TagSet, make_tag_set, read_labels
from spacy_hf_ner.core.posteriors import Decoded
from spacy_hf_ner.core.schemes import SCHEMES, SchemeName

pytestmark = pytest.mark.filterwarnings("error")

LENGTHS = np.array([500, 3, 1000, 0, 90, 64, 301])
WHOLE, PIECES = 0, 10**12  # STEP_WORK with which segments stay whole, and with which they are cut


def _draw(tag_set: TagSet, *, gap: float) -> Floats:
    """Return random rows; the larger the gap between scores, the surer they are."""
    scores = np.random.default_rng(0).normal(size=(int(LENGTHS.sum()), len(tag_set))) * gap
    scores -= scores.max(axis=1, keepdims=True)
    log_probs: Floats = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    return log_probs


def _decode(
    monkeypatch: pytest.MonkeyPatch, log_probs: Floats, tag_set: TagSet, *, step_work: int
) -> tuple[Ints, Decoded, Decoded]:
    monkeypatch.setattr(scan, "STEP_WORK", step_work)
    chain, least = make_chain(tag_set), np.full(len(tag_set.entity_types), 0.2)
    path = find_best_path(log_probs, pack(LENGTHS), chain)
    return (
        path,
        decode_viterbi(log_probs, LENGTHS, chain),
        decode_all(log_probs, LENGTHS, chain, threshold=least),
    )


def _assert_equal_in_pieces(
    monkeypatch: pytest.MonkeyPatch, log_probs: Floats, tag_set: TagSet
) -> Ints:
    path, *expected = _decode(monkeypatch, log_probs, tag_set, step_work=WHOLE)
    path_of_pieces, *found = _decode(monkeypatch, log_probs, tag_set, step_work=PIECES)
    assert path_of_pieces.tolist() == path.tolist()
    for one, other in zip(found, expected, strict=True):
        assert (one.start.tolist(), one.end.tolist()) == (other.start.tolist(), other.end.tolist())
        assert one.type_i.tolist() == other.type_i.tolist()
        assert one.score == pytest.approx(other.score, abs=1e-12)
    return path


@pytest.mark.parametrize("gap", [1.0, 30.0, 3000.0])
@pytest.mark.parametrize("n_types", [1, 4])
@pytest.mark.parametrize("name", SCHEMES)
def test_pieces_give_what_whole_segments_give(
    monkeypatch: pytest.MonkeyPatch, name: SchemeName, n_types: int, gap: float
) -> None:
    tag_set = make_tag_set([f"T{i}" for i in range(n_types)], SCHEMES[name])
    log_probs = _draw(tag_set, gap=gap)
    path = _assert_equal_in_pieces(monkeypatch, log_probs, tag_set)
    is_changed = path != log_probs.argmax(axis=1)
    assert is_changed.any() == (name not in {"IO", "IOB", "IOE"})  # in these every path is legal


@pytest.mark.parametrize(
    ("labels", "scheme"),
    [
        (["B-X", "I-X", "E-X"], "IOBES"),  # nothing can fill a segment of one row
        (["I-X", "B-X"], "IOBES"),  # nothing can end one
        (["O", "B-X", "I-X", "B-Y"], "IOB2"),
    ],
)
def test_segments_without_a_legal_path_are_left_alone(
    monkeypatch: pytest.MonkeyPatch, labels: list[str], scheme: SchemeName
) -> None:
    tag_set = TagSet(read_labels(labels).tags, SCHEMES[scheme])
    _assert_equal_in_pieces(monkeypatch, _draw(tag_set, gap=3.0), tag_set)


def test_only_long_segments_are_cut() -> None:
    chain = make_chain(make_tag_set(["X"], SCHEMES["IOB2"]))
    log_probs = np.full((2000, 3), np.log(1 / 3))
    for lengths, n_pieces in (([2000], 46), ([100] * 20, 20)):  # 44 rows each
        pieces = scan.cut_into_pieces(log_probs, pack(np.array(lengths)), chain, scan.SUM)
        assert len(pieces.packing.first) == n_pieces


def test_segments_stay_whole_where_many_tags_would_take_longer() -> None:
    chain = make_chain(make_tag_set([f"T{i}" for i in range(40)], SCHEMES["IOBES"]))
    log_probs = np.full((2000, 161), np.log(1 / 161))
    pieces = scan.cut_into_pieces(log_probs, pack(np.array([2000])), chain, scan.SUM)
    assert len(pieces.packing.first) == 1
