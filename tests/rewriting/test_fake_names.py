"""Names that Faker has."""

import pytest

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.rewriting.fake_names import FakeNames, list_locales, list_names
from tests.rewriting.extras import needs_gazetteers

pytestmark = needs_gazetteers


def test_one_seed_gives_the_same_names() -> None:
    first, again = FakeNames("de_DE", seed=1), FakeNames("de_DE", seed=1)
    assert first.draw_company() == again.draw_company()
    assert first.draw_country() == again.draw_country()


def test_first_names_are_of_the_sex_asked_for() -> None:
    names = list_names("en_US")
    fake = FakeNames("en_US", seed=0)
    # Some names are both's, so a few draws may be.
    drawn = [names.find_sex(fake.draw_first_name("female")) for _ in range(20)]
    assert drawn.count("female") > 15
    drawn = [names.find_sex(fake.draw_first_name("male")) for _ in range(20)]
    assert drawn.count("male") > 15
    assert names.find_sex("Sarah") == "female"
    assert names.find_sex("Michael") == "male"
    assert names.find_sex("Xqz") == ""


def test_japanese_names_come_in_latin_letters() -> None:
    names = list_names("ja_JP")
    assert all(name.isascii() for name in names.female | names.male | names.last)
    assert names.find_sex("Haruka") == "female"
    assert names.find_sex("Taro") == "male"


def test_a_country_has_the_locales_of_its_languages() -> None:
    assert "en_IN" in list_locales("IN")
    assert "de_DE" not in list_locales("IN")


def test_a_locale_that_faker_lacks_is_refused() -> None:
    with pytest.raises(ConfigError, match="locale must be one that Faker knows"):
        FakeNames("xx_YY")
