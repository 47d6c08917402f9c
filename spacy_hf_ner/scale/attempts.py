"""What earlier attempts at a shard died of: a text that kills its worker is found, and left out.

Nobody who is killed can say why. So an attempt writes down, before each batch, which texts it takes
in hand, and the next one reads what the last one was at::

    begin           first attempt; one that is not killed has an ``end``
    0 128
    128 256         died here: a text of 128 … 255, or somebody from outside, killed it
    begin           second: reads 128 … 255 one by one
    0 128
    128 129
    …
    141 142         died at text 141, alone
    begin           third: once more, for whoever is killed from outside at that moment is innocent
    …
    141 142         died at 141 again: from now on it is set aside

The file lies beside the shard, and goes when that is whole.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TextIO

__all__ = ["MAX_DEATHS_ALONE", "Attempts", "find_notes", "open_attempts"]

MAX_DEATHS_ALONE: Final = 2

_BEGIN: Final = "begin"
_END: Final = "end"
_PREFIX: Final = "."
_SUFFIX: Final = ".attempts"


class Attempts:
    """What is known of earlier attempts, and the notes of this one.

    Attributes:
        suspects: Texts, by their numbers in the shard, that are tried alone.
        killers: Texts that are not tried again.
    """

    def __init__(self, notes: TextIO, deaths: list[tuple[int, int]]) -> None:
        self._notes = notes
        self.suspects: set[int] = set()
        n_deaths_alone: Counter[int] = Counter()
        for first, end in deaths:
            self.suspects.update(range(first, end))
            if end == first + 1:
                n_deaths_alone[first] += 1
        self.killers = {i for i, n in n_deaths_alone.items() if n >= MAX_DEATHS_ALONE}
        self.suspects -= self.killers

    def take_in_hand(self, first: int, end: int) -> None:
        """Write down which texts are tried now."""
        self._notes.write(f"{first} {end}\n")
        self._notes.flush()


def find_notes(target: Path) -> Path:
    """Return the file of the notes on a shard's attempts."""
    return target.with_name(f"{_PREFIX}{target.name}{_SUFFIX}")


@contextmanager
def open_attempts(target: Path) -> Iterator[Attempts]:
    """Give what is known of earlier attempts at a file, and note what this one has in hand.

    Args:
        target: The file of the shard.
    """
    notes = find_notes(target)
    deaths: list[tuple[int, int]] = []
    if notes.exists():
        deaths = list(_read_deaths(notes.read_text(encoding="ascii", errors="replace")))
    with _open(notes) as file:
        file.write(f"\n{_BEGIN}\n")  # the last line may have been cut
        try:
            yield Attempts(file, deaths)
        finally:
            # Whoever gets here has not been killed. On a full disk nobody can write it down.
            with suppress(OSError):
                file.write(f"{_END}\n")
                file.flush()


def _open(notes: Path) -> TextIO:
    try:
        return notes.open("a", encoding="ascii")
    except OSError as error:
        # Without its name: what cannot be written is, for the user, the shard.
        raise OSError(error.errno, error.strerror) from error


def _read_deaths(notes: str) -> Iterator[tuple[int, int]]:
    """Yield the texts that each attempt had in hand when it died."""
    in_hand: tuple[int, int] | None = None
    for line in [*notes.split("\n"), _BEGIN]:
        first, _, end = line.partition(" ")
        if line == _END:
            in_hand = None
        elif line == _BEGIN:
            if in_hand is not None:
                yield in_hand
            in_hand = None
        elif first.isdecimal() and end.isdecimal():
            in_hand = (int(first), int(end))
