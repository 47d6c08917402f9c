"""Names that may take the place of others in an analogy: of a country if it is one, else of all.

Ranked by how near they are to ``name − source + target`` among word vectors.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from spacy.lang.en.stop_words import STOP_WORDS

from spacy_hf_ner.core.arrays import Floats32
from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.rewriting.fake_names import list_names
from spacy_hf_ner.rewriting.gazetteers import CountryNames, NameKinds
from spacy_hf_ner.rewriting.kinds import Kind, find_kind
from spacy_hf_ner.rewriting.names import Name, normalise
from spacy_hf_ner.rewriting.places import find_country, list_countries
from spacy_hf_ner.rewriting.vectors import NearestNames, WordVectors

__all__ = ["Candidate", "Candidates"]

_N_NEAREST: Final = 60

# Which first names are a woman's in the texts that are rewritten.
_KNOWN_LOCALE: Final = "en_US"

# With fewer names to choose from, all would become the same.
_ENOUGH: Final = 10

_SHORTEST_WORD: Final = 3
_LONGEST_ACRONYM: Final = 4


@dataclass(frozen=True, slots=True)
class Candidate:
    """A name that may take the place of another.

    Attributes:
        text: The name, written as names are.
        is_listed: Whether a gazetteer has it; any other word may be none.
        may_repeat: Whether several names may become it: those of one country do.
    """

    text: str
    is_listed: bool
    may_repeat: bool = False


class Candidates:
    """Proposes names for a move from one context to another.

    Args:
        vectors: Word vectors.
        source: Where the old names are at home, such as ``america``.
        target: Where the new ones are to be, such as ``india``.

    Raises:
        ConfigError: The vectors lack one of the two words.
    """

    def __init__(self, vectors: WordVectors, *, source: str, target: str) -> None:
        self._vectors = vectors
        self._source = _find_word(vectors, source, setting="source")
        self._target = _find_word(vectors, target, setting="target")
        self._target_name = target
        self._contexts = {normalise(source), normalise(target)}
        self._old_names = CountryNames(find_country(source))
        self._new_names = CountryNames(find_country(target))

    def find_kind(self, name: Name) -> Kind:
        """Return what kind of thing a name is: what the model says, or gazetteers know better."""
        return self._kinds.correct(name.text, find_kind(name.entity_type))

    def propose(self, name: Name) -> Iterator[Candidate]:
        """Yield names for the place of another, the nearest first."""
        kind = self.find_kind(name)
        if kind == "quantity":
            return
        if kind == "place" and self._is_source(name.text):
            yield Candidate(self._target_name.title(), is_listed=True, may_repeat=True)
            return
        is_found = False
        for text in self._propose_listed(name.text, kind):
            is_found = True
            yield Candidate(text, is_listed=True)
        if not is_found:
            yield from self._propose_words(name.text)

    def _propose_listed(self, text: str, kind: Kind) -> Iterator[str]:
        if kind == "person":
            return self._propose_persons(text)
        if kind == "organisation":
            return self._rank(text, self._organisations)
        if kind != "place":
            return iter(())
        if find_country(text):
            return self._rank(text, self._countries)
        return self._rank(text, self._cities)

    def _propose_persons(self, text: str) -> Iterator[str]:
        """Yield persons' names: a first and a last name for two words or more, else the one."""
        words = text.split()
        first, last = words[0], words[-1]
        if len(words) > 1:
            first_names = self._rank(first, self._choose_first_names(first), default=text)
            last_names = self._rank(last, self._last_names, default=text)
            for new_first, new_last in zip(first_names, last_names, strict=False):
                if new_first != new_last:
                    yield f"{new_first} {new_last}"
            return
        known = list_names(_KNOWN_LOCALE)
        pool = self._last_names
        if first.title() in known.female | known.male:
            pool = self._choose_first_names(first)
        yield from self._rank(first, pool)

    def _is_source(self, text: str) -> bool:
        """Tell whether a name is that of the country that is left for another."""
        country = find_country(text)
        leads_somewhere = bool(self._new_names.country_code)
        return bool(country) and leads_somewhere and country == self._old_names.country_code

    def _propose_words(self, text: str) -> Iterator[Candidate]:
        """Yield words of the vocabulary, written as names; most of them are none."""
        query = self._find_query(text)
        if query is None:
            return
        parts = set(normalise(text).split())
        is_acronym = text.isupper() and len(text) <= _LONGEST_ACRONYM
        for word in self._vectors.find_nearest(query, _N_NEAREST):
            spoken = word.replace("_", " ")
            if not self._may_be_name(spoken) or parts & set(spoken.lower().split()):
                continue
            if is_acronym and len(spoken) <= _LONGEST_ACRONYM:
                yield Candidate(spoken.upper(), is_listed=False)
            elif spoken.islower():
                yield Candidate(spoken.title(), is_listed=False)
            else:
                yield Candidate(spoken, is_listed=False)

    def _may_be_name(self, word: str) -> bool:
        """Tell whether a word may name something of the new context that is no place or person."""
        is_word = word.replace(" ", "").isalpha() and len(word) >= _SHORTEST_WORD
        if not is_word or word.lower() in STOP_WORDS or normalise(word) in self._contexts:
            return False
        if self._kinds.is_listed(word, "person") or self._kinds.is_listed(word, "place"):
            return False
        return self._is_at_home(word)

    def _is_at_home(self, word: str) -> bool:
        """Tell whether no other country is nearer to a word than the one that names move to.

        Statoil is nearest to Norway, so it is no name for India.
        """
        if not self._new_names.country_code:
            return True
        vector = self._vectors.find(word)
        if vector is None:
            return False
        (nearest,) = self._countries.find(vector, 1)
        return find_country(nearest) == self._new_names.country_code

    def _rank(self, text: str, pool: NearestNames, *, default: str = "") -> Iterator[str]:
        """Yield the names of a list, the nearest first; other than the old one.

        Args:
            text: The old name.
            pool: The list.
            default: What stands for the old name where the vectors lack it.
        """
        query = self._find_query(text)
        if query is None and default:
            query = self._find_query(default)
        if query is None:
            # A name of its kind and context, if not one like it.
            query = self._target
        found = pool.find(query, _N_NEAREST)
        if " " not in text:
            # A single word for a single word, where there is one.
            found.sort(key=_has_several_words)
        for name in found:
            if normalise(name) != normalise(text) and normalise(name) not in self._contexts:
                yield name

    def _find_query(self, text: str) -> Floats32 | None:
        vector = self._vectors.find(text)
        if vector is None:
            return None
        moved: Floats32 = vector - self._source + self._target
        return moved

    def _choose_first_names(self, old: str) -> NearestNames:
        """Return the first names that an old one may become: a woman's becomes a woman's."""
        sex = list_names(_KNOWN_LOCALE).find_sex(old.title())
        if sex == "female":
            return self._female_names
        if sex == "male":
            return self._male_names
        return self._first_names

    @cached_property
    def _kinds(self) -> NameKinds:
        return NameKinds([self._old_names, self._new_names])

    @cached_property
    def _female_names(self) -> NearestNames:
        return self._select_first_names(self._new_names.female)

    @cached_property
    def _male_names(self) -> NearestNames:
        return self._select_first_names(self._new_names.male)

    @cached_property
    def _first_names(self) -> NearestNames:
        return self._select_first_names(self._new_names.first)

    @cached_property
    def _last_names(self) -> NearestNames:
        return self._vectors.select(self._new_names.last)

    @cached_property
    def _cities(self) -> NearestNames:
        return self._vectors.select(self._new_names.cities)

    @cached_property
    def _organisations(self) -> NearestNames:
        return self._vectors.select(self._new_names.organisations)

    @cached_property
    def _countries(self) -> NearestNames:
        # U.S. and its like stand for names that are there, too.
        names = [name.title() for name in list_countries() if "." not in name]
        return self._vectors.select(names)

    def _select_first_names(self, names: Sequence[str]) -> NearestNames:
        """Return names that have vectors, but those of the source, such as Andrew in India."""
        own = [name for name in names if name not in self._foreign_names]
        # England shares nearly all of its names with America.
        return self._vectors.select(own if len(own) >= _ENOUGH else names)

    @cached_property
    def _foreign_names(self) -> frozenset[str]:
        besides = self._new_names.country_code
        at_home = frozenset(self._old_names.first)
        return at_home | self._old_names.list_spread_first(besides=besides)


def _has_several_words(name: str) -> bool:
    return " " in name


def _find_word(vectors: WordVectors, word: str, *, setting: str) -> Floats32:
    vector = vectors.find(word)
    if vector is None:
        raise ConfigError(
            f"{setting} must be a word that the vectors have, got {word!r}, which they lack.",
            settings=(setting,),
        )
    return vector
