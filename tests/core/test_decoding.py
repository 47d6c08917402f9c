import numpy as np
import pytest

from spacy_hf_ner.core.arrays import Floats
from spacy_hf_ner.core.chain import Chain, make_chain
from spacy_hf_ner.core.decoding import decode_all, decode_greedy, decode_viterbi
from spacy_hf_ner.core.labels import TagSet, make_tag_set, read_labels
from spacy_hf_ner.core.posteriors import Decoded
from spacy_hf_ner.core.schemes import SCHEMES

IOB2 = make_tag_set(["X"], SCHEMES["IOB2"])  # columns: O, B-X, I-X


def _log(probs: list[list[float]]) -> Floats:
    with np.errstate(divide="ignore"):
        return np.log(np.array(probs, dtype=np.float64).reshape(len(probs), -1))


def _spans(decoded: Decoded) -> list[tuple[int, int, int]]:
    return list(
        zip(decoded.start.tolist(), decoded.end.tolist(), decoded.type_i.tolist(), strict=True)
    )


def _chain_and_probs(tag_set: TagSet, best: str, *, sure: float = 0.9) -> tuple[Chain, Floats]:
    """Return rows in which one label has the probability ``sure``; the others share the rest."""
    rest = (1 - sure) / (len(tag_set) - 1)
    probs: list[list[float]] = []
    for wanted in best.split():
        row = [rest] * len(tag_set)
        row[tag_set.labels.index(wanted)] = sure
        probs.append(row)
    return make_chain(tag_set), _log(probs)


@pytest.mark.parametrize(
    ("best", "lengths", "greedy", "viterbi"),
    [
        ("O B-X I-X O", [4], [(1, 3, 0)], [(1, 3, 0)]),
        ("B-X B-X I-X", [3], [(0, 1, 0), (1, 3, 0)], [(0, 1, 0), (1, 3, 0)]),
        # a segment's border ends an entity
        ("B-X I-X I-X I-X", [2, 2], [(0, 2, 0), (2, 4, 0)], [(0, 2, 0), (2, 4, 0)]),
        # greedy reads leniently what Viterbi never says
        ("I-X I-X O", [3], [(0, 2, 0)], [(0, 2, 0)]),
        ("O O", [2], [], []),
    ],
)
def test_a_sure_path_is_decoded(
    best: str,
    lengths: list[int],
    greedy: list[tuple[int, int, int]],
    viterbi: list[tuple[int, int, int]],
) -> None:
    chain, log_probs = _chain_and_probs(IOB2, best)
    assert _spans(decode_greedy(log_probs, np.array(lengths), chain)) == greedy
    assert _spans(decode_viterbi(log_probs, np.array(lengths), chain)) == viterbi


def test_viterbi_gives_up_a_likely_tag_that_nothing_legal_leads_to() -> None:
    log_probs = _log([[0.98, 0.01, 0.01], [0.35, 0.05, 0.6]])
    assert _spans(decode_greedy(log_probs, np.array([2]), make_chain(IOB2))) == [(1, 2, 0)]
    assert _spans(decode_viterbi(log_probs, np.array([2]), make_chain(IOB2))) == []


def test_a_lenient_scheme_lets_an_inside_tag_start_an_entity() -> None:
    log_probs = _log([[0.98, 0.01, 0.01], [0.35, 0.05, 0.6]])
    chain = make_chain(read_labels(["O", "B-X", "I-X"]))
    decoded = decode_viterbi(log_probs, np.array([2]), chain)
    assert _spans(decoded) == [(1, 2, 0)]
    # All that puts [1, 2) and nothing before it: B-X anywhere, I-X where the token before is
    # outside.
    assert decoded.score == pytest.approx([0.98 * (0.05 + 0.6) + (0.01 + 0.01) * 0.05])


def test_a_greedy_score_is_the_mean_probability_of_the_best_tags() -> None:
    log_probs = _log([[0.1, 0.7, 0.2], [0.2, 0.3, 0.5], [0.4, 0.3, 0.3]])
    assert decode_greedy(log_probs, np.array([3]), make_chain(IOB2)).score == pytest.approx([0.6])


def test_a_viterbi_score_is_the_share_of_the_legal_paths() -> None:
    # legal paths: O O, O B, B O, B B, B I
    log_probs = _log([[0.4, 0.5, 0.1], [0.2, 0.2, 0.6]])
    legal = 0.4 * 0.2 + 0.4 * 0.2 + 0.5 * 0.2 + 0.5 * 0.2 + 0.5 * 0.6
    assert decode_viterbi(log_probs, np.array([2]), make_chain(IOB2)).score == pytest.approx(
        [0.5 * 0.6 / legal]
    )


def test_all_spans_over_the_threshold_of_their_type_are_given_overlapping_ones_too() -> None:
    log_probs = _log([[0.4, 0.5, 0.1], [0.2, 0.2, 0.6]])
    legal = 0.4 * 0.2 + 0.4 * 0.2 + 0.5 * 0.2 + 0.5 * 0.2 + 0.5 * 0.6
    chain = make_chain(IOB2)
    decoded = decode_all(log_probs, np.array([2]), chain, threshold=np.array([0.28]))
    assert _spans(decoded) == [(0, 1, 0), (0, 2, 0)]
    assert decoded.score == pytest.approx([0.2 / legal, 0.3 / legal])
    assert _spans(decode_all(log_probs, np.array([2]), chain, threshold=np.array([0.4]))) == [
        (0, 2, 0)
    ]


def test_each_type_has_its_own_threshold() -> None:
    chain = make_chain(make_tag_set(["X", "Y"], SCHEMES["IO"]))
    log_probs = _log([[0.2, 0.4, 0.4]])
    assert _spans(decode_all(log_probs, np.array([1]), chain, threshold=np.array([0.5, 0.3]))) == [
        (0, 1, 1)
    ]


NO_WAY = [
    # no single token can be an entity, and none is outside
    (["B-X", "I-X", "E-X"], "IOBES", [1], [[0.2, 0.1, 0.7]], [0.7]),
    # what is ruled out leaves no legal tag at all for the second row
    (["O", "B-X", "I-X"], "IOB2", [2], [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], [1.0]),
    (["O", "B-X", "I-X"], "IOB2", [3], [[0.5, 0.0, 0.5], [0.0, 0.0, 1.0], [0.0, 0.0, 1.0]], [1.0]),
]


@pytest.mark.parametrize(("labels", "scheme", "lengths", "probs", "score"), NO_WAY)
def test_a_segment_without_a_legal_path_is_decoded_greedily(
    labels: list[str], scheme: str, lengths: list[int], probs: list[list[float]], score: list[float]
) -> None:
    chain = make_chain(read_labels(labels, scheme=scheme))
    greedy = decode_greedy(_log(probs), np.array(lengths), chain)
    decoded = decode_viterbi(_log(probs), np.array(lengths), chain)
    assert _spans(decoded) == _spans(greedy)
    assert decoded.score == pytest.approx(score)
    assert greedy.score == pytest.approx(score)


def test_a_segment_without_a_legal_path_leaves_the_others_alone() -> None:
    chain = make_chain(read_labels(["B-X", "I-X", "E-X"], scheme="IOBES"))
    log_probs = _log([[0.2, 0.1, 0.7], [0.6, 0.2, 0.2], [0.3, 0.4, 0.3]])
    decoded = decode_viterbi(log_probs, np.array([1, 2]), chain)
    assert _spans(decoded) == [(0, 1, 0), (1, 3, 0)]
    assert decoded.score == pytest.approx([0.7, 1.0])


def test_no_legal_path_yields_no_spans_over_any_threshold() -> None:
    chain = make_chain(read_labels(["B-X", "I-X", "E-X"], scheme="IOBES"))
    decoded = decode_all(_log([[0.2, 0.1, 0.7]]), np.array([1]), chain, threshold=np.array([1e-9]))
    assert _spans(decoded) == []


@pytest.mark.parametrize("lengths", [[], [0]])
def test_no_rows_are_decoded_to_no_spans(lengths: list[int]) -> None:
    chain, nothing = make_chain(IOB2), np.zeros((0, 3))
    packed = np.array(lengths, dtype=np.int64)
    decoded = [
        decode_greedy(nothing, packed, chain),
        decode_viterbi(nothing, packed, chain),
        decode_all(nothing, packed, chain, threshold=np.array([0.5])),
    ]
    assert [_spans(one) for one in decoded] == [[], [], []]


def test_a_tag_set_without_types_has_no_spans() -> None:
    chain, log_probs = make_chain(read_labels(["O"])), np.zeros((3, 1))
    assert _spans(decode_viterbi(log_probs, np.array([3]), chain)) == []
    assert _spans(decode_all(log_probs, np.array([3]), chain, threshold=np.zeros(0))) == []
