"""Names that may take the place of others in an analogy: of a country if it is one, else of all.

Ranked by how near they are to ``name − source + target`` among word vectors.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from spacy.lang.en.stop_words import STOP_WORDS

from spacy_hf_ner.core.arrays import Floats32
from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.rewriting.fake_names import NameLists, list_locales, list_names
from spacy_hf_ner.rewriting.kinds import find_kind
from spacy_hf_ner.rewriting.names import Name, normalise
from spacy_hf_ner.rewriting.places import find_country, list_cities, list_countries
from spacy_hf_ner.rewriting.vectors import NearestNames, WordVectors

__all__ = ["Candidate", "Candidates"]

_N_NEAREST: Final = 60

# Of a country's cities those that people have heard of, if there are some.
_LARGE: Final = 100_000
_ENOUGH: Final = 20

# Which first names are a woman's in the texts that are rewritten.
_KNOWN_LOCALE: Final = "en_US"

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
        self._contexts = {normalise(source), normalise(target)}
        self._source_country = find_country(source)
        self._target_country = find_country(target)
        self._target_name = target

    def propose(self, name: Name) -> Iterator[Candidate]:
        """Yield names for the place of another, the nearest first."""
        kind = find_kind(name.entity_type)
        if kind == "quantity":
            return
        if kind == "place" and self._is_source(name.text):
            yield Candidate(self._target_name.title(), is_listed=True, may_repeat=True)
            return
        listed: Iterator[str] = iter(())
        if kind == "person":
            listed = self._propose_persons(name.text)
        elif kind == "place":
            listed = self._propose_places(name.text)
        found = False
        for text in listed:
            found = True
            yield Candidate(text, is_listed=True)
        if not found:
            yield from self._propose_words(name.text)

    def _propose_persons(self, text: str) -> Iterator[str]:
        """Yield persons' names: a first and a last name for two words or more, else the one."""
        words = text.split()
        first, last = words[0], words[-1]
        if len(words) > 1:
            first_names = self._rank(first, self._find_first_names(first), default=text)
            last_names = self._rank(last, self._last_names, default=text)
            for new_first, new_last in zip(first_names, last_names, strict=False):
                if new_first != new_last:
                    yield f"{new_first} {new_last}"
            return
        known = list_names(_KNOWN_LOCALE)
        is_first_name = first.title() in known.female | known.male
        pool = self._find_first_names(first) if is_first_name else self._last_names
        yield from self._rank(first, pool)

    def _propose_places(self, text: str) -> Iterator[str]:
        pool = self._countries if find_country(text) else self._cities
        yield from self._rank(text, pool)

    def _is_source(self, text: str) -> bool:
        """Tell whether a name is that of the country that is left for another."""
        country = find_country(text)
        return bool(country and self._target_country) and country == self._source_country

    def _propose_words(self, text: str) -> Iterator[Candidate]:
        """Yield words of the vocabulary, written as names; most of them are none."""
        query = self._find_query(text)
        if query is None:
            return
        parts = set(normalise(text).split())
        is_acronym = text.isupper() and len(text) <= _LONGEST_ACRONYM
        for word in self._vectors.find_nearest(query, _N_NEAREST):
            spoken = word.replace("_", " ")
            is_word = spoken.replace(" ", "").isalpha() and len(spoken) >= _SHORTEST_WORD
            if not is_word or spoken.lower() in STOP_WORDS or parts & set(spoken.lower().split()):
                continue
            if normalise(spoken) in self._contexts or normalise(spoken) in self._listed:
                continue
            if is_acronym and len(spoken) <= _LONGEST_ACRONYM:
                yield Candidate(spoken.upper(), is_listed=False)
            else:
                yield Candidate(spoken.title() if spoken.islower() else spoken, is_listed=False)

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
            found.sort(key=lambda name: " " in name)
        for name in found:
            if normalise(name) != normalise(text) and normalise(name) not in self._contexts:
                yield name

    def _find_query(self, text: str) -> Floats32 | None:
        vector = self._vectors.find(text)
        if vector is None:
            return None
        moved: Floats32 = vector - self._source + self._target
        return moved

    def _find_first_names(self, old: str) -> NearestNames:
        sex = list_names(_KNOWN_LOCALE).find_sex(old.title())
        if sex == "female":
            return self._female_names
        if sex == "male":
            return self._male_names
        return self._first_names

    @cached_property
    def _persons(self) -> list[NameLists]:
        """The names of persons in the target, if that is a country that Faker has names for."""
        return _list_persons(self._target_country)

    @cached_property
    def _listed(self) -> set[str]:
        """What is a place or a person, normalised: no other thing is called so in an analogy."""
        names = {city.name for city in list_cities()} | list_countries().keys()
        for persons in self._persons:
            names |= persons.female | persons.male | persons.last
        return {normalise(name) for name in names}

    @cached_property
    def _female_names(self) -> NearestNames:
        return self._select_first_names(names.female for names in self._persons)

    @cached_property
    def _male_names(self) -> NearestNames:
        return self._select_first_names(names.male for names in self._persons)

    @cached_property
    def _first_names(self) -> NearestNames:
        return self._select_first_names(names.female | names.male for names in self._persons)

    @cached_property
    def _last_names(self) -> NearestNames:
        return self._vectors.select(_unite(names.last for names in self._persons))

    @cached_property
    def _cities(self) -> NearestNames:
        cities = list_cities(self._target_country)
        large = [city.name for city in cities if city.population >= _LARGE]
        if len(large) < _ENOUGH:
            large = [city.name for city in cities]
        return self._vectors.select(large)

    @cached_property
    def _countries(self) -> NearestNames:
        # U.S. and its like stand for names that are there, too.
        names = [name.title() for name in list_countries() if "." not in name]
        return self._vectors.select(names)

    def _select_first_names(self, lists: Iterable[frozenset[str]]) -> NearestNames:
        """Return names that have vectors, but those of the source, such as Andrew in India."""
        persons = _list_persons(self._source_country)
        at_home = set(_unite(names.female | names.male for names in persons))
        return self._vectors.select(name for name in _unite(lists) if name not in at_home)


def _unite(lists: Iterable[frozenset[str]]) -> list[str]:
    """Return all names of some lists, in one order wherever this runs."""
    return sorted(frozenset[str]().union(*lists))


def _list_persons(country_code: str) -> list[NameLists]:
    """Return the names of persons in a country, in each of its languages that Faker has."""
    if not country_code:
        return []
    return [list_names(locale) for locale in list_locales(country_code)]


def _find_word(vectors: WordVectors, word: str, *, setting: str) -> Floats32:
    vector = vectors.find(word)
    if vector is None:
        raise ConfigError(
            f"{setting} must be a word that the vectors have, got {word!r}, which they lack.",
            settings=(setting,),
        )
    return vector
