"""Well-known organisations by country."""

import pytest

from spacy_hf_ner.rewriting.organisations import list_organisations


def test_each_country_has_its_own() -> None:
    assert "Infosys" in list_organisations("IN")
    assert "Infosys" not in list_organisations("JP")
    assert list_organisations("XX") == []
    everywhere = list_organisations()
    assert {"Infosys", "Toyota", "Microsoft"} <= set(everywhere)


@pytest.mark.parametrize("code", ["US", "IN", "JP", "DE"])
def test_names_are_written_as_people_write_them(code: str) -> None:
    names = list_organisations(code)
    assert len(names) == len(set(names)) > 40
    for name in names:
        assert name == " ".join(name.split())
        assert name[0].isupper() or name[0].isdigit() or name == "eBay"
