"""The names in a Doc: where they are, and what makes two of them the same."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from spacy.tokens import Span
from spacy.util import filter_spans

__all__ = ["Name", "choose_spans", "match_case", "normalise", "read_name"]

# Sarah's, Sarah’s, James': what a name that ends so is without it.
_POSSESSIVE: Final = re.compile(r"(?:['’]s|(?<=s)['’])$", re.IGNORECASE)

# IBM is written so in every text; MICROSOFT is Microsoft in a text of capitals.
_LONGEST_ACRONYM: Final = 4


@dataclass(frozen=True, slots=True)
class Name:
    """One mention of a name in a text.

    Attributes:
        text: The name as it is written there, without the ending of a possessive.
        entity_type: What it is a name of.
        start_char: Its first character.
        end_char: The end of its characters, exclusive.
    """

    text: str
    entity_type: str
    start_char: int
    end_char: int

    @property
    def key(self) -> tuple[str, str]:
        """Its type and its normalised text: mentions of one name have the same."""
        return self.entity_type, normalise(self.text)


def normalise(text: str) -> str:
    r"""Return the form by which names are compared: without case, with single spaces.

    >>> normalise("New\n  YORK")
    'new york'
    """
    return " ".join(text.casefold().split())


def choose_spans(spans: Sequence[Span]) -> list[Span]:
    """Return spans that do not overlap, in the order of the text.

    Of those that do, the longest stays: a name in a name, such as the place in "University of
    Oslo", goes with the name around it.
    """
    return sorted(filter_spans(spans), key=lambda span: span.start)


def read_name(span: Span) -> Name | None:
    """Return the name that an entity holds; None if it holds white space alone."""
    text = span.text.strip()
    if not text:
        return None
    start_char = span.start_char + span.text.index(text)
    core = _POSSESSIVE.sub("", text) or text
    return Name(core, span.label_, start_char, start_char + len(core))


def match_case(old: str, new: str) -> str:
    """Return a name written as another one is: in capitals, in small letters, or as it is.

    >>> match_case("MICROSOFT", "Infosys"), match_case("sarah", "Rani"), match_case("IBM", "Wipro")
    ('INFOSYS', 'rani', 'Wipro')
    """
    if old.islower():
        return new.lower()
    if old.isupper() and len(old) > _LONGEST_ACRONYM:
        return new.upper()
    return new
