"""What holds for the windows of every text: long tokens, long sentences, large overlaps."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spacy_hf_ner.core.windows import Window, plan_sentence_windows, plan_windows


@dataclass(frozen=True, slots=True)
class Text:
    """A text in subwords, and what it is cut into."""

    n_subwords: int
    token_starts: list[int]
    sentence_starts: list[int]
    window: int
    overlap: int

    def plan(self, *, by_sentence: bool = False) -> list[Window]:
        return (plan_sentence_windows if by_sentence else plan_windows)(
            self.n_subwords,
            window=self.window,
            overlap=self.overlap,
            token_starts=np.array(self.token_starts, dtype=np.int64),
            sentence_starts=np.array(self.sentence_starts, dtype=np.int64),
        )

    def tokens(self) -> list[tuple[int, int]]:
        return list(pairwise([*self.token_starts, self.n_subwords]))


@st.composite
def texts(draw: st.DrawFn, longest_token: int = 12) -> Text:
    window = draw(st.integers(2, 12))
    lengths = draw(st.lists(st.integers(1, longest_token), max_size=40))
    edges = np.cumsum(
        [draw(st.integers(0, 2)), *lengths]
    ).tolist()  # subwords may come before the first token
    token_starts = edges[:-1]
    sentences = draw(st.sets(st.sampled_from(token_starts))) if token_starts else set()
    sentence_starts = sorted({token_starts[0], *sentences}) if sentences else []
    return Text(edges[-1], token_starts, sentence_starts, window, draw(st.integers(0, window // 2)))


@given(text=texts(), by_sentence=st.booleans())
def test_every_subword_is_owned_by_exactly_one_window_that_reads_it(
    text: Text, by_sentence: bool
) -> None:
    windows = text.plan(by_sentence=by_sentence)
    owned = [i for window in windows for i in range(window.owned_start, window.owned_end)]
    assert owned == list(range(text.n_subwords))
    assert all(
        window.start <= window.owned_start < window.owned_end <= window.end for window in windows
    )


@given(text=texts(), by_sentence=st.booleans())
def test_every_token_that_fits_a_window_is_owned_by_one(text: Text, by_sentence: bool) -> None:
    windows = text.plan(by_sentence=by_sentence)
    for start, end in text.tokens():
        owners = [
            window for window in windows if window.owned_start < end and window.owned_end > start
        ]
        assert len(owners) == 1 or end - start > text.window, (start, end)


@given(text=texts(), by_sentence=st.booleans())
def test_no_window_reads_more_than_the_limit_and_each_reads_on(
    text: Text, by_sentence: bool
) -> None:
    windows = text.plan(by_sentence=by_sentence)
    assert all(len(window) <= text.window for window in windows)
    assert all(
        before.start < after.start and before.end < after.end for before, after in pairwise(windows)
    )


@given(text=texts(), by_sentence=st.booleans())
def test_windows_are_cut_at_token_starts_but_in_a_token_that_is_longer(
    text: Text, by_sentence: bool
) -> None:
    windows = text.plan(by_sentence=by_sentence)
    cuts = {
        cut
        for window in windows
        for cut in (window.start, window.end, window.owned_start, window.owned_end)
    }
    inside_long = {
        i for start, end in text.tokens() if end - start > text.window for i in range(start, end)
    }
    assert cuts <= {0, *text.token_starts, text.n_subwords} | inside_long


@given(text=texts())
def test_a_window_is_cut_at_a_sentence_start_where_one_is_in_reach(text: Text) -> None:
    for window, following in pairwise(text.plan()):
        in_reach = [
            s for s in text.sentence_starts if window.start < s <= window.start + text.window
        ]
        if in_reach:
            assert window.end == window.owned_end == following.start == in_reach[-1]


@given(text=texts())
def test_a_sentence_that_fits_a_window_is_read_whole_by_its_owners(text: Text) -> None:
    windows = text.plan()
    for start, end in pairwise([*text.sentence_starts, text.n_subwords]):
        if end - start <= text.window:
            owners = [
                window
                for window in windows
                if window.owned_start < end and window.owned_end > start
            ]
            assert all(window.start <= start and window.end >= end for window in owners)


@given(text=texts())
def test_no_window_by_sentence_reads_across_a_sentence_start(text: Text) -> None:
    for window in text.plan(by_sentence=True):
        assert not [s for s in text.sentence_starts if window.start < s < window.end]


@given(text=texts(longest_token=1))
def test_each_subword_is_read_with_half_the_overlap_around_it(text: Text) -> None:
    edges = [0, *text.sentence_starts, text.n_subwords]  # beyond these there is nothing to promise
    for window in text.plan():
        left, right = window.owned_start - window.start, window.end - window.owned_end
        assert left >= text.overlap // 2 or window.start in edges
        assert right >= text.overlap // 2 or window.end in edges


@given(text=texts(longest_token=1))
def test_subwords_take_no_more_windows_than_their_number_asks_for(text: Text) -> None:
    unbroken = Text(text.n_subwords, text.token_starts, [], text.window, text.overlap)
    needed = max(0, -(-(text.n_subwords - text.overlap) // (text.window - text.overlap)))
    assert len(unbroken.plan()) <= max(needed, min(text.n_subwords, 1)) + (
        text.token_starts[:1] not in ([], [0])
    )
