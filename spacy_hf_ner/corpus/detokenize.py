"""Words to white space: which words of a tokenised sentence were written together.

Rules of orthography, no statistics: what leans on the word before it, what leans on the one after
it, what comes in pairs, and what stands between two words without white space. Languages differ in
few of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["UNSPACED", "detokenize"]

# Languages written without white space.
UNSPACED: Final = frozenset({"zh", "ja", "th", "lo", "km", "my", "bo", "yue"})


@dataclass(frozen=True, slots=True)
class Orthography:
    """What a language does in its own way.

    Attributes:
        clitics: Lower-case words that lean on the word before them.
        bare_clitics: What is left of clitics that were written without their apostrophe; they lean
            on a word of letters, so that ``30 s`` stays as it is.
        compounds: Lower-case pairs of words that are mostly written as one.
        elided: Whether a word that ends in an apostrophe leans on the word after it: ``l'eau``.
        closing: Marks that lean on the word before them, besides those of all languages.
        opening: Marks that lean on the word after them, besides those of all languages.
        spaced: Marks with white space on both sides, against the rule of other languages.
        joins_hyphen: Whether a hyphen that is a word of its own joins its neighbours.
        after_dash: Lower-case words that stand after a dash and hardly ever in a compound.
        has_possessives: Whether a lone apostrophe may belong to the plural before it.
    """

    clitics: frozenset[str] = frozenset()
    bare_clitics: frozenset[str] = frozenset()
    compounds: frozenset[tuple[str, str]] = frozenset()
    elided: bool = False
    closing: frozenset[str] = frozenset("»")
    opening: frozenset[str] = frozenset("«")
    spaced: frozenset[str] = frozenset()
    joins_hyphen: bool = False
    after_dash: frozenset[str] = frozenset()
    has_possessives: bool = False


def _english_clitics() -> frozenset[str]:
    clitics = []
    for apostrophe in "'’`´":
        for clitic in ("'s", "'m", "'re", "'ve", "'ll", "'d", "n't", "'t"):
            clitics.append(clitic.replace("'", apostrophe))
    return frozenset(clitics)


# Not among them are words that compounds end with: check-in, passer-by, how-to, uncalled-for.
_AFTER_ENGLISH_DASH = frozenset(
    {
        "a",
        "an",
        "the",
        "this",
        "these",
        "those",
        "i",
        "it",
        "it's",
        "he",
        "she",
        "we",
        "you",
        "they",
    }
    | {"and", "or", "but", "because", "if", "when", "where", "which", "what", "who", "how"}
    | {"is", "are", "was", "were", "with", "from", "despite", "very", "thanks"}
)
# Corpora have the hyphens of donne-le-moi, celui-là and va-t-il on the words after them.
_FRENCH_CLITICS = frozenset(
    {"-je", "-tu", "-il", "-elle", "-on", "-nous", "-vous", "-ils", "-elles", "-ce"}
    | {"-le", "-la", "-les", "-moi", "-toi", "-lui", "-leur", "-y", "-en", "-là", "-ci", "-t"}
)
_REVERSED_GUILLEMETS = Orthography(closing=frozenset("«"), opening=frozenset("»"))

ORTHOGRAPHIES: Final[dict[str, Orthography]] = {
    "en": Orthography(
        clitics=_english_clitics(),
        bare_clitics=frozenset({"s", "nt", "m", "ve", "ll", "na", "ta"}),
        compounds=frozenset({("can", "not")}),
        joins_hyphen=True,
        after_dash=_AFTER_ENGLISH_DASH,
        has_possessives=True,
    ),
    "de": Orthography(
        clitics=frozenset({"'s", "’s"}), closing=frozenset("«»“‘"), opening=frozenset("„‚")
    ),
    "fr": Orthography(
        clitics=_FRENCH_CLITICS,
        elided=True,
        closing=frozenset(),
        opening=frozenset(),
        spaced=frozenset("?!;:«»"),
        joins_hyphen=True,
    ),
    "it": Orthography(elided=True),
    "ca": Orthography(elided=True),
    "da": _REVERSED_GUILLEMETS,
}

CLOSING: Final = frozenset(".,;:!?…)]}%‰”’°™®،؛؟।॥。，、；：！？）】」』》〉") | {"''"}
RUNS: Final = frozenset(".!?…")  # marks that close in any number: ?!, ....
OPENING: Final = frozenset("([{$£€¥#¿¡“‘（【「『《〈") | {"``"}
JOINING: Final = frozenset("/\\_")
AFTER_APOSTROPHE: Final = frozenset({"s", "t", "m", "re", "ve", "ll", "d"})
APOSTROPHES: Final = frozenset("'’")
HYPHENS: Final = frozenset({"-", "‐", "‑"})
STRAIGHT_QUOTES: Final = frozenset({'"', "'", "`"})
BEFORE_CLOSING_QUOTE: Final = frozenset(".,!?")
DEGREES: Final = frozenset("°º")
SCALES: Final = frozenset({"C", "F"})
ADDRESS_MARKS: Final = ("@", "://", "www.")


def detokenize(words: Sequence[str], lang: str = "en") -> list[bool]:
    """Return whether white space follows each word; the last one counts as followed by it.

    >>> detokenize(["Do", "n't", "(", "stop", ")", "!"])
    [False, True, False, False, False, True]
    """
    if not words:
        return []
    rules = ORTHOGRAPHIES.get(lang, Orthography())
    is_unspaced = lang in UNSPACED
    quotes = _pair_quotes(words, rules)
    spaces = []
    for i in range(len(words) - 1):
        has_space = _is_spaced(words, i, quotes, rules)
        if is_unspaced:
            has_space = has_space and _is_latin_pair(words[i], words[i + 1])
        spaces.append(has_space)
    return [*spaces, not is_unspaced]


def _pair_quotes(words: Sequence[str], rules: Orthography) -> dict[int, bool]:
    """Return for each straight quote whether it opens: they come in pairs, an opening one first."""
    possessives = _find_possessives(words) if rules.has_possessives else frozenset()
    opens: dict[int, bool] = {}
    is_open: dict[str, bool] = {}
    for i, word in enumerate(words):
        if word not in STRAIGHT_QUOTES or (word == "'" and _is_apostrophe(words, i)):
            continue
        if i in possessives:
            opens[i] = False  # it leans on the word before it, as what closes does
        elif not is_open.get(word) and _closes_earlier(words, i):
            opens[i] = False
        else:
            opens[i] = not is_open.get(word, False)
            is_open[word] = opens[i]
    return opens


def _closes_earlier(words: Sequence[str], i: int) -> bool:
    """Tell whether a quote that nothing opens closes what an earlier sentence has opened."""
    if i == len(words) - 1:
        return i > 0
    is_unpaired = words.count(words[i]) % 2 == 1
    follows_mark = i > 0 and words[i - 1] in BEFORE_CLOSING_QUOTE
    return is_unpaired and follows_mark and words[i + 1][0].islower()


def _find_possessives(words: Sequence[str]) -> frozenset[int]:
    """Return the places of apostrophes that belong to the plural before them: miners ' widows.

    Quotes come in pairs. Where those that cannot be possessives do not, one that could be is the
    other half: the last one closes what was opened before, else the first one opens::

        ' the miners ' widows ' and      quotes 0; candidates 3, 5: the last of them closes
    """
    candidates: list[int] = []
    quotes: list[int] = []
    for i, word in enumerate(words):
        if word != "'" or _is_apostrophe(words, i):
            continue
        if _may_be_possessive(words, i):
            candidates.append(i)
        else:
            quotes.append(i)
    if len(quotes) % 2 == 1 and candidates:
        closes = quotes[0] < candidates[0]
        candidates.pop(-1 if closes else 0)
    return frozenset(candidates)


def _may_be_possessive(words: Sequence[str], i: int) -> bool:
    """Tell whether an apostrophe stands between a word in s and another word."""
    if not 0 < i < len(words) - 1:
        return False
    before = words[i - 1]
    return before.isalpha() and before[-1] in "sS" and words[i + 1][0].isalnum()


def _is_apostrophe(words: Sequence[str], i: int) -> bool:
    """Tell whether a lone ' belongs to the words around it (rock ' n, it ' s), and is no quote."""
    if not 0 < i < len(words) - 1:
        return False
    before = words[i - 1]
    following = words[i + 1]
    return before[-1:].isalnum() and following.lower() in AFTER_APOSTROPHE


def _is_spaced(words: Sequence[str], i: int, quotes: dict[int, bool], rules: Orthography) -> bool:
    """Tell whether white space stands between a word and the one after it."""
    word = words[i]
    following = words[i + 1]
    if word in rules.spaced or following in rules.spaced:
        return True
    opens_quote = quotes.get(i, False)
    closes_quote = not quotes.get(i + 1, True)
    return not (
        opens_quote
        or closes_quote
        or _leans_on_next(word, rules)
        or _leans_back(following, rules)
        or _is_written_together(word, following, rules)
        or _joins(words, i, rules)
        or _joins(words, i + 1, rules)
        or _encloses_address(words, i)
        or _encloses_address(words, i - 1)
        or (word in DEGREES and following in SCALES)
    )


def _leans_on_next(word: str, rules: Orthography) -> bool:
    return word in OPENING or word in rules.opening or _is_elided(word, rules)


def _leans_back(word: str, rules: Orthography) -> bool:
    return (
        word in CLOSING
        or RUNS.issuperset(word)
        or word in rules.closing
        or word.lower() in rules.clitics
    )


def _is_written_together(word: str, following: str, rules: Orthography) -> bool:
    if following in rules.bare_clitics:
        return word.isalpha()
    return (word.lower(), following.lower()) in rules.compounds


def _is_elided(word: str, rules: Orthography) -> bool:
    return rules.elided and len(word) > 1 and word[-1] in APOSTROPHES and word[:-1].isalpha()


def _joins(words: Sequence[str], i: int, rules: Orthography) -> bool:
    """Tell whether a word ties its neighbours together, as in either/or."""
    if not 0 < i < len(words) - 1:
        return False
    if words[i] in APOSTROPHES:
        return _is_apostrophe(words, i)
    if words[i] in HYPHENS:
        return rules.joins_hyphen and _is_compound(words, i, rules)
    return words[i] in JOINING


def _is_compound(words: Sequence[str], i: int, rules: Orthography) -> bool:
    """Tell whether a hyphen ties two words together: e-mail, 1710-1774; else it is a dash."""
    before = words[i - 1]
    following = words[i + 1]
    if not (before[-1].isalnum() and following[0].isalnum()):
        return False
    if not HYPHENS.isdisjoint((*words[max(i - 2, 0) : i], *words[i + 1 : i + 3])):
        return True  # state-of-the-art
    return following.lower() not in rules.after_dash and not _is_address(following)


def _encloses_address(words: Sequence[str], i: int) -> bool:
    """Tell whether ``<`` begins an address in angle brackets: < ann@example.org >."""
    if not 0 <= i < len(words) - 2:
        return False
    return words[i] == "<" and words[i + 2] == ">" and _is_address(words[i + 1])


def _is_address(word: str) -> bool:
    return any(mark in word for mark in ADDRESS_MARKS)


def _is_latin_pair(word: str, following: str) -> bool:
    last = word[-1]
    first = following[0]
    return last.isascii() and last.isalnum() and first.isascii() and first.isalnum()
