"""The English article before a name: "a Toyota", but "an Infosys"."""

import re
from collections.abc import Sequence
from typing import Final

from spacy_hf_ner.rewriting.edits import Edit

__all__ = ["find_article_edits", "takes_an"]

# The article that ends just before a name, and is a word of its own.
_ARTICLE: Final = re.compile(r"(?<![\w'’.-])(an?)(?=\s+$)", re.IGNORECASE)

# "a university", "a European", "a one-off": vowels that are spoken with a consonant first.
_SPOKEN_CONSONANT: Final = re.compile(
    r"uni(?!n|m)|ukr|u[cfhjkqrst][aeiou]|eu|ew|one(?!i)|ouag", re.IGNORECASE
)
_REACH: Final = 20
_SILENT_H: Final = re.compile(r"hono|hour|heir|honest", re.IGNORECASE)

# Letters whose names begin with a vowel: an FBI agent, an MP.
_VOWEL_LETTERS: Final = frozenset("AEFHILMNORSX")
_ABBREVIATION: Final = re.compile(r"(?:[A-Z]\.?){2,}(?![a-z])")
_SPOKEN_AS_WORDS: Final = frozenset({"NASA", "NATO", "FIFA", "SAP", "LEGO", "SEAT"})


def takes_an(name: str) -> bool:
    """Tell whether "an" is said before a name.

    >>> takes_an("Infosys"), takes_an("Toyota"), takes_an("FBI"), takes_an("Ukrainian")
    (True, False, True, False)
    """
    if _ABBREVIATION.match(name) and name not in _SPOKEN_AS_WORDS:
        return name[0] in _VOWEL_LETTERS
    if _SILENT_H.match(name):
        return True
    return name[:1].lower() in set("aeiou") and not _SPOKEN_CONSONANT.match(name)


def find_article_edits(text: str, edits: Sequence[Edit]) -> list[Edit]:
    """Return the edits of articles that the edits of names make wrong.

    An article that did not suit the old name stays: then it is no article, or the rule is unsure.
    So does one that is itself replaced, as (a part of) a name.
    """
    found: list[Edit] = []
    ends = {edit.end_char for edit in edits}
    for edit in edits:
        # White space between them may be long, but an article is near.
        before_start = max(0, edit.start_char - _REACH)
        match = _ARTICLE.search(text[before_start : edit.start_char])
        if match is None:
            continue
        article = match[1]
        has_an = len(article) == len("an")
        old_takes_an = takes_an(text[edit.start_char : edit.end_char])
        if old_takes_an != has_an or takes_an(edit.new) == has_an:
            continue
        start_char = before_start + match.start(1)
        # A name that is replaced may end with what looks like an article: "vitamin A", "a".
        if start_char + len(article) in ends:
            continue
        new = article[0] if has_an else f"{article}n"
        found.append(Edit(start_char, start_char + len(article), new))
    return found
