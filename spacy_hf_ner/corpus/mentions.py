"""Mentions in brackets, as CoNLL-U has them in MISC under ``Entity``, to tags.

::

    1  Durham      Entity=(13-organization-new-…(14-place-new-…)    13: Durham University
    2  University  Entity=13)                                       14: Durham

A mention is closed by its number. What stands where in it, a comment of the file says
(``# global.Entity = GRP-etype-infstat-…``).

Source: https://gucorpling.org/gum/annotations.html and, for other corpora that have them,
https://ufal.mff.cuni.cz/~popel/corefud-1.0/
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from spacy_hf_ner.core.schemes import SCHEMES
from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.core.tags import write_tags
from spacy_hf_ner.corpus.sentence import Problem

__all__ = ["DEFAULT_TYPE_FIELD", "MENTION_KEY", "are_brackets", "find_type_field", "read_mentions"]

MENTION_KEY: Final = "Entity"
DEFAULT_TYPE_FIELD: Final = 1  # after the number of the mention

_GLOBAL = re.compile(r"#\s*global\.Entity\s*=\s*(\S+)\s*")
_TYPE: Final = "etype"

# One bracket that opens, perhaps closed at once, or one number that closes.
_MARK = re.compile(r"\(([^()]+)(\))?|([^()]+)\)")


def are_brackets(value: str) -> bool:
    """Tell whether a value of MISC marks mentions.

    >>> are_brackets("(1-person-new(2-place-new)"), are_brackets("10)9)"), are_brackets("B-PER")
    (True, True, False)
    """
    return bool(value) and not _MARK.sub("", value)


def find_type_field(comment: str) -> int | None:
    """Return where in a mention its type stands, if a comment says so.

    >>> find_type_field("# global.Entity = eid-etype-head-other")
    1
    """
    match = _GLOBAL.fullmatch(comment)
    if match is None:
        return None
    names = match[1].split("-")
    return names.index(_TYPE) if _TYPE in names else None


def read_mentions(
    values: Sequence[Sequence[str]],
    lines: Sequence[int],
    *,
    type_field: int,
    problems: list[Problem],
) -> list[list[str]]:
    """Return the tags of a sentence in IOB2, the outermost level first.

    Args:
        values: For each word what MISC has under ``Entity``, for each of the rows it stands for.
        lines: The line of each word.
        type_field: Where in a mention its type stands, counted from 0.
        problems: Takes a problem for each bracket without its other one.
    """
    mentions = _Mentions(type_field)
    for word_i, word_values in enumerate(values):
        for value in word_values:
            for kind in mentions.read(value, word_i):
                problems.append(Problem(kind, lines[word_i]))
    for start in mentions.end_sentence(len(values)):
        problems.append(Problem("mention that is not closed, ends with its sentence", lines[start]))
    return _write_levels(mentions.spans, len(values))


@dataclass(frozen=True, slots=True)
class _Mention:
    """A mention that is open: its number, its first word and its type."""

    number: str
    start: int
    entity_type: str


@dataclass(slots=True)
class _Mentions:
    """The mentions of a sentence so far.

    Attributes:
        type_field: Where in a mention its type stands.
        spans: Those that are closed, in the order in which they were.
        open: Those that are not.
    """

    type_field: int
    spans: list[TokenSpan] = field(default_factory=list)
    open: list[_Mention] = field(default_factory=list)

    def read(self, value: str, word_i: int) -> Iterator[str]:
        """Take the brackets of a word, and yield what is wrong with them."""
        if not value:
            return
        if not are_brackets(value):
            yield "mention that is no bracket, left out"
            return
        for opened, is_closed, closed in _MARK.findall(value):
            number = closed
            if opened:
                fields = opened.split("-")
                number = fields[0]
                if len(fields) <= self.type_field:
                    yield "mention without a type, left out"
                    continue
                self.open.append(_Mention(number, word_i, fields[self.type_field]))
            if (closed or is_closed) and not self._close(number, word_i + 1):
                yield "bracket that closes no mention, left out"

    def end_sentence(self, n_words: int) -> list[int]:
        """Close what is open, and return where each of these begins."""
        starts: list[int] = []
        for mention in list(self.open):
            starts.append(mention.start)
            self._close(mention.number, n_words)
        return starts

    def _close(self, number: str, end: int) -> bool:
        """Close the mention of a number that was opened last; tell whether there is one."""
        for mention in reversed(self.open):
            if mention.number == number:
                self.open.remove(mention)
                self.spans.append(TokenSpan(mention.start, end, mention.entity_type))
                return True
        return False


def _write_levels(spans: Iterable[TokenSpan], n_words: int) -> list[list[str]]:
    """Return tags in which each span is on the highest level where its words are free.

    Of two spans of the same words the one that was closed last is above.
    """
    levels: list[list[TokenSpan]] = [[]]
    last_closed_first = list(spans)
    last_closed_first.reverse()
    for span in sorted(last_closed_first, key=lambda span: (span.start, -span.end)):
        for level in levels:
            if not level or level[-1].end <= span.start:
                level.append(span)
                break
        else:
            levels.append([span])
    tags: list[list[str]] = []
    for level in levels:
        tags.append(list(map(str, write_tags(level, n_words, SCHEMES["IOB2"]))))
    return tags
