"""Gold and predicted entities of one text, brought together by their characters.

Two Docs of one text may be tokenised differently, so entities are compared by character offsets and nothing is
dropped: an entity that no token of the other Doc matches is still one that was right or wrong. Where even the white
space differs, the predicted offsets are moved to the gold text. The rule is that of
``pipe/gold.py``, by which calibration judges, too.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from spacy.attrs import IDX, LENGTH, ORTH, SENT_START
from spacy.tokens import Doc

from spacy_hf_ner.core.arrays import Ints
from spacy_hf_ner.core.judging import TextMap
from spacy_hf_ner.pipe.gold import Entity, map_text, read_entities, read_gold, read_group

__all__ = [
    "DocPair",
    "Entity",
    "have_overlaps",
    "name_apart",
    "pair_docs",
    "read_entities",
    "read_group",
]

_TOKENS: list[int | str] = [IDX, LENGTH, ORTH]
_GOLD_TOKENS: list[int | str] = [*_TOKENS, SENT_START]


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
    *gold_tokens, sent_start = _read_columns(gold, _GOLD_TOKENS)
    tokens = _read_columns(predicted, _TOKENS)
    # Equal tokens at equal places: the texts are the same, and need not be put together.
    predicted_text = text if np.array_equal(gold_tokens, tokens) else predicted.text
    text_map = map_text(text, predicted_text)
    found = read_entities(predicted, spans_key=spans_key)
    gold_borders = _borders(*gold_tokens[:2])
    borders = _borders(*tokens[:2])
    if text_map is not None:
        found = tuple([_move_entity(entity, text_map) for entity in found])
        moved = [text_map.move(start, end) for start, end in borders.tolist()]
        borders = np.array(moved, dtype=np.int64).reshape(-1, 2)

    # Predictions that are in the span group alone are judged by gold's group.
    prefer_group = not predicted.has_annotation("ENT_IOB")
    known = read_gold(gold, spans_key=spans_key, prefer_group=prefer_group)
    judged: Sequence[Entity] = found
    unjudged: set[Entity] = set()
    if len(known.missing):
        unjudged = {e for e in found if not known.can_judge(e.start_char, e.end_char)}
        judged = [entity for entity in found if entity not in unjudged]
    return DocPair(
        text=text,
        gold=known.entities,
        predicted=tuple(judged),
        unjudged=tuple(sorted(unjudged)),
        token_borders=_without(_merge_borders(gold_borders, borders), known.missing),
        sentence_starts=_sentence_starts(gold, gold_borders, sent_start),
    )


def _move_entity(entity: Entity, text_map: TextMap) -> Entity:
    """Return an entity with the offsets that it has in the gold text."""
    start_char, end_char = text_map.move(entity.start_char, entity.end_char)
    return Entity(start_char, end_char, entity.entity_type, entity.score)


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
