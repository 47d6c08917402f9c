"""One piece of evidence that an annotation is wrong."""

from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["Spot", "Suspicion"]


class Spot(NamedTuple):
    """A stretch of a document, and what it is.

    Attributes:
        part_i: The index of the part.
        doc_i: The index of the document in it.
        start_char: The first character.
        end_char: The character after the last one.
        entity_type: The type of exactly this stretch; empty if it is no entity.
    """

    part_i: int
    doc_i: int
    start_char: int
    end_char: int
    entity_type: str


@dataclass(frozen=True, slots=True)
class Suspicion:
    """That gold is wrong about a spot.

    Attributes:
        gold: What gold says.
        likelier: What would be likelier, perhaps with other borders.
        strength: How strong the evidence is, in [0, 1].
        reason: What the evidence is, in words.
    """

    gold: Spot
    likelier: Spot
    strength: float
    reason: str
