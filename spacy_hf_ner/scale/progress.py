"""What a terminal shows of a run: documents and words a second, the time left, and errors."""

import time
from typing import Final

from tqdm import tqdm
from typing_extensions import Self

__all__ = ["RunProgress"]

_FORMAT: Final = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}, {rate_fmt}{postfix}]"


class RunProgress:
    """A bar over the texts of all shards; where there is no terminal, nothing is shown.

    Args:
        n_texts: How many there are.
        n_before: How many were done before this run.
    """

    def __init__(self, n_texts: int, *, n_before: int) -> None:
        self._bar = tqdm(
            total=n_texts,
            initial=n_before,
            desc="annotating",
            unit=" documents",
            disable=None,
            smoothing=0.05,
            bar_format=_FORMAT,
        )
        self._start = time.monotonic()
        self._n_words = 0
        self._n_errors = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.close()

    def add(self, n_texts: int, n_words: int) -> None:
        """Count what was done; negative numbers take back what must be done again."""
        self._n_words += n_words
        self._bar.n = self._bar.n + n_texts
        self._show()

    def add_errors(self, n_errors: int) -> None:
        """Count texts that were set aside."""
        self._n_errors += n_errors
        self._show()

    def _show(self) -> None:
        words_a_second = self._n_words / max(time.monotonic() - self._start, 1e-9)
        shown = f"{words_a_second:,.0f} words/s, {self._n_errors:,} errors"
        self._bar.set_postfix_str(shown, refresh=False)
        self._bar.update(0)
