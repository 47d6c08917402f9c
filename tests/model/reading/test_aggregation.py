import numpy as np
import pytest
import torch

from spacy_hf_ner.core.alignment import Alignment, Spread
from spacy_hf_ner.core.labels import TagSet, make_tag_set, read_labels
from spacy_hf_ner.core.schemes import SCHEMES
from spacy_hf_ner.model.reading.aggregation import (
    AGGREGATION_NAMES,
    AGGREGATIONS,
    Aggregation,
    SubwordLabels,
    count_disagreements,
    find_cut_units,
    score_units,
    score_units_for_training,
)
from tests.checkpoints import CONLL_LABELS

CONLL = read_labels(CONLL_LABELS)


def _align(owner: list[int], evidence: list[int], spread: list[int] | None = None) -> Alignment:
    return Alignment(np.array(owner), np.array(evidence), np.array(spread or [0] * len(evidence)))


def _score(
    probs: list[list[float]],
    alignment: Alignment,
    tag_set: TagSet,
    aggregation: Aggregation,
    subword_labels: SubwordLabels = "first",
) -> np.ndarray:
    logits = torch.tensor(probs, dtype=torch.float64).clamp(min=1e-30).log()
    rows = score_units(
        logits, alignment, tag_set, aggregation=aggregation, subword_labels=subword_labels
    )
    return rows.exp().numpy()


@pytest.mark.parametrize(
    ("aggregation", "entity_type", "score"),
    [("first", "MISC", 0.55), ("max", "LOC", 0.8), ("mean", "PER", 0.35)],
)
def test_hand_made_scores_that_each_aggregation_reads_differently(
    aggregation: Aggregation, entity_type: str, score: float
) -> None:
    # Three subwords of one word, as transformers' own tests have them.
    column = {str(tag): k for k, tag in enumerate(CONLL.tags)}
    words = [
        {"B-MISC": 0.55, "B-PER": 0.45},
        {"B-PER": 0.2, "I-LOC": 0.8},
        {"B-PER": 0.4, "I-ORG": 0.6},
    ]
    probs = [[word.get(tag, 0.0) for tag in column] for word in words]
    row = _score(probs, _align([0, 0, 0], [0]), CONLL, aggregation)[0]
    assert CONLL.tags[int(row.argmax())].entity_type == entity_type
    assert row.max() == pytest.approx(score, abs=1e-6)


@pytest.mark.parametrize("aggregation", AGGREGATION_NAMES)
def test_a_token_of_one_subword_has_its_probabilities(aggregation: Aggregation) -> None:
    tags = read_labels(["O", "B-X", "I-X"])
    probs = [[0.2, 0.5, 0.3], [0.7, 0.1, 0.2]]
    assert _score(probs, _align([0, 1], [0, 1]), tags, aggregation) == pytest.approx(
        np.array(probs), abs=1e-6
    )


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_a_token_without_evidence_has_no_row_and_a_stray_subword_no_say(
    aggregation: Aggregation,
) -> None:
    tags = read_labels(["O", "B-X"])
    rows = _score([[0.9, 0.1], [0.1, 0.9]], _align([-1, 1], [-1, 1]), tags, aggregation)
    assert np.isnan(rows[0]).all()
    assert rows[1] == pytest.approx([0.1, 0.9], abs=1e-6)


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_no_subwords_at_all_give_empty_rows(aggregation: Aggregation) -> None:
    rows = score_units(torch.zeros(0, 3), _align([], [-1, -1]), read_labels(["O", "B-X", "I-X"]),
                       aggregation=aggregation, subword_labels="first")  # fmt: skip
    assert rows.shape == (2, 3)
    assert rows.isnan().all()


def test_the_first_of_two_equally_confident_subwords_is_the_maximum() -> None:
    rows = _score([[0.8, 0.2], [0.2, 0.8]], _align([0, 0], [0]), read_labels(["O", "B-X"]), "max")
    assert rows[0] == pytest.approx([0.8, 0.2], abs=1e-6)


def test_a_model_trained_on_inside_tags_keeps_the_first_subwords_prefix_in_a_mean() -> None:
    tags = read_labels(["O", "B-X", "I-X"])
    probs = [[0.1, 0.8, 0.1], [0.1, 0.0, 0.9], [0.1, 0.0, 0.9]]
    plain = _score(probs, _align([0, 0, 0], [0]), tags, "mean")[0]
    by_type = _score(probs, _align([0, 0, 0], [0]), tags, "mean", "all_inside")[0]
    assert tags.labels[plain.argmax()] == "I-X"
    assert tags.labels[by_type.argmax()] == "B-X"
    assert by_type == pytest.approx([0.1, 0.8, 0.1], abs=1e-6)
    assert by_type.sum() == pytest.approx(1.0, abs=1e-6)


SPREADS = {
    "IO": ("I-X", ["I-X", "I-X", "I-X"]),
    "IOB1": ("I-X", ["I-X", "I-X", "I-X"]),
    "IOB2": ("B-X", ["B-X", "I-X", "I-X"]),
    "IOB": ("B-X", ["B-X", "I-X", "I-X"]),
    "IOBES": ("S-X", ["B-X", "I-X", "E-X"]),
    "BILOU": ("U-X", ["B-X", "I-X", "L-X"]),
    "BMES": ("S-X", ["B-X", "M-X", "E-X"]),
}


@pytest.mark.parametrize("scheme", SPREADS)
@pytest.mark.parametrize("aggregation", AGGREGATION_NAMES)
def test_one_subword_over_three_tokens_is_one_entity_in_every_scheme(
    scheme: str, aggregation: Aggregation
) -> None:
    tags = make_tag_set(["X", "Y"], next(s for name, s in SCHEMES.items() if name == scheme))
    said, wanted = SPREADS[scheme]
    probs = [[0.9 if label == said else 0.1 / (len(tags) - 1) for label in tags.labels]]
    rows = _score(
        probs, _align([0], [0, 0, 0], [Spread.FIRST, Spread.MIDDLE, Spread.LAST]), tags, aggregation
    )
    assert [tags.labels[row.argmax()] for row in rows] == wanted
    assert rows.sum(axis=1) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(
    ("subword_labels", "expected"),
    [
        ("first", [0.5, 0.3, 0.2]),
        ("all", [0.5 * 0.1, 0.3 * 0.2, 0.2 * 0.7]),
        ("all_inside", [0.05, 0.21, 0.14]),
    ],
)
def test_training_rows_are_the_joint_probability_of_supervised_subwords(
    subword_labels: SubwordLabels, expected: list[float]
) -> None:
    tags = read_labels(["O", "B-X", "I-X"], scheme="IOB2")
    logits = torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]]).log()
    rows = score_units_for_training(
        logits, _align([0, 0], [0]), tags, subword_labels=subword_labels
    )
    assert rows.exp()[0].numpy() == pytest.approx(expected, abs=1e-6)


def test_continuing_subwords_of_a_last_token_keep_their_end_tag_when_labelled_inside() -> None:
    tags = make_tag_set(["X"], SCHEMES["IOBES"])
    logits = torch.tensor(np.random.default_rng(0).normal(size=(2, len(tags))))
    log_probs = logits.log_softmax(-1)
    rows = score_units_for_training(logits, _align([0, 0], [0]), tags, subword_labels="all_inside")[
        0
    ]
    inside = {"O": "O", "B-X": "I-X", "I-X": "I-X", "E-X": "E-X", "S-X": "I-X"}
    for k, label in enumerate(tags.labels):
        assert rows[k] == pytest.approx(
            float(log_probs[0, k] + log_probs[1, tags.labels.index(inside[label])])
        )


def test_tokens_that_share_a_subword_teach_nothing() -> None:
    rows = score_units_for_training(
        torch.zeros(1, 2),
        _align([0], [0, 0, -1], [1, 3, 0]),
        read_labels(["O", "B-X"]),
        subword_labels="all",
    )
    assert not rows[0].isnan().any()
    assert rows[1:].isnan().all()
    assert (
        score_units_for_training(
            torch.zeros(0, 2), _align([], [-1]), read_labels(["O", "B-X"]), subword_labels="first"
        )
        .isnan()
        .all()
    )


def test_tokens_whose_subwords_disagree_on_the_type_are_counted_once() -> None:
    tags = read_labels(["O", "B-X", "I-X", "B-Y"])
    best = [1, 2, 1, 3, 0, 0, 1, 0]  # X X | X Y O | O | X, and one of no token
    logits = torch.eye(4)[best]
    alignment = _align([0, 0, 1, 1, 1, 2, 3, -1], [0, 2, 5, 6])
    assert count_disagreements(logits, alignment, tags) == (1, 2)


@pytest.mark.parametrize(
    ("best", "subword_labels", "expected"),
    [
        ("B-PER I-PER | B-LOC I-LOC", "all_inside", [False, False]),
        ("B-PER O | O O", "all_inside", [True, False]),
        ("O B-PER | I-PER I-PER", "all_inside", [True, False]),
        ("B-PER B-PER | O O", "all_inside", [True, False]),
        ("B-PER B-PER | O O", "all", [False, False]),
        ("B-PER I-LOC | I-LOC I-LOC", "all", [True, False]),
    ],
)
def test_units_are_cut_whose_subwords_are_of_no_one_entity(
    best: str, subword_labels: SubwordLabels, expected: list[bool]
) -> None:
    labels = best.replace("| ", "").split()
    logits = torch.eye(len(CONLL))[[CONLL.labels.index(label) for label in labels]]
    alignment = _align([0, 0, 1, 1], [0, 2])
    found = find_cut_units(logits, alignment, CONLL, subword_labels=subword_labels)
    assert found.tolist() == expected
    # A subword alone is cut by nothing, nor is one that speaks for no unit.
    alone = _align([0, 1, -1, 2], [0, 1, 3])
    assert not find_cut_units(logits, alone, CONLL, subword_labels=subword_labels).any()


def test_the_last_subword_speaks_where_it_has_seen_the_whole_word() -> None:
    probs = [[0.9, 0.1], [0.4, 0.6], [0.7, 0.3], [0.2, 0.8]]
    tags = read_labels(["O", "B-X"])
    rows = _score(probs, _align([0, 0, 1, -1], [0, 2]), tags, "last")
    assert rows == pytest.approx(np.array([[0.4, 0.6], [0.7, 0.3]]), abs=1e-6)


def test_only_the_last_subword_learns_where_it_is_the_one_that_is_labelled() -> None:
    probs = torch.tensor([[0.9, 0.1], [0.4, 0.6], [0.7, 0.3]]).log()
    rows = score_units_for_training(
        probs, _align([0, 0, 1], [0, 2]), read_labels(["O", "B-X"]), subword_labels="last"
    )
    assert rows.exp().numpy() == pytest.approx(np.array([[0.4, 0.6], [0.7, 0.3]]), abs=1e-6)
