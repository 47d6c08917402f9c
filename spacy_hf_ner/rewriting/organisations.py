"""Well-known organisations by country: companies, papers, universities, parties, clubs.

They are called as newspapers call them. The list is this package's own, because libraries of names
have none: Faker makes companies up.
"""

import json
from functools import lru_cache
from pathlib import Path
from typing import Final

__all__ = ["list_organisations"]

_FILE: Final = Path(__file__).parent / "assets" / "organisations.json"


def list_organisations(country_code: str = "") -> list[str]:
    """Return the organisations of all countries, or of one; empty where none are known.

    >>> list_organisations("IN")[:2]
    ['Infosys', 'Wipro']
    """
    by_country = _read_file()
    if country_code:
        return list(by_country.get(country_code, ()))
    everywhere: list[str] = []
    for names in by_country.values():
        everywhere += names
    return everywhere


@lru_cache(maxsize=1)
def _read_file() -> dict[str, list[str]]:
    by_country: dict[str, list[str]] = json.loads(_FILE.read_text(encoding="utf8"))
    return by_country
