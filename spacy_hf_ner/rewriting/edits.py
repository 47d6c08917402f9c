"""A text with some of its stretches replaced, and the table of what became of them.

All text outside the rows of the table is the same, character by character::

    old   I met  Sarah  in  Paris .
                 6  11      15 20
    new   I met  Rani  in  Mumbai .
                 6 10      14  20
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Edit", "Replacement", "RewrittenText", "apply_edits", "restore"]


@dataclass(frozen=True, slots=True)
class Edit:
    """What a stretch of a text is to become.

    Attributes:
        start_char: Its first character.
        end_char: The end of its characters, exclusive.
        new: The text that takes its place.
        entity_type: What it is a name of; empty for an article before a name.
    """

    start_char: int
    end_char: int
    new: str
    entity_type: str = ""


@dataclass(frozen=True, slots=True)
class Replacement:
    """A row of the table old → new.

    Attributes:
        old: What stood in the old text.
        new: What stands in the new one.
        entity_type: What it is a name of; empty for an article before a name.
        old_start: The first character in the old text.
        old_end: The end of its characters there, exclusive.
        new_start: The first character in the new text.
        new_end: The end of its characters there, exclusive.
    """

    old: str
    new: str
    entity_type: str
    old_start: int
    old_end: int
    new_start: int
    new_end: int


@dataclass(frozen=True, slots=True)
class RewrittenText:
    """A new text.

    Attributes:
        text: The text.
        replacements: What was replaced, in the order of the text.
    """

    text: str
    replacements: tuple[Replacement, ...]

    def locate(self, start_char: int) -> int:
        """Return where what starts at a character of the old text starts in the new one.

        What starts inside a stretch that was replaced starts where that does.
        """
        row = self._find_last(start_char)
        if row is None:
            return start_char
        if start_char < row.old_end:
            return row.new_start
        return row.new_end + start_char - row.old_end

    def locate_end(self, end_char: int) -> int:
        """Return where what ends before a character of the old text ends in the new one.

        What ends inside a stretch that was replaced ends where that does.
        """
        row = self._find_last(end_char - 1)
        if row is None:
            return end_char
        return row.new_end + max(end_char - row.old_end, 0)

    def _find_last(self, old_char: int) -> Replacement | None:
        """Return the last row that starts at or before a character."""
        i = bisect_right(self.replacements, old_char, key=lambda row: row.old_start)
        return self.replacements[i - 1] if i else None


def apply_edits(text: str, edits: Iterable[Edit]) -> RewrittenText:
    """Return a text with its edits made.

    Args:
        text: The old text.
        edits: What is to be replaced; no two overlap, and none is empty.

    >>> apply_edits("to Paris.", [Edit(3, 8, "Mumbai", "LOC")]).text
    'to Mumbai.'
    """
    pieces: list[str] = []
    replacements: list[Replacement] = []
    old_end = 0
    length = 0  # of the new text so far
    for edit in sorted(edits, key=lambda edit: edit.start_char):
        assert old_end <= edit.start_char < edit.end_char, "edits neither overlap nor are empty"
        between = text[old_end : edit.start_char]
        new_start = length + len(between)
        length = new_start + len(edit.new)
        old_end = edit.end_char
        pieces += [between, edit.new]
        replacements.append(
            Replacement(
                old=text[edit.start_char : edit.end_char],
                new=edit.new,
                entity_type=edit.entity_type,
                old_start=edit.start_char,
                old_end=edit.end_char,
                new_start=new_start,
                new_end=length,
            )
        )
    pieces.append(text[old_end:])
    return RewrittenText("".join(pieces), tuple(replacements))


def restore(text: str, replacements: Sequence[Replacement]) -> str:
    """Return the old text of a new one, by the table of what was replaced."""
    edits = [Edit(row.new_start, row.new_end, row.old) for row in replacements]
    return apply_edits(text, edits).text
