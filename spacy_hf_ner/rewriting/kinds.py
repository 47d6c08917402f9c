"""What kind of thing an entity type names, in the tag sets that are common."""

from typing import Final, Literal

__all__ = ["Kind", "find_kind"]

Kind = Literal["person", "place", "organisation", "quantity", "other"]

_KINDS: Final[dict[str, Kind]] = {
    "PER": "person",
    "PERS": "person",
    "PERSON": "person",
    "LOC": "place",
    "LOCATION": "place",
    "GPE": "place",
    "PLACE": "place",
    "CITY": "place",
    "COUNTRY": "place",
    "ORG": "organisation",
    "ORGANIZATION": "organisation",
    "ORGANISATION": "organisation",
    "COMPANY": "organisation",
    "CORPORATION": "organisation",
    "DATE": "quantity",
    "TIME": "quantity",
    "CARDINAL": "quantity",
    "ORDINAL": "quantity",
    "MONEY": "quantity",
    "PERCENT": "quantity",
    "QUANTITY": "quantity",
}


def find_kind(entity_type: str) -> Kind:
    """Return the kind of thing that an entity type names; dates and quantities have no names.

    >>> find_kind("PERSON"), find_kind("GPE"), find_kind("DATE")
    ('person', 'place', 'quantity')
    """
    return _KINDS.get(entity_type.upper(), "other")
