"""One colour for each entity type: the same on every page, in every notebook, whatever other types are shown.

Types that displaCy knows keep displaCy's colour, and the CoNLL names of those types share it; others get one computed
from their name. All are light, so that black text on them has a contrast of at least 7 : 1 (WCAG AAA).
"""

import colorsys
import zlib

from spacy.displacy.render import DEFAULT_LABEL_COLORS

# Registered as ``spacy_displacy_colors``, so that plain displaCy uses these too. Only names that displaCy lacks: a
# package must not repaint the pages of people who merely installed it.
DISPLACY_COLOURS = {
    "PER": DEFAULT_LABEL_COLORS["PERSON"],
    "MISC": "#f7a8d0",
    "ORGANIZATION": DEFAULT_LABEL_COLORS["ORG"],
    "LOCATION": DEFAULT_LABEL_COLORS["LOC"],
    "GROUP": DEFAULT_LABEL_COLORS["NORP"],
    "CORPORATION": "#a5d8ff",
    "CREATIVE-WORK": DEFAULT_LABEL_COLORS["WORK_OF_ART"],
}


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
    # The golden angle spreads neighbouring hash values over the wheel.
    hue = zlib.crc32(name.encode()) * 0.618033988749895 % 1.0
    red, green, blue = colorsys.hls_to_rgb(hue, 0.8, 0.68)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"
