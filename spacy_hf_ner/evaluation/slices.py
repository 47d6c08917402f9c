"""Where does a pipeline fail? Strict scores of the entities that share a property.

An entity's slice depends on its text and place alone, so a right prediction is in the slice of its gold entity, and
precision and recall of a slice mean what they mean elsewhere.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from spacy.tokens import Doc

from spacy_hf_ner.evaluation.pairing import DocPair, Entity
from spacy_hf_ner.evaluation.strict import Counts

DOC_TOKENS: Final = (
    100,
    500,
)  # a short document has at most the first, a long one more than the second
MAX_LENGTH: Final = 4  # entities of so many tokens and more go together

_LENGTHS: Final = (*(str(n) for n in range(1, MAX_LENGTH)), f"{MAX_LENGTH} and more")
_FIRST, _LATER = "first in its sentence", "later in its sentence"
_SIZES: Final = (
    f"up to {DOC_TOKENS[0]} tokens",
    f"{DOC_TOKENS[0] + 1} to {DOC_TOKENS[1]} tokens",
    f"more than {DOC_TOKENS[1]} tokens",
)
_SEEN, _SEEN_OTHERWISE, _UNSEEN = "with this type", "with another type only", "never"
_VALUES: Final = {
    "Tokens in the entity": _LENGTHS,
    "Place": (_FIRST, _LATER),
    "Document": _SIZES,
    "In the training data": (_SEEN, _SEEN_OTHERWISE, _UNSEEN),
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


def slice_scores(
    pairs: Sequence[DocPair], *, seen: Mapping[str, AbstractSet[str]] | None = None
) -> tuple[Slicing, ...]:
    """Return strict counts by length, place in the sentence, length of the document and, if given, training data.

    Args:
        pairs: Gold and predicted entities.
        seen: The entity types of each entity text in the training data, from :func:`read_seen`.
    """
    counts: dict[tuple[str, str], list[int]] = {}
    for pair in pairs:
        _count(pair, seen, counts)
    slicings = [
        Slicing(
            name,
            {value: Counts(*counts[name, value]) for value in values if (name, value) in counts},
        )
        for name, values in _VALUES.items()
    ]
    return tuple(slicing for slicing in slicings if slicing.counts)


def read_seen(docs: Iterable[Doc], *, spans_key: str = "hf_ner") -> dict[str, set[str]]:
    """Return the types of each entity text in training data; case and white space are ignored.

    Args:
        docs: The data.
        spans_key: A span group that holds entities too.
    """
    seen: dict[str, set[str]] = {}
    for doc in docs:
        for ent in (*doc.ents, *doc.spans.get(spans_key, ())):
            seen.setdefault(_normal(ent.text), set()).add(ent.label_)
    return seen


def _count(
    pair: DocPair,
    seen: Mapping[str, AbstractSet[str]] | None,
    counts: dict[tuple[str, str], list[int]],
) -> None:
    """Add the entities of one document to each value's numbers of correct, predicted and gold ones."""
    starts, ends = pair.token_borders[:, 0].tolist(), pair.token_borders[:, 1].tolist()
    size = _SIZES[sum(len(starts) > limit for limit in DOC_TOKENS)]
    gold, predicted = set(pair.gold), set(pair.predicted)
    for entity in gold | predicted:
        n_tokens = bisect_left(starts, entity.end_char) - bisect_right(ends, entity.start_char)
        values = {
            "Tokens in the entity": _LENGTHS[min(max(n_tokens, 1), MAX_LENGTH) - 1],
            "Document": size,
        }
        if pair.sentence_starts:
            i = bisect_right(pair.sentence_starts, entity.start_char) - 1
            values["Place"] = (
                _FIRST if i >= 0 and pair.sentence_starts[i] == entity.start_char else _LATER
            )
        if seen is not None:
            values["In the training data"] = _novelty(pair, entity, seen)
        is_gold, is_predicted = entity in gold, entity in predicted
        for key in values.items():
            row = counts.setdefault(key, [0, 0, 0])
            row[0] += is_gold and is_predicted
            row[1] += is_predicted
            row[2] += is_gold


def _novelty(pair: DocPair, entity: Entity, seen: Mapping[str, AbstractSet[str]]) -> str:
    types = seen.get(_normal(pair.text[entity.start_char : entity.end_char]))
    if types is None:
        return _UNSEEN
    return _SEEN if entity.entity_type in types else _SEEN_OTHERWISE


def _normal(text: str) -> str:
    return " ".join(text.split()).casefold()
