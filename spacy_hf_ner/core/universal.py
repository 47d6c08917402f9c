"""What Universal Dependencies call parts of speech, and how they write features.

Source: https://universaldependencies.org/u/pos/ and https://universaldependencies.org/format.html
"""

import re
from typing import Final

__all__ = ["NO_FEATURES", "UNIVERSAL_POS", "are_features"]

# The last is of their first version, which older checkpoints have.
# fmt: off
UNIVERSAL_POS: Final = frozenset({
    "ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM",
    "PART", "PRON", "PROPN", "PUNCT", "SCONJ", "SYM", "VERB", "X", "CONJ",
})
# fmt: on

NO_FEATURES: Final = "_"
"""How it is written that a word has no features."""

_FEATURES = re.compile(r"[^=|]+=[^=|]+(\|[^=|]+=[^=|]+)*")


def are_features(text: str) -> bool:
    """Tell whether a text says which features a word has, or that it has none.

    >>> are_features("Case=Nom|Number=Sing"), are_features("_"), are_features("NOUN")
    (True, True, False)
    """
    return text == NO_FEATURES or _FEATURES.fullmatch(text) is not None
