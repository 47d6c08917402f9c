"""The one rule for gold: which entities of a Doc count, and which predictions can be judged.

Evaluation and calibration both read Docs here. Entities are compared by characters, never by
tokens, because two Docs of one text may be tokenised differently. The arithmetic is that of
``core/judging.py``. Evaluation imports this module, so it needs spaCy and the core alone.
"""

from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from spacy.attrs import ENT_IOB, IDX, LENGTH
from spacy.tokens import Doc, Span, SpanGroup

from spacy_hf_ner.core.arrays import Ints
from spacy_hf_ner.core.judging import TextMap, touches

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "Entity",
    "Gold",
    "Place",
    "map_text",
    "read_entities",
    "read_gold",
    "read_gold_spans",
    "read_group",
    "uses_group",
]

_NO_ANNOTATION = 0  # Token.ent_iob of a token that nobody has annotated


class Place(NamedTuple):
    """Where and what an entity is, whatever its score."""

    start_char: int
    end_char: int
    entity_type: str


class Entity(Place):
    """A typed stretch of text; two are equal if characters and types are, whatever the scores.

    Attributes:
        start_char: First character.
        end_char: The character after the last one.
        entity_type: The type without a prefix, such as ``"PER"``.
        score: The model's probability in [0, 1], or None where it gave none.
    """

    # Evaluation hashes, compares and sorts a hundred thousand entities; a tuple does that in C. For
    # 100,000, a slotted dataclass that compares the same three fields took 34 ms instead of 18 to
    # hash, 20 instead of 3 to compare, and 600 instead of 290 to sort (CPython 3.11). The score is
    # an attribute, and no field of the tuple, so that it takes no part in any of that.
    score: float | None = None

    def __new__(
        cls, start_char: int, end_char: int, entity_type: str, score: float | None = None
    ) -> "Self":
        """Make an entity."""
        self = tuple.__new__(cls, (start_char, end_char, entity_type))
        if score is not None:
            self.score = score
        return self

    def overlaps(self, other: "Entity") -> bool:
        """Tell whether the two share a character."""
        return self.start_char < other.end_char and other.start_char < self.end_char


@dataclass(frozen=True, slots=True)
class Gold:
    """What gold says of a text.

    Attributes:
        entities: The gold entities in text order, each once; those of a span group may overlap.
        missing: First character and end of each token that nobody has annotated.
            Shape: (n_missing, 2).
        in_group: Whether the entities are those of a span group, where no annotation is missing.
        is_annotated: Whether anybody has annotated a token, be it as outside of entities.
    """

    entities: tuple[Entity, ...]
    missing: Ints
    in_group: bool
    is_annotated: bool

    def can_judge(self, start_char: int, end_char: int) -> bool:
        """Tell whether a stretch of the gold text has no character that nobody has annotated."""
        return not touches(self.missing, start_char, end_char)


def read_gold(doc: Doc, *, spans_key: str, prefer_group: bool) -> Gold:
    """Return what a gold Doc says.

    Args:
        doc: The gold Doc.
        spans_key: The span group that holds the gold entities where ``doc.ents`` was never set.
        prefer_group: Read the group, if there is one, whether ``doc.ents`` is set or not:
            predictions are in the span group alone.
    """
    in_group = uses_group(doc, spans_key=spans_key, prefer_group=prefer_group)
    if in_group:
        missing = np.zeros((0, 2), dtype=np.int64)
        entities = read_group(doc, spans_key)
    else:
        missing = _find_missing(doc)
        entities = read_entities(doc, spans_key=spans_key)
    return Gold(entities, missing, in_group, is_annotated=len(missing) < len(doc))


def read_gold_spans(doc: Doc, *, spans_key: str, prefer_group: bool) -> list[Span]:
    """Return the gold entities as spaCy's spans. For the arguments see :func:`read_gold`."""
    if uses_group(doc, spans_key=spans_key, prefer_group=prefer_group):
        return list(doc.spans[spans_key])
    return list(doc.ents)


def uses_group(doc: Doc, *, spans_key: str, prefer_group: bool) -> bool:
    """Tell whether gold is in the span group. For the arguments see :func:`read_gold`."""
    if spans_key not in doc.spans:
        return False
    return prefer_group or not doc.has_annotation("ENT_IOB")


def map_text(gold_text: str, text: str) -> TextMap | None:
    """Return what moves offsets of a text to the gold text; None where the two are the same.

    Raises:
        AlignmentError: The texts differ in more than white space.
    """
    if text == gold_text:
        return None
    return TextMap(target=gold_text, source=text)


def read_entities(doc: Doc, *, spans_key: str = "hf_ner") -> tuple[Entity, ...]:
    """Return the entities of a Doc in text order, with their scores.

    They are those of ``doc.ents``, with the scores that the span group of this key has for them.
    Where ``doc.ents`` was never set, not even to none, they are those of the span group.
    """
    group = read_group(doc, spans_key)
    if not doc.has_annotation("ENT_IOB"):
        return group
    # A place is equal to the entity there: it finds the one that has a score.
    scored: dict[Place, Entity] = dict(zip(group, group, strict=True))
    entities: list[Entity] = []
    for ent in doc.ents:
        place = Place(ent.start_char, ent.end_char, ent.label_)
        entities.append(scored.get(place) or Entity(*place))
    return tuple(entities)


def read_group(doc: Doc, spans_key: str) -> tuple[Entity, ...]:
    """Return the entities of a span group in text order, each once; they may overlap."""
    if spans_key not in doc.spans:
        return ()
    group = doc.spans[spans_key]
    entities = set()
    for span, score in zip(group, _read_scores(group), strict=True):
        entities.add(Entity(span.start_char, span.end_char, span.label_, score))
    return tuple(sorted(entities))


def _read_scores(group: SpanGroup) -> list[float | None]:
    """Return the score of each span; None where the group has none for it, or NaN."""
    scores = group.attrs.get("scores")
    if scores is None or len(scores) != len(group):
        return [None] * len(group)
    known: list[float | None] = []
    for score in scores:
        is_unknown = score is None or isnan(score)
        known.append(None if is_unknown else score)
    return known


def _find_missing(doc: Doc) -> Ints:
    """Return first character and end of tokens that nobody has annotated. Shape: (n_missing, 2)."""
    columns = doc.to_array([IDX, LENGTH, ENT_IOB]).reshape(-1, 3).view(np.int64)
    start_char, n_chars, iob = columns.T
    borders: Ints = np.stack([start_char, start_char + n_chars], axis=1)
    missing: Ints = borders[iob == _NO_ANNOTATION]
    return missing
