"""Where does a pipeline fail? Strict scores of the entities that share a property.

An entity's slice depends on its text and place alone, so a right prediction is in the slice of its
gold entity, and precision and recall of a slice mean what they mean elsewhere.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from spacy.tokens import Doc

from spacy_hf_ner.evaluation.pairing import DocPair, Entity
from spacy_hf_ner.evaluation.strict import Counts

__all__ = ["DOC_TOKENS", "MAX_LENGTH", "Slicing", "read_seen", "slice_scores"]

DOC_TOKENS: Final = (100, 500)
"""The most tokens of a short document, and of a middling one."""

_LENGTH: Final = "Tokens in the entity"
_PLACE: Final = "Place"
_DOCUMENT: Final = "Document"
_TRAINING: Final = "In the training data"

_FIRST: Final = "first in its sentence"
_LATER: Final = "later in its sentence"
_SAME_TYPE: Final = "with this type"
_OTHER_TYPE: Final = "with another type only"
_UNSEEN: Final = "never"
_LENGTHS: Final = ("1", "2", "3", "4 and more")
_SIZES: Final = (
    f"up to {DOC_TOKENS[0]} tokens",
    f"{DOC_TOKENS[0] + 1} to {DOC_TOKENS[1]} tokens",
    f"more than {DOC_TOKENS[1]} tokens",
)

MAX_LENGTH: Final = len(_LENGTHS)
"""Entities of so many tokens and more are in one slice."""

# The properties and their values, in the order in which they are shown.
_VALUES: Final = {
    _LENGTH: _LENGTHS,
    _PLACE: (_FIRST, _LATER),
    _DOCUMENT: _SIZES,
    _TRAINING: (_SAME_TYPE, _OTHER_TYPE, _UNSEEN),
}


@dataclass(frozen=True, slots=True)
class Slicing:
    """Strict counts by one property.

    Attributes:
        name: The property, such as ``"Tokens in the entity"``.
        counts: The counts of each value that occurs, in a sensible order.
    """

    name: str
    counts: Mapping[str, Counts]


class _Tally:
    """The entities of one value of a property, counted."""

    __slots__ = ("n_correct", "n_gold", "n_predicted")

    def __init__(self) -> None:
        self.n_correct = 0
        self.n_predicted = 0
        self.n_gold = 0


_Tallies = defaultdict[tuple[str, str], _Tally]
"""The tally of each property and value, such as ("Place", "later in its sentence")."""


def slice_scores(
    pairs: Sequence[DocPair], *, seen: Mapping[str, AbstractSet[str]] | None = None
) -> tuple[Slicing, ...]:
    """Return strict counts by properties of the entities.

    These are the entity's length, its place in the sentence, the length of its document and, if
    given, whether it is in the training data.

    Args:
        pairs: Gold and predicted entities.
        seen: The entity types of each entity text in the training data, from :func:`read_seen`.
    """
    tallies: _Tallies = defaultdict(_Tally)
    for pair in pairs:
        _tally_pair(pair, seen, tallies)

    slicings: list[Slicing] = []
    for name, values in _VALUES.items():
        counts: dict[str, Counts] = {}
        for value in values:
            if (name, value) in tallies:
                tally = tallies[name, value]
                counts[value] = Counts(tally.n_correct, tally.n_predicted, tally.n_gold)
        if counts:
            slicings.append(Slicing(name, counts))
    return tuple(slicings)


def read_seen(docs: Iterable[Doc], *, spans_key: str = "hf_ner") -> dict[str, set[str]]:
    """Return the types of each entity text in training data; case and white space are ignored.

    Args:
        docs: The data.
        spans_key: A span group that holds entities too.
    """
    seen: dict[str, set[str]] = {}
    for doc in docs:
        for ent in (*doc.ents, *doc.spans.get(spans_key, ())):
            seen.setdefault(_normalize(ent.text), set()).add(ent.label_)
    return seen


def _tally_pair(
    pair: DocPair, seen: Mapping[str, AbstractSet[str]] | None, tallies: _Tallies
) -> None:
    """Add the entities of one document to the tallies of their properties."""
    starts = pair.token_borders[:, 0].tolist()
    ends = pair.token_borders[:, 1].tolist()
    size = _SIZES[bisect_left(DOC_TOKENS, len(starts))]
    gold = set(pair.gold)
    predicted = set(pair.predicted)
    for entity in gold | predicted:
        # Tokens that share a character with the entity: those that start before its end, without
        # those that end at its start or before.
        n_before_end = bisect_left(starts, entity.end_char)
        n_before_start = bisect_right(ends, entity.start_char)
        values = {_LENGTH: _name_length(n_before_end - n_before_start), _DOCUMENT: size}
        if pair.sentence_starts:
            values[_PLACE] = _find_place(entity, pair.sentence_starts)
        if seen is not None:
            values[_TRAINING] = _find_novelty(pair, entity, seen)

        is_gold = entity in gold
        is_predicted = entity in predicted
        for name, value in values.items():
            tally = tallies[name, value]
            tally.n_gold += is_gold
            tally.n_predicted += is_predicted
            tally.n_correct += is_gold and is_predicted


def _name_length(n_tokens: int) -> str:
    # An entity on white space that the gold tokens leave out has no token, and counts as one.
    length = min(max(n_tokens, 1), MAX_LENGTH)
    return _LENGTHS[length - 1]


def _find_place(entity: Entity, sentence_starts: Sequence[int]) -> str:
    i = bisect_left(sentence_starts, entity.start_char)
    if i < len(sentence_starts) and sentence_starts[i] == entity.start_char:
        return _FIRST
    return _LATER


def _find_novelty(pair: DocPair, entity: Entity, seen: Mapping[str, AbstractSet[str]]) -> str:
    types = seen.get(_normalize(pair.text[entity.start_char : entity.end_char]))
    if types is None:
        return _UNSEEN
    if entity.entity_type in types:
        return _SAME_TYPE
    return _OTHER_TYPE


def _normalize(text: str) -> str:
    return " ".join(text.split()).casefold()
