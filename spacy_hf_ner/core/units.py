"""Rows of tag scores, and the units of text that they belong to.

A unit is a run of characters inside one token that has a row of its own. White space has none::

    text       A n g e l a   ␣␣   M e r k e l
    tokens     0             1    2
    units      0                  1
    token_i    0                  2

A unit that no subword covers has a row, too: it is NaN.
"""

from dataclasses import dataclass

from spacy_hf_ner.core.alignment import Units
from spacy_hf_ner.core.arrays import Floats32

__all__ = ["UnitRows"]


@dataclass(frozen=True, slots=True)
class UnitRows:
    """The tag scores of one text, and the units that they belong to.

    Attributes:
        rows: Log-probabilities of the tags of each unit; NaN where nothing is known of it.
            Shape: (n_units, n_tags).
        units: Where the units are: tokens and characters of this text.
        continuing: In training, where it was asked for: the log-probabilities that the subwords
            which continue a unit are labelled as each tag wants, summed over them; 0 for units
            without any. None where they are in ``rows`` already. Shape: that of ``rows``.
    """

    rows: Floats32
    units: Units
    continuing: Floats32 | None = None

    def __len__(self) -> int:
        return len(self.units)
