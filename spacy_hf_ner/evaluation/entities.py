"""Gold and predicted entities of one text, brought together by their characters.

Two Docs of one text may be tokenised differently, so entities are compared by character offsets and nothing is
dropped: an entity that no token of the other Doc matches is still one that was right or wrong. Where even the white
space differs (a tokenizer that normalises it), the predicted offsets are moved to the gold text by counting the
characters that are not white space.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from spacy.tokens import Doc

from spacy_hf_ner.errors import AlignmentError

Ints = npt.NDArray[np.int64]
NO_ANNOTATION = 0  # Token.ent_iob of a token that nobody has annotated


@dataclass(frozen=True, slots=True, order=True)
class Entity:
    """A typed stretch of text. Two are equal if their characters and types are; scores are not compared.

    Attributes:
        start_char: First character.
        end_char: The character after the last one.
        entity_type: The type without a prefix, such as ``"PER"``.
        score: The model's probability in [0, 1], or None where it gave none.
    """

    start_char: int
    end_char: int
    entity_type: str
    score: float | None = field(default=None, compare=False)

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


def read_entities(doc: Doc, *, spans_key: str = "hf_ner") -> tuple[Entity, ...]:
    """Return the entities of ``doc.ents``, with the scores that the span group of this key gives to them."""
    scores = dict(_read_scores(doc, spans_key))
    if not scores:
        return tuple(Entity(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents)
    return tuple(
        Entity(ent.start_char, ent.end_char, ent.label_, scores.get((ent.start, ent.end, ent.label_)))
        for ent in doc.ents
    )


def pair_docs(gold: Doc, predicted: Doc, *, spans_key: str = "hf_ner") -> DocPair:
    """Return the entities of two Docs of the same text, with all offsets in the gold text.

    Args:
        gold: The Doc with gold entities.
        predicted: The Doc with predicted entities; it may be tokenised differently.
        spans_key: The span group of the predicted Doc that holds scores.

    Raises:
        AlignmentError: The texts differ in more than white space.
    """
    text = gold.text
    predicted_text = text if _has_same_tokens(gold, predicted) else predicted.text
    found = read_entities(predicted, spans_key=spans_key)
    borders = _token_borders(predicted)
    if predicted_text != text:
        text_map = _TextMap(target=text, source=predicted_text)
        found = tuple(Entity(*text_map.move(e.start_char, e.end_char), e.entity_type, e.score) for e in found)
        borders = np.array([text_map.move(start, end) for start, end in borders.tolist()], dtype=np.int64).reshape(
            -1, 2
        )
    gold_borders = _token_borders(gold)
    is_missing = gold.to_array(["ENT_IOB"]).reshape(-1) == NO_ANNOTATION
    missing = gold_borders[is_missing]
    unjudged = tuple(e for e in found if _touches(missing, e)) if len(missing) else ()
    return DocPair(
        text=text,
        gold=read_entities(gold, spans_key=spans_key),
        predicted=tuple(e for e in found if e not in unjudged) if unjudged else found,
        unjudged=unjudged,
        token_borders=_without(_merge_borders(gold_borders, borders), missing),
        sentence_starts=tuple(s.start_char for s in gold.sents) if gold.has_annotation("SENT_START") else (),
    )


def _read_scores(doc: Doc, spans_key: str) -> Iterator[tuple[tuple[int, int, str], float]]:
    group = doc.spans.get(spans_key)
    if group is None:
        return
    scores = group.attrs.get("scores")
    if scores is None or len(scores) != len(group):
        return
    for span, score in zip(group, scores, strict=True):
        yield (span.start, span.end, span.label_), float(score)


def _has_same_tokens(first: Doc, second: Doc) -> bool:
    columns: list[int | str] = ["ORTH", "SPACY"]
    return np.array_equal(first.to_array(columns), second.to_array(columns))


def _token_borders(doc: Doc) -> Ints:
    borders: Ints = doc.to_array(["IDX", "LENGTH"]).astype(np.int64).reshape(-1, 2)
    borders[:, 1] += borders[:, 0]
    return borders


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


def _touches(tokens: Ints, entity: Entity) -> bool:
    after = int(np.searchsorted(tokens[:, 1], entity.start_char, side="right"))
    return after < len(tokens) and bool(tokens[after, 0] < entity.end_char)


class _TextMap:
    """Moves offsets of one text to another that differs from it in white space only."""

    def __init__(self, *, target: str, source: str) -> None:
        self._target_length = len(target)
        self._positions = np.array([i for i, char in enumerate(target) if not char.isspace()], dtype=np.int64)
        is_ink = np.array([not char.isspace() for char in source], dtype=np.int64)
        self._n_before = np.concatenate([[0], np.cumsum(is_ink)])
        inks = ["".join(text.split()) for text in (target, source)]
        if inks[0] != inks[1]:
            at = next((i for i, (a, b) in enumerate(zip(*inks, strict=False)) if a != b), min(map(len, inks)))
            raise AlignmentError(
                "the predicted Doc must have the text of the gold Doc but for white space, to be compared with it; "
                f"they part at {inks[0][at : at + 20]!r} (gold) and {inks[1][at : at + 20]!r} (predicted). "
                "Evaluate with a tokenizer that keeps the text."
            )

    def move(self, start_char: int, end_char: int) -> tuple[int, int]:
        first, after = int(self._n_before[start_char]), int(self._n_before[end_char])
        start = int(self._positions[first]) if first < len(self._positions) else self._target_length
        return start, (int(self._positions[after - 1]) + 1 if after > first else start)
