"""Gold and predicted entities of one text, brought together by their characters.

Two Docs of one text may be tokenised differently, so entities are compared by character offsets and nothing is
dropped: an entity that no token of the other Doc matches is still one that was right or wrong. Where even the white
space differs, the predicted offsets are moved to the gold text. The rule is that of ``core/judging.py``.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isnan
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
from spacy.attrs import ENT_IOB, IDX, LENGTH, ORTH, SENT_START
from spacy.tokens import Doc

from spacy_hf_ner.core.arrays import Ints
from spacy_hf_ner.core.judging import TextMap, touches

if TYPE_CHECKING:
    from typing_extensions import Self

NO_ANNOTATION = 0  # Token.ent_iob of a token that nobody has annotated

_TOKENS: list[int | str] = [IDX, LENGTH, ORTH]
_GOLD_TOKENS: list[int | str] = [*_TOKENS, ENT_IOB, SENT_START]


class Place(NamedTuple):
    """Where and what an entity is, whatever its score."""

    start_char: int
    end_char: int
    entity_type: str


class Entity(Place):
    """A typed stretch of text. Two are equal if their characters and types are; scores are not compared.

    A tuple and no dataclass, because an evaluation hashes, compares and sorts a hundred thousand of them.

    Attributes:
        start_char: First character.
        end_char: The character after the last one.
        entity_type: The type without a prefix, such as ``"PER"``.
        score: The model's probability in [0, 1], or None where it gave none.
    """

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
class DocPair:
    """One text with its gold and its predicted entities, both in text order.

    Attributes:
        text: The gold text; all offsets point into it.
        gold: The gold entities.
        predicted: The predicted entities that can be judged.
        unjudged: Predicted entities on tokens that nobody has annotated: neither right nor wrong.
        token_borders: First character and end of the tokens that both tokenisations have in common, in the sense
            that a border of either is a border here; without tokens that nobody has annotated. Shape: (n_tokens, 2).
        sentence_starts: First character of each gold sentence; empty where unknown.
    """

    text: str
    gold: tuple[Entity, ...]
    predicted: tuple[Entity, ...]
    unjudged: tuple[Entity, ...]
    token_borders: Ints
    sentence_starts: tuple[int, ...] = ()

    @property
    def is_annotated(self) -> bool:
        """Whether anybody has annotated a token of it, be it as outside of entities."""
        return len(self.token_borders) > 0


def read_entities(doc: Doc, *, spans_key: str = "hf_ner") -> tuple[Entity, ...]:
    """Return the entities of a Doc in text order, with the scores that the span group of this key gives to them.

    They are those of ``doc.ents``; where nothing has set these, not even to none, they are those of the span group.
    """
    group = read_group(doc, spans_key)
    if not doc.has_annotation("ENT_IOB"):
        return group
    scored: dict[tuple[int, int, str], Entity] = {entity: entity for entity in group}
    places = [(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents]
    return tuple([scored.get(place) or Entity(*place) for place in places])


def read_group(doc: Doc, spans_key: str) -> tuple[Entity, ...]:
    """Return the entities of a span group in text order, each once; they may overlap. A score that is NaN is none."""
    group = doc.spans.get(spans_key, ())
    scores = group.attrs.get("scores") if group else None
    if scores is None or len(scores) != len(group):
        scores = [None] * len(group)
    scores = [None if score is None or isnan(score) else score for score in scores]
    found = {
        Entity(span.start_char, span.end_char, span.label_, s)
        for span, s in zip(group, scores, strict=True)
    }
    return tuple(sorted(found))


def have_overlaps(entities: Sequence[Entity]) -> bool:
    """Tell whether some of the entities share a character; they are in text order."""
    return any(one.end_char > other.start_char for one, other in pairwise(entities))


def name_apart(name: str, types: Container[str]) -> str:
    """Return a name for what is no type, in brackets if a type is called so.

    >>> name_apart("nothing", ["PER"]), name_apart("nothing", ["PER", "nothing"])
    ('nothing', '(nothing)')
    """
    while name in types:
        name = f"({name})"
    return name


def pair_docs(gold: Doc, predicted: Doc, *, spans_key: str = "hf_ner") -> DocPair:
    """Return the entities of two Docs of the same text, with all offsets in the gold text.

    Args:
        gold: The Doc with gold entities.
        predicted: The Doc with predicted entities; it may be tokenised differently. Where they are in its span group
            and not in ``doc.ents``, the gold ones are those of the gold Doc's group of that key, if it has one.
        spans_key: The span group.

    Raises:
        AlignmentError: The texts differ in more than white space.
    """
    text = gold.text
    *gold_tokens, iob, sent_start = _read_columns(gold, _GOLD_TOKENS)
    tokens = _read_columns(predicted, _TOKENS)
    predicted_text = text if np.array_equal(gold_tokens, tokens) else predicted.text
    found = read_entities(predicted, spans_key=spans_key)
    gold_borders, borders = _borders(*gold_tokens[:2]), _borders(*tokens[:2])
    if predicted_text != text:
        text_map = TextMap(target=text, source=predicted_text)
        found = tuple(
            Entity(*text_map.move(e.start_char, e.end_char), e.entity_type, e.score) for e in found
        )
        moved = [text_map.move(start, end) for start, end in borders.tolist()]
        borders = np.array(moved, dtype=np.int64).reshape(-1, 2)
    if spans_key in gold.spans and not (
        predicted.has_annotation("ENT_IOB") and gold.has_annotation("ENT_IOB")
    ):
        known, missing = read_group(gold, spans_key), gold_borders[:0]
    else:
        known, missing = (
            read_entities(gold, spans_key=spans_key),
            gold_borders[iob == NO_ANNOTATION],
        )
    unjudged = (
        {e for e in found if touches(missing, e.start_char, e.end_char)} if len(missing) else set()
    )
    return DocPair(
        text=text,
        gold=known,
        predicted=tuple([entity for entity in found if entity not in unjudged])
        if unjudged
        else found,
        unjudged=tuple(sorted(unjudged)),
        token_borders=_without(_merge_borders(gold_borders, borders), missing),
        sentence_starts=_sentence_starts(gold, gold_borders, sent_start),
    )


def _read_columns(doc: Doc, attributes: list[int | str]) -> Ints:
    """Return attributes of the tokens. Shape: (n_attributes, n_tokens)."""
    return doc.to_array(attributes).reshape(-1, len(attributes)).view(np.int64).T


def _borders(start_char: Ints, length: Ints) -> Ints:
    return np.stack([start_char, start_char + length], axis=1)


def _sentence_starts(doc: Doc, borders: Ints, sent_start: Ints) -> tuple[int, ...]:
    if not len(doc) or not doc.has_annotation("SENT_START"):
        return ()
    is_start = sent_start == 1
    is_start[0] = True  # spaCy does not always say so
    return tuple(borders[is_start, 0].tolist())


def _merge_borders(first: Ints, second: Ints) -> Ints:
    """Cut the tokens of both at the borders of both; characters that no token covers stay uncovered."""
    if np.array_equal(first, second):
        return first
    edges = np.unique(np.concatenate([first.ravel(), second.ravel()]))
    pieces = np.stack([edges[:-1], edges[1:]], axis=1)
    return pieces[_covered(pieces, first) | _covered(pieces, second)]


def _without(borders: Ints, missing: Ints) -> Ints:
    return borders[~_covered(borders, missing)] if len(missing) else borders


def _covered(pieces: Ints, tokens: Ints) -> npt.NDArray[np.bool_]:
    """Tell which pieces lie in a token; tokens are in text order and disjoint."""
    if len(tokens) == 0:
        return np.zeros(len(pieces), dtype=bool)
    at = np.searchsorted(tokens[:, 0], pieces[:, 0], side="right") - 1
    inside: npt.NDArray[np.bool_] = (at >= 0) & (pieces[:, 1] <= tokens[np.maximum(at, 0), 1])
    return inside
