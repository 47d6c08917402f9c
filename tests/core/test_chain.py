import numpy as np
import pytest

from spacy_hf_ner.core.chain import TransitionScores, make_chain, pack
from spacy_hf_ner.core.decoding import decode_viterbi
from spacy_hf_ner.core.labels import TagSet, make_tag_set, read_labels
from spacy_hf_ner.core.schemes import SCHEMES, SchemeName
from spacy_hf_ner.core.tags import read_tags


@pytest.mark.parametrize("name", SCHEMES)
def test_the_chain_of_a_scheme_allows_what_its_reader_finds_legal(name: SchemeName) -> None:
    tag_set = make_tag_set(["X", "Y"], SCHEMES[name])
    chain = make_chain(tag_set)
    for j, before in enumerate(tag_set.tags):
        for k, tag in enumerate(tag_set.tags):
            reading = read_tags([before, tag], tag_set.scheme)
            broken = {(violation.token_i, violation.kind) for violation in reading.violations}
            in_between = {(0, "ends without an end tag"), (1, "starts without a start tag")}
            is_one_entity = [(span.start, span.end) for span in reading.spans] == [(0, 2)]
            assert chain.continues[j, k] == is_one_entity, (before, tag)
            assert (chain.continues | chain.starts)[j, k] == broken.isdisjoint(in_between), (
                before,
                tag,
            )
            assert not (chain.continues & chain.starts)[j, k], (before, tag)
            if not is_one_entity:
                assert chain.can_start[j] == ((0, "starts without a start tag") not in broken), (
                    before
                )
                assert chain.can_end[k] == ((1, "ends without an end tag") not in broken), tag


def test_a_chain_knows_the_columns_of_each_type_in_any_order() -> None:
    chain = make_chain(read_labels(["I-B", "O", "B-A", "B-B", "I-C", "<pad>", "I-A"]))
    assert chain.type_i.tolist() == [0, -1, 1, 0, 2, -1, 1]
    assert chain.columns.tolist() == [[0, 3], [2, 6], [4, -1]]


def test_every_outside_column_is_legal_beside_every_other() -> None:
    chain = make_chain(read_labels(["O", "B-X", "I-X", "[PAD]"], scheme="IOB2"))
    assert chain.starts[:, [0, 3]].all()
    assert chain.starts[[0, 3]].tolist() == [[True, True, False, True]] * 2
    assert chain.can_start.tolist() == [True, True, False, True]
    assert chain.can_end.tolist() == [True] * 4


def test_a_tag_set_without_types_makes_a_chain_of_outside() -> None:
    chain = make_chain(read_labels(["O"]))
    assert (chain.starts.tolist(), chain.columns.shape) == ([[True]], (0, 0))


def test_the_chain_of_one_tag_set_is_made_once() -> None:
    first, second = (TagSet(read_labels(["O", "PER"]).tags, SCHEMES["IO"]) for _ in range(2))
    assert make_chain(first) is make_chain(second)


def test_packing_puts_the_longest_segment_first_and_leaves_out_empty_ones() -> None:
    packing = pack(np.array([1, 0, 3, 1]))
    assert packing.first.tolist() == [1, 0, 4]
    assert packing.length.tolist() == [3, 1, 1]
    assert packing.is_first.tolist() == [True, True, False, False, True]
    assert packing.is_last.tolist() == [True, False, False, True, True]


def test_steps_give_the_rows_of_the_segments_that_still_run() -> None:
    steps = [(t, rows.tolist()) for t, rows in pack(np.array([2, 3, 0, 1])).steps()]
    assert steps == [(0, [2, 0, 5]), (1, [3, 1]), (2, [4])]


def test_only_keeps_the_wanted_segments_at_their_rows() -> None:
    packing = pack(np.array([2, 3, 1])).only(np.array([False, True, True]))
    assert [(t, rows.tolist()) for t, rows in packing.steps()] == [(0, [0, 5]), (1, [1])]


@pytest.mark.parametrize("lengths", [[], [0], [0, 0]])
def test_nothing_is_packed_into_no_rows(lengths: list[int]) -> None:
    packing = pack(np.array(lengths, dtype=np.int64))
    assert (list(packing.steps()), len(packing.is_first), len(packing.is_last)) == ([], 0, 0)


def test_each_transition_score_is_added_where_the_scheme_does_so() -> None:
    scores = TransitionScores(
        stay_outside=1.0,
        outside_to_start=2.0,
        go_on=3.0,
        go_on_to_end=4.0,
        end_to_outside=5.0,
        end_to_start=6.0,
    )
    chain = make_chain(read_labels(["O", "B-X", "I-X", "E-X", "S-X"]), scores)
    no = -np.inf
    assert chain.log_transition.tolist() == [
        # O    B    I    E    S
        [1.0, 2.0, no, no, 2.0],
        [no, no, 3.0, 4.0, no],
        [no, no, 3.0, 4.0, no],
        [5.0, 6.0, no, no, 6.0],
        [5.0, 6.0, no, no, 6.0],
    ]
    assert chain.log_start.tolist() == [0.0, 0.0, no, no, 0.0]


@pytest.mark.parametrize("name", SCHEMES)
def test_a_bias_rewards_what_follows_no_entity_and_costs_wherever_one_begins(
    name: SchemeName,
) -> None:
    tag_set = make_tag_set(["X", "Y"], SCHEMES[name])
    bias = (2.0, -3.0)
    plain = make_chain(tag_set)
    chain = make_chain(tag_set, bias=bias)
    assert chain.prefers
    for k, tag in enumerate(tag_set.tags):
        of_type = bias[tag_set.type_i[k]] if tag.entity_type else 0.0
        assert chain.log_start[k] == plain.log_start[k] + of_type, tag
        for j, before in enumerate(tag_set.tags):
            spans = read_tags([before, tag], tag_set.scheme).spans
            begins = any(span.start == 1 for span in spans)
            counts = begins and (not before.entity_type or of_type < 0.0)
            expected = plain.log_transition[j, k] + (of_type if counts else 0.0)
            assert chain.log_transition[j, k] == expected, (before, tag)


def test_a_reward_for_entities_does_not_cut_one_to_pieces() -> None:
    tag_set = make_tag_set(["X"], SCHEMES["IOB2"])
    rows = np.log([[0.2, 0.7, 0.1], [0.1, 0.1, 0.8], [0.8, 0.1, 0.1]])
    for bias, expected in ((0.0, [(0, 2)]), (3.0, [(0, 2)]), (-8.0, [])):
        found = decode_viterbi(rows, np.array([3]), make_chain(tag_set, bias=(bias,)))
        assert list(zip(found.start.tolist(), found.end.tolist(), strict=True)) == expected


def test_a_chain_without_a_preference_is_the_same_at_every_temperature() -> None:
    tag_set = make_tag_set(["X"], SCHEMES["IOBES"])
    plain = make_chain(tag_set)
    assert plain.at_temperature(2.0) is plain
    biased = make_chain(tag_set, bias=(1.0,))
    assert biased.at_temperature(2.0).log_start.tolist() == [0.0, 0.5, -np.inf, -np.inf, 0.5]


def test_a_bias_of_nothing_is_no_preference() -> None:
    tag_set = make_tag_set(["X"], SCHEMES["IOB2"])
    assert not make_chain(tag_set, TransitionScores(), (0.0,)).prefers
