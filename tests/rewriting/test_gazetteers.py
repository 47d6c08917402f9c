"""Which names are at home in a country, and what kind of name a name is."""

import pytest

from spacy_hf_ner.rewriting.gazetteers import CountryNames, NameKinds
from spacy_hf_ner.rewriting.kinds import Kind
from tests.rewriting.extras import needs_gazetteers

pytestmark = needs_gazetteers


@pytest.fixture(scope="module")
def kinds() -> NameKinds:
    return NameKinds([CountryNames("US"), CountryNames("IN")])


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        # Known as one thing alone.
        ("Oracle", "person", "organisation"),
        ("MICROSOFT", "place", "organisation"),
        ("Seattle", "person", "place"),
        ("India", "organisation", "place"),
        ("Jennifer", "organisation", "person"),
        # Known as two things, or as none: the model decides.
        ("Ford", "person", "person"),
        ("Charlotte", "place", "place"),
        ("Charlotte", "person", "person"),
        ("Sarah Miller", "person", "person"),
        ("Xqz", "organisation", "organisation"),
        # No kind that gazetteers have.
        ("Oracle", "quantity", "quantity"),
        ("Oracle", "other", "other"),
    ],
)
def test_gazetteers_know_better_where_they_know_one_kind(
    kinds: NameKinds, text: str, kind: Kind, expected: Kind
) -> None:
    assert kinds.correct(text, kind) == expected


def test_a_country_has_names_of_all_kinds() -> None:
    names = CountryNames("IN")
    assert "Mumbai" in names.cities[:3]
    assert set(names.female) | set(names.male) == set(names.first)
    assert {"Patel", "Singh"} & set(names.last)
    assert "Wipro" in names.organisations


def test_without_a_country_there_are_cities_alone() -> None:
    names = CountryNames("")
    assert {"Mumbai", "Tokyo"} <= set(names.cities)
    assert names.first == names.last == names.organisations == []
