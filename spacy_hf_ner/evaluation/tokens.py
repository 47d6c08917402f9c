"""Entities as tags on tokens: the token accuracy, and the sequences that seqeval reads.

The tokens are those of :attr:`DocPair.token_borders`, on whose borders gold and predicted entities both lie.
"""

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from spacy_hf_ner.core.schemes import OUTSIDE, SCHEMES
from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.core.tags import write_tags
from spacy_hf_ner.evaluation.entities import DocPair, Entity


@dataclass(frozen=True, slots=True)
class PairTags:
    """The IOB2 tags of one text, one for each of its tokens on both sides."""

    gold: list[str]
    predicted: list[str]


def write_pair_tags(pair: DocPair) -> PairTags:
    """Return the gold and the predicted tags of a text."""
    return PairTags(_write(pair, pair.gold), _write(pair, pair.predicted))


def token_accuracy(texts: Iterable[PairTags]) -> float:
    """Return the share of tokens whose predicted tag is the gold one; 0 where there are no tokens."""
    n_right = n_tokens = 0
    for tags in texts:
        n_tokens += len(tags.gold)
        n_right += sum(map(operator.eq, tags.gold, tags.predicted))
    return n_right / n_tokens if n_tokens else 0.0


def _write(pair: DocPair, entities: Sequence[Entity]) -> list[str]:
    borders = pair.token_borders
    if len(entities) == 0:
        return ["O"] * len(borders)
    start = np.searchsorted(borders[:, 0], [e.start_char for e in entities], side="left").tolist()
    end = np.searchsorted(borders[:, 1], [e.end_char for e in entities], side="right").tolist()
    # An entity on characters that no token covers (white space that the gold tokens leave out) has no tag.
    spans = [TokenSpan(s, e, ent.entity_type) for s, e, ent in zip(start, end, entities, strict=True) if s < e]
    tags = write_tags(spans, len(borders), SCHEMES["IOB2"])
    return ["O" if tag is OUTSIDE else str(tag) for tag in tags]
