from dataclasses import replace

import numpy as np
import pytest

from spacy_hf_ner.core.windows import Window
from spacy_hf_ner.model.reading.batching import (
    Budget,
    PaddedBatch,
    make_batches,
    plan_batches,
    round_shape,
)
from spacy_hf_ner.model.reading.encoding import Template
from spacy_hf_ner.model.reading.limits import Limits

BERT = Template(prefix=(101,), suffix=(102,), prefix_types=(0,), suffix_types=(0,))
XLNET = Template(prefix=(), suffix=(4, 3), prefix_types=(), suffix_types=(0, 2))
WINDOWS = [Window(0, 6, 0, 5), Window(4, 10, 5, 10), Window(10, 12, 10, 12), Window(12, 13, 12, 13)]
IDS = np.arange(200, 213)
PADDED_WITH_0 = Limits(max_subwords=510, n_embeddings=None, pad_id=0)
PADDED_WITH_7 = replace(PADDED_WITH_0, pad_id=7)


@pytest.mark.parametrize("max_subwords", [1, 8, 16, 1000])
@pytest.mark.parametrize("template", [BERT, XLNET])
def test_every_subword_is_kept_once_and_from_the_window_that_owns_it(
    max_subwords: int, template: Template
) -> None:
    kept = np.zeros(len(IDS), dtype=int)
    for batch in make_batches(
        IDS,
        WINDOWS,
        template=template,
        limits=PADDED_WITH_0,
        budget=Budget(max_subwords, max_subwords),
    ):
        kept[batch.target] += 1
        assert np.array_equal(batch.ids.ravel()[batch.source], IDS[batch.target])
    assert (kept == 1).all()


def test_batches_stay_within_the_budget_unless_one_window_is_larger() -> None:
    lengths = np.array([50, 3, 4, 9, 3, 3, 20])
    batches = plan_batches(lengths, Budget(20, 20))
    assert sorted(np.concatenate(batches).tolist()) == list(range(7))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * lengths[batch].max() <= 20
    assert [50] in [lengths[batch].tolist() for batch in batches]


def test_a_batch_ends_where_it_would_be_mostly_padding() -> None:
    lengths = np.array([50, 3, 4, 9, 3, 3, 20])
    batches = plan_batches(lengths, Budget(1000, padding=12))
    assert [lengths[batch].tolist() for batch in batches] == [[3, 3, 3, 4], [9, 20], [50]]


def test_no_windows_are_no_batches() -> None:
    assert plan_batches(np.zeros(0, dtype=np.int64), Budget(8, 8)) == []
    assert (
        list(make_batches(IDS, [], template=BERT, limits=PADDED_WITH_0, budget=Budget(8, 8))) == []
    )


def test_a_batch_is_padded_after_the_suffix() -> None:
    (batch,) = make_batches(
        IDS, WINDOWS[2:], template=BERT, limits=PADDED_WITH_7, budget=Budget(100, 100)
    )
    assert batch.ids.tolist() == [[101, 212, 102, 7], [101, 210, 211, 102]]
    assert batch.mask.tolist() == [[1, 1, 1, 0], [1, 1, 1, 1]]
    assert batch.types is None


def test_types_follow_the_template() -> None:
    (batch,) = make_batches(
        IDS, WINDOWS[2:], template=XLNET, limits=PADDED_WITH_7, budget=Budget(100, 100)
    )
    assert batch.ids.tolist() == [[212, 4, 3, 7], [210, 211, 4, 3]]
    assert batch.types is not None
    assert batch.types.tolist() == [[0, 0, 2, 0], [0, 0, 0, 2]]


def test_where_padding_changes_rows_each_length_has_batches_of_its_own() -> None:
    limits = replace(PADDED_WITH_0, takes_padding=False)
    budget = Budget(1000, padding=1000)
    batches = list(make_batches(IDS, WINDOWS, template=BERT, limits=limits, budget=budget))
    assert [batch.ids.shape for batch in batches] == [(1, 3), (1, 4), (2, 8)]
    assert all(batch.mask.all() for batch in batches)


def test_a_batch_is_padded_to_the_shortest_that_the_network_reads() -> None:
    limits = replace(PADDED_WITH_7, shortest=5, takes_padding=False)
    budget = Budget(1000, padding=1000)
    (batch,) = make_batches(IDS, WINDOWS[3:], template=BERT, limits=limits, budget=budget)
    assert batch.ids.tolist() == [[101, 212, 102, 7, 7]]
    assert batch.mask.tolist() == [[1, 1, 1, 0, 0]]


ROUNDED = Budget(4096, padding=96, rounds=True)


def _find_windows(batch: PaddedBatch) -> tuple[int, int]:
    """Return how many windows of a batch own subwords, and how many it has."""
    rows = np.unique(batch.source // batch.ids.shape[1])
    return len(rows), len(batch.ids)


def test_a_stream_of_texts_is_read_in_a_few_dozen_sizes() -> None:
    rng = np.random.default_rng(0)
    sizes: set[int] = set()
    n_subwords = n_padded = 0
    for _ in range(30):
        lengths = 3 + rng.geometric(0.06, size=1000).clip(max=127)
        for batch in plan_batches(lengths, ROUNDED):
            n_windows, length = round_shape(len(batch), int(lengths[batch].max()))
            sizes.add(n_windows * length)
            n_padded += n_windows * length
        n_subwords += int(lengths.sum())
    assert len(sizes) < 50
    assert n_padded < 1.08 * n_subwords


def test_a_rounded_shape_has_room_for_the_windows() -> None:
    for n_windows in range(1, 130, 3):
        for length in range(3, 140):
            n_filled, padded_length = round_shape(n_windows, length)
            assert n_filled >= n_windows
            assert padded_length >= length
            assert n_filled * padded_length % 8 == 0


def test_a_rounded_batch_repeats_a_window_that_owns_nothing() -> None:
    windows = [Window(i, i + 10, i, i + 10) for i in range(0, 130, 10)]
    ids = np.arange(200, 330)
    (batch,) = make_batches(ids, windows, template=BERT, limits=PADDED_WITH_0, budget=ROUNDED)
    n_owning, n_all = _find_windows(batch)
    assert (n_owning, n_all) == (13, 16)
    assert batch.ids.shape == (16, 12)
    assert np.array_equal(batch.ids[-1], batch.ids[12])
    assert np.array_equal(batch.ids.ravel()[batch.source], ids[batch.target])
    assert batch.mask.any(axis=1).all()


def test_rounding_pads_no_window_beyond_what_the_network_reads() -> None:
    limits = replace(PADDED_WITH_0, max_subwords=9)
    (batch,) = make_batches(IDS, [Window(0, 9, 0, 9)], template=BERT, limits=limits, budget=ROUNDED)
    assert batch.ids.shape == (1, 11)


def test_where_padding_changes_rows_shapes_are_not_rounded() -> None:
    limits = replace(PADDED_WITH_0, takes_padding=False)
    batches = make_batches(IDS, WINDOWS, template=BERT, limits=limits, budget=ROUNDED)
    assert sorted(batch.ids.shape for batch in batches) == [(1, 3), (1, 4), (2, 8)]


def test_full_windows_are_not_padded_to_a_rounded_size() -> None:
    lengths = np.array([130] * 30 + [57] * 5)
    budget = replace(ROUNDED, full_length=130)
    batches = plan_batches(lengths, budget)
    shapes = [budget.round(len(batch), int(lengths[batch].max())) for batch in batches]
    assert shapes == [(5, 64), (30, 130)]
