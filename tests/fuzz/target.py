"""What is fuzzed: cases that hypothesis draws, and what must hold of each.

A target's ``check`` returns when all is as it should be, and raises otherwise:

- :class:`~spacy_hf_ner.errors.HFNerError` is caught inside and counted as ``refused``;
- :class:`Broken` says that a promise was broken: half a file, a lost word;
- any other exception is a raw one, and so a fault.

What never returns, and what kills its process, is noticed by the runner.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

from hypothesis.strategies import SearchStrategy

from spacy_hf_ner.errors import HFNerError

__all__ = ["MAX_MESSAGE", "REFUSED", "Broken", "Target", "Verdict", "check_message"]

REFUSED = "refused"
MAX_MESSAGE = 3_000  # characters of an error: more is a dump, not a sentence


class Broken(Exception):  # noqa: N818 - it names a broken promise
    """A promise does not hold.

    Args:
        promise: Which, in words that are the same for all of its kind.
        details: What was seen.
    """

    def __init__(self, promise: str, details: str = "") -> None:
        super().__init__(f"{promise}: {details}" if details else promise)
        self.promise = promise


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a case ended that broke no promise.

    Attributes:
        outcome: The way it ended, such as ``"refused"``.
        n_readings: How many texts, files or folders were read in it.
    """

    outcome: str
    n_readings: int = 1


class Target(Protocol):
    """Something that takes what others made."""

    name: ClassVar[str]

    def __init__(self, folder: Path) -> None:
        """Make what the cases are made of, in an empty folder of its own."""

    def cases(self) -> SearchStrategy[Any]:
        """Return what draws cases. The same seed draws the same ones."""

    def check(self, case: Any) -> Verdict:
        """Return how a case ended.

        Raises:
            Exception: A fault.
        """


def check_message(error: HFNerError) -> None:
    """Check that an error is a sentence that somebody can read.

    Raises:
        Broken: It is not.
    """
    message = str(error)
    if not message.strip():
        raise Broken("an error says nothing", repr(error))
    if len(message) > MAX_MESSAGE:
        raise Broken("an error holds a whole cell", f"{len(message)} characters")
