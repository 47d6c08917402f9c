"""Texts to begin with."""

from typing import Final

__all__ = ["EXAMPLES"]

EXAMPLES: Final = (
    (
        "Sarah Miller moved from Chicago to New York, where she works for Microsoft. Her brother "
        "Michael stayed with Boeing in Seattle."
    ),
    (
        "Angela Merkel met Tim Cook in San José. Merkel's visit to Apple was her first since 2017, "
        "and the Frankfurter Allgemeine Zeitung reported from California."
    ),
    (
        "The World Health Organization said in Geneva that Kofi Annan, born in Kumasi, Ghana, had "
        "supported its work in Kenya and South Sudan for years."
    ),
)
