"""One colour for each entity type: the same on every page and in every notebook.

It does not depend on what other types are shown. Types that displaCy knows keep displaCy's colour,
and the CoNLL names of those types share it; others get a colour computed from their name. All are
light, so that black text on them has a contrast of at least 7 : 1 (WCAG AAA).
"""

import colorsys
import zlib
from collections.abc import Iterable
from typing import Final

from spacy.displacy.render import DEFAULT_LABEL_COLORS

__all__ = ["DISPLACY_COLOURS", "colour_of", "colours_of"]

# Registered as ``spacy_displacy_colors``, so that plain displaCy uses these too. Only names that
# displaCy lacks: a package must not repaint the pages of people who merely installed it.
DISPLACY_COLOURS: Final[dict[str, str]] = {
    "PER": DEFAULT_LABEL_COLORS["PERSON"],
    "MISC": "#f7a8d0",
    "ORGANIZATION": DEFAULT_LABEL_COLORS["ORG"],
    "LOCATION": DEFAULT_LABEL_COLORS["LOC"],
    "GROUP": DEFAULT_LABEL_COLORS["NORP"],
    "CORPORATION": "#a5d8ff",
    "CREATIVE-WORK": DEFAULT_LABEL_COLORS["WORK_OF_ART"],
}

# The golden angle, as a share of the colour wheel: it spreads neighbouring hash values.
_GOLDEN_ANGLE: Final = 0.618033988749895
_LIGHTNESS: Final = 0.8
_SATURATION: Final = 0.68


def colour_of(entity_type: str) -> str:
    """Return the colour of an entity type, as ``#rrggbb``.

    >>> colour_of("PER") == colour_of("person")
    True
    >>> colour_of("Chemical")
    '#b7efa9'
    """
    name = entity_type.upper()
    known = DISPLACY_COLOURS.get(name) or DEFAULT_LABEL_COLORS.get(name)
    if known:
        return str(known)
    # Python's own hash of a text changes from process to process.
    hue = zlib.crc32(name.encode()) * _GOLDEN_ANGLE % 1.0
    colour = "#"
    for channel in colorsys.hls_to_rgb(hue, _LIGHTNESS, _SATURATION):
        colour += f"{round(channel * 255):02x}"
    return colour


def colours_of(entity_types: Iterable[str]) -> dict[str, str]:
    """Return the colour of each entity type, in the order of the types."""
    colours: dict[str, str] = {}
    for entity_type in entity_types:
        colours[entity_type] = colour_of(entity_type)
    return colours
