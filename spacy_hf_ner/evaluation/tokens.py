"""Entities as tags on tokens: the token accuracy, and the sequences that seqeval reads.

The tokens are those of :attr:`DocPair.token_borders`, on whose borders gold and predicted entities both lie. Entities
that overlap each other are no tag sequence: see :func:`have_tags`.
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

SCHEME: Final = SCHEMES["IOB2"]


@dataclass(frozen=True, slots=True)
class PairTags:
    """The IOB2 tags of one text, one for each of its tokens on both sides."""

    gold: list[str]
    predicted: list[str]


def have_tags(pairs: Iterable[DocPair]) -> bool:
    """Tell whether the entities of all texts can be written as tags: on neither side do any overlap."""
    return not any(have_overlaps(pair.gold) or have_overlaps(pair.predicted) for pair in pairs)


def write_pair_tags(pair: DocPair) -> PairTags:
    """Return the gold and the predicted tags of a text.

    Raises:
        TagError: Entities of one side overlap.
    """
    return PairTags(_write(pair, pair.gold), _write(pair, pair.predicted))


def token_accuracy(texts: Iterable[PairTags]) -> float | None:
    """Return the share of tokens whose predicted tag is the gold one; None where there are no tokens."""
    n_right = n_tokens = 0
    for tags in texts:
        n_tokens += len(tags.gold)
        n_right += sum(map(operator.eq, tags.gold, tags.predicted))
    return n_right / n_tokens if n_tokens else None


def _write(pair: DocPair, entities: Sequence[Entity]) -> list[str]:
    if have_overlaps(entities):
        raise TagError(
            "entities that overlap cannot be written as tags, which have one layer. Use strict spans."
        )
    borders = pair.token_borders
    tags = [str(OUTSIDE)] * len(borders)
    if len(entities) == 0:
        return tags
    first = np.searchsorted(borders[:, 0], [e.start_char for e in entities], side="left").tolist()
    after = np.searchsorted(borders[:, 1], [e.end_char for e in entities], side="right").tolist()
    for start, end, entity in zip(first, after, entities, strict=True):
        # An entity on characters that no token covers (white space that the gold tokens leave out) has no tag.
        if start < end:
            begin, inside = _tags_of(entity.entity_type)
            tags[start:end] = [begin, *[inside] * (end - start - 1)]
    return tags


@lru_cache(maxsize=1024)
def _tags_of(entity_type: str) -> tuple[str, str]:
    return str(Tag(SCHEME.begin, entity_type)), str(Tag(SCHEME.inside, entity_type))
