"""Offsets in other units to characters.

Python and most tools count the characters of Unicode. JavaScript and Java count UTF-16 units, of
which characters beyond U+FFFF have two; Swift counts what a reader takes for one character::

    text         a 👩🏽 b
    characters   0 1 2 3        the woman and her skin are two
    utf16        0 1   5        and each of them has two units
    graphemes    0 1   2        but a reader sees one
"""

from collections.abc import Sequence
from typing import Final, Literal, get_args

from spacy_hf_ner.errors import ConfigError

__all__ = [
    "CHARACTERS",
    "LINE_ENDS_ONCE",
    "OFFSET_UNITS",
    "OffsetUnit",
    "check_unit",
    "to_characters",
]

OffsetUnit = Literal["characters", "utf16", "graphemes"]

OFFSET_UNITS: Final[tuple[str, ...]] = get_args(OffsetUnit)
CHARACTERS: Final = "characters"
# Characters, but a carriage return and a line feed are one: no unit that anybody means, but one
# that tools count whose text lost its carriage returns on the way.
LINE_ENDS_ONCE: Final = "line ends once"

_LAST_OF_ONE_UNIT: Final = "\uffff"  # of UTF-16


def check_unit(unit: str) -> None:
    """Make sure that the setting ``offsets`` names a unit.

    Raises:
        ConfigError: It does not.
    """
    if unit not in OFFSET_UNITS:
        *units, last = OFFSET_UNITS
        raise ConfigError(
            f"offsets must be {', '.join(units)} or {last}, got {unit!r}.", settings=("offsets",)
        )


def to_characters(text: str, offsets: Sequence[int], unit: str) -> list[int]:
    r"""Return offsets that count characters; what lies outside of the text stays outside.

    >>> to_characters("a\U0001f924b", [0, 1, 3, 4, 9], "utf16")
    [0, 1, 2, 3, 8]
    """
    starts = _find_starts(text, unit)
    if starts is None:
        return list(offsets)
    characters: list[int] = []
    n_units = len(starts) - 1
    for offset in offsets:
        if 0 <= offset <= n_units:
            characters.append(starts[offset])
        elif offset < 0:
            characters.append(offset)
        else:
            characters.append(len(text) + offset - n_units)
    return characters


def _find_starts(text: str, unit: str) -> list[int] | None:
    """Return the character in which each unit starts, and the end; None where both are the same."""
    if unit == "utf16" and max(text, default="") > _LAST_OF_ONE_UNIT:
        return _find_utf16_units(text)
    if unit == "graphemes" and not (text.isascii() and "\r" not in text):
        return _find_graphemes(text)
    if unit == LINE_ENDS_ONCE and "\r\n" in text:
        return _find_joined_line_ends(text)
    return None


def _find_joined_line_ends(text: str) -> list[int]:
    """Return where each unit starts if a carriage return and its line feed count as one."""
    starts: list[int] = []
    for i in range(len(text)):
        if i == 0 or not text.startswith("\r\n", i - 1):
            starts.append(i)
    starts.append(len(text))
    return starts


def _find_utf16_units(text: str) -> list[int]:
    starts: list[int] = []
    for i, character in enumerate(text):
        starts.append(i)
        if character > _LAST_OF_ONE_UNIT:
            starts.append(i)
    starts.append(len(text))
    return starts


def _find_graphemes(text: str) -> list[int]:
    import regex

    starts = [match.start() for match in regex.finditer(r"\X", text)]
    starts.append(len(text))
    return starts
