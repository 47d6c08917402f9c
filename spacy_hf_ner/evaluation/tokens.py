"""Entities as tags on tokens: the token accuracy, and the sequences that seqeval reads.

The tokens are those of :attr:`DocPair.token_borders`, on whose borders gold and predicted entities
both lie. Entities that overlap one another are no tag sequence: see :func:`have_tags`.
"""

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from spacy_hf_ner.core.schemes import OUTSIDE, SCHEMES, Tag
from spacy_hf_ner.errors import TagError
from spacy_hf_ner.evaluation.pairing import DocPair, Entity, have_overlaps

__all__ = ["SCHEME", "PairTags", "have_tags", "token_accuracy", "write_pair_tags"]

SCHEME: Final = SCHEMES["IOB2"]


@dataclass(frozen=True, slots=True)
class PairTags:
    """The IOB2 tags of one text, one for each of its tokens on both sides."""

    gold: list[str]
    predicted: list[str]


def have_tags(pairs: Iterable[DocPair]) -> bool:
    """Tell whether the entities of all texts can be written as tags: none overlap on one side."""
    return not any(have_overlaps(pair.gold) or have_overlaps(pair.predicted) for pair in pairs)


def write_pair_tags(pair: DocPair) -> PairTags:
    """Return the gold and the predicted tags of a text.

    Raises:
        TagError: Entities of one side overlap.
    """
    return PairTags(_write_tags(pair, pair.gold), _write_tags(pair, pair.predicted))


def token_accuracy(texts: Iterable[PairTags]) -> float | None:
    """Return the share of tokens whose predicted tag is the gold one; None without tokens."""
    n_right = 0
    n_tokens = 0
    for tags in texts:
        n_tokens += len(tags.gold)
        n_right += sum(map(operator.eq, tags.gold, tags.predicted))
    if not n_tokens:
        return None
    return n_right / n_tokens


def _write_tags(pair: DocPair, entities: Sequence[Entity]) -> list[str]:
    if have_overlaps(entities):
        raise TagError(
            "entities that overlap cannot be written as tags, which have one layer. Use strict "
            "spans."
        )
    borders = pair.token_borders
    tags = [str(OUTSIDE)] * len(borders)
    if len(entities) == 0:
        return tags

    # The tokens of an entity begin with the first one that starts in it, and end before the first
    # one that ends behind it:
    #   tokens      |0-||1--|  |2|           starts 0 4 10, ends 4 8 12
    #   entity          |----|               4 to 9: tokens 1 to 2, end-exclusive
    chars = np.array([(entity.start_char, entity.end_char) for entity in entities])
    starts = np.searchsorted(borders[:, 0], chars[:, 0], side="left").tolist()
    ends = np.searchsorted(borders[:, 1], chars[:, 1], side="right").tolist()
    for start, end, entity in zip(starts, ends, entities, strict=True):
        # No token covers white space that the gold tokens leave out: an entity on it has no tag.
        if start < end:
            begin, inside = _spell_tags(entity.entity_type)
            tags[start] = begin
            tags[start + 1 : end] = [inside] * (end - start - 1)
    return tags


@lru_cache(maxsize=1024)
def _spell_tags(entity_type: str) -> tuple[str, str]:
    """Return ``"B-PER"`` and ``"I-PER"`` for ``"PER"``."""
    begin = Tag(SCHEME.begin, entity_type)
    inside = Tag(SCHEME.inside, entity_type)
    return str(begin), str(inside)
