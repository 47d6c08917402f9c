import numpy as np
import pytest

from spacy_hf_ner.core.arrays import no_ints
from spacy_hf_ner.core.windows import Window, check_window, plan_sentence_windows, plan_windows
from spacy_hf_ner.errors import ConfigError

NONE: list[int] = []


def _bounds(windows: list[Window]) -> list[tuple[int, int]]:
    return [(window.start, window.end) for window in windows]


def _owned(windows: list[Window]) -> list[tuple[int, int]]:
    return [(window.owned_start, window.owned_end) for window in windows]


# n_subwords, token_starts, sentence_starts, what is read, what is owned;
# windows of 8 subwords that overlap in 4
PLANS = [
    # nothing, or all at once
    (0, NONE, NONE, NONE, NONE),
    (8, range(8), [0, 4], [(0, 8)], [(0, 8)]),
    # the border of ownership is the middle of the overlap
    (12, range(12), NONE, [(0, 8), (4, 12)], [(0, 6), (6, 12)]),
    (14, range(14), NONE, [(0, 8), (4, 12), (8, 14)], [(0, 6), (6, 10), (10, 14)]),
    # a sentence start within reach ends a window, and the next begins there:
    # the last of several, on the edge too
    (12, range(12), [0, 3, 5], [(0, 5), (5, 12)], [(0, 5), (5, 12)]),
    (12, range(12), [0, 8], [(0, 8), (8, 12)], [(0, 8), (8, 12)]),
    (12, range(12), [0, 9], [(0, 8), (4, 12)], [(0, 6), (6, 12)]),
    # no token is cut, neither by a window nor by ownership
    (12, [0, 3, 6, 9], NONE, [(0, 6), (3, 9), (6, 12)], [(0, 6), (6, 9), (9, 12)]),
    (12, [0, 2, 6, 10], NONE, [(0, 6), (2, 10), (6, 12)], [(0, 2), (2, 6), (6, 12)]),
    # a window that would own nothing, (2, 9), is left out
    (11, [0, 2, 5, 9], NONE, [(0, 5), (5, 11)], [(0, 5), (5, 11)]),
    # the overlap gives way where the next token (of 7) would not fit whole into the next window
    (12, [0, 1, 2, 3, 4, 5], NONE, [(0, 5), (4, 12)], [(0, 5), (5, 12)]),
    (13, [0, 1, 2, 3, 4, 12], NONE, [(0, 4), (4, 12), (12, 13)], [(0, 4), (4, 12), (12, 13)]),
    # a token longer than the window (of 15) begins one, and is cut anywhere
    (
        19,
        [0, 1, 2, 3, 18],
        NONE,
        [(0, 3), (3, 11), (7, 15), (11, 19)],
        [(0, 3), (3, 9), (9, 13), (13, 19)],
    ),
    (18, NONE, NONE, [(0, 8), (4, 12), (8, 16), (12, 18)], [(0, 6), (6, 10), (10, 14), (14, 18)]),
    # subwords before the first token
    (12, range(2, 12), NONE, [(0, 8), (4, 12)], [(0, 6), (6, 12)]),
]


@pytest.mark.parametrize(("n_subwords", "token_starts", "sentence_starts", "read", "owned"), PLANS)
def test_windows_are_planned_as_drawn(
    n_subwords: int,
    token_starts: list[int],
    sentence_starts: list[int],
    read: list[tuple[int, int]],
    owned: list[tuple[int, int]],
) -> None:
    windows = plan_windows(
        n_subwords,
        window=8,
        overlap=4,
        token_starts=np.array(token_starts, dtype=np.int64),
        sentence_starts=np.array(sentence_starts, dtype=np.int64),
    )
    assert (_bounds(windows), _owned(windows)) == (read, owned)


def test_windows_without_overlap_follow_each_other() -> None:
    windows = plan_windows(
        7, window=3, overlap=0, token_starts=np.arange(7), sentence_starts=no_ints()
    )
    assert _bounds(windows) == _owned(windows) == [(0, 3), (3, 6), (6, 7)]


@pytest.mark.parametrize(("length", "n_windows"), [(100, 4), (128, 3), (300, 5)])
def test_a_long_token_is_read_in_as_few_windows_as_short_ones(length: int, n_windows: int) -> None:
    starts = np.concatenate([np.arange(100), np.arange(99 + length, 199 + length)])
    windows = plan_windows(
        200 + length, window=128, overlap=32, token_starts=starts, sentence_starts=no_ints()
    )
    assert len(windows) == n_windows


# n_subwords, token_starts, sentence_starts, what is read; windows of 4 subwords that overlap in 2
SENTENCES = [
    (0, NONE, NONE, NONE),
    (5, range(5), NONE, [(0, 4), (2, 5)]),
    (5, range(5), [0, 1, 4], [(0, 1), (1, 4), (4, 5)]),
    (8, range(8), [0, 2], [(0, 2), (2, 6), (4, 8)]),
    (4, range(4), [2], [(0, 2), (2, 4)]),
]


@pytest.mark.parametrize(("n_subwords", "token_starts", "sentence_starts", "read"), SENTENCES)
def test_sentence_windows_never_read_across_a_sentence_start(
    n_subwords: int,
    token_starts: list[int],
    sentence_starts: list[int],
    read: list[tuple[int, int]],
) -> None:
    windows = plan_sentence_windows(
        n_subwords,
        window=4,
        overlap=2,
        token_starts=np.array(token_starts, dtype=np.int64),
        sentence_starts=np.array(sentence_starts, dtype=np.int64),
    )
    assert _bounds(windows) == read


def test_the_length_of_a_window_is_what_it_reads() -> None:
    assert len(Window(start=4, end=12, owned_start=6, owned_end=10)) == 8


@pytest.mark.parametrize(("window", "overlap"), [(510, 0), (510, 255), (2, 1), (7, 3)])
def test_windows_up_to_the_limit_and_overlaps_up_to_a_half_pass(window: int, overlap: int) -> None:
    check_window(window, overlap, limit=510, name="bert")


@pytest.mark.parametrize(("window", "advice"), [(512, 510), (1, 2), (0, 2), (-5, 2)])
def test_a_window_that_does_not_fit_the_model_is_refused_with_the_one_that_does(
    window: int, advice: int
) -> None:
    message = (
        rf"^window must be 2\.\.510 subwords for 'bert', got {window}: "
        rf".* Set window = {advice}, or null"
    )
    with pytest.raises(ConfigError, match=message):
        check_window(window, 0, limit=510, name="bert")


@pytest.mark.parametrize("overlap", [5, 9, -1])
def test_an_overlap_over_half_of_the_window_is_refused(overlap: int) -> None:
    message = (
        rf"^overlap must be 0\.\.4 subwords, half of the window of 9, got {overlap}\. "
        "Set overlap = null"
    )
    with pytest.raises(ConfigError, match=message):
        check_window(9, overlap, limit=510, name="bert")
