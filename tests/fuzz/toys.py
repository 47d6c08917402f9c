"""Targets that break one promise each, for the tests of the runner."""

import os
import signal
import time
from pathlib import Path
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from spacy_hf_ner.errors import CorpusError
from tests.fuzz.target import REFUSED, Broken, Verdict, check_message

__all__ = ["Toy"]

LIMIT = 100


class Toy:
    """Numbers, of which those from 100 on end badly."""

    name: ClassVar[str] = "toy"

    def __init__(self, folder: Path) -> None:
        (folder / "made").write_text("", encoding="utf8")
        self.last = 0

    def cases(self) -> SearchStrategy[int]:
        """Return what draws numbers."""
        return st.integers(0, 10_000)

    def check(self, case: int) -> Verdict:
        """Accept small numbers."""
        if case >= LIMIT:
            self.fail(case)
        return Verdict("small", n_readings=2)

    def fail(self, case: int) -> None:
        """End well all the same."""


class Raises(Toy):
    """Ends with an exception that is none of ours."""

    def fail(self, case: int) -> None:
        """Divide by zero."""
        self.last = 1 // (case - case)


class Breaks(Toy):
    """Ends with a broken promise, of two kinds."""

    def fail(self, case: int) -> None:
        """Tell even from odd numbers."""
        raise Broken("even numbers are small" if case % 2 == 0 else "odd numbers are small")


class Refuses(Toy):
    """Ends with one of our errors, in a sentence."""

    def check(self, case: int) -> Verdict:
        """Refuse all."""
        check_message(CorpusError(f"expected less, got {case}."))
        return Verdict(REFUSED)


class Hangs(Toy):
    """Never ends."""

    def cases(self) -> SearchStrategy[int]:
        """Return what draws a few numbers: each that hangs takes its time."""
        return st.integers(LIMIT - 2, LIMIT + 2)

    def fail(self, case: int) -> None:
        """Sleep."""
        time.sleep(3_600 + case)


class Kills(Toy):
    """Ends its process, as a segmentation fault does."""

    def fail(self, case: int) -> None:
        """Send a signal."""
        if case:
            os.kill(os.getpid(), signal.SIGSEGV)


class TakesMemory(Toy):
    """Asks for more memory than a case may have."""

    def fail(self, case: int) -> None:
        """Allocate."""
        self.last = len(bytearray(10_000_000_000 + case))
