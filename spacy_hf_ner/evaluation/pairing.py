"""Gold and predicted entities of one text, brought together by their characters.

Two Docs of one text may be tokenised differently, so entities are compared by character offsets and
nothing is dropped: an entity that no token of the other Doc matches is still right or wrong. Where
even the white space differs, the predicted offsets are moved to the gold text. The rule is that of
``pipe/gold.py``, by which calibration judges, too.
"""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from spacy.attrs import IDX, LENGTH, ORTH, SENT_START
from spacy.tokens import Doc
from spacy.training import Example

from spacy_hf_ner.core.arrays import Bools, Ints
from spacy_hf_ner.core.judging import TextMap
from spacy_hf_ner.pipe.gold import Entity, Gold, map_text, read_entities, read_gold, read_group

__all__ = [
    "DocPair",
    "Entity",
    "count_unjudged",
    "have_overlaps",
    "name_apart",
    "pair_annotation",
    "pair_docs",
    "pair_examples",
    "read_entities",
    "read_group",
]

_TOKEN_COLUMNS: list[int | str] = [IDX, LENGTH, ORTH]


@dataclass(frozen=True, slots=True)
class DocPair:
    """One text with its gold and its predicted entities, both in text order.

    Attributes:
        text: The gold text; all offsets point into it.
        gold: The gold entities.
        predicted: The predicted entities that can be judged.
        unjudged: Predicted entities on tokens that nobody has annotated: neither right nor wrong.
        token_borders: First character and end of the pieces that the tokens of both Docs are cut
            into: a border in either Doc is a border of a piece. Pieces of tokens that nobody has
            annotated are left out. Shape: (n_pieces, 2).
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
    """Tell whether some of the entities share a character.

    Args:
        entities: In text order.
    """
    # Where no neighbours overlap, each entity starts behind the ends of all before it.
    return any(before.end_char > after.start_char for before, after in pairwise(entities))


def name_apart(name: str, types: Container[str]) -> str:
    """Return a name for something that is no type, in brackets if a type has the same name.

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
        predicted: The Doc with predicted entities; it may be tokenised differently. Where they are
            in its span group and not in ``doc.ents``, the gold ones are those of the gold Doc's
            group of that key, if it has one.
        spans_key: The span group.

    Raises:
        AlignmentError: The texts differ in more than white space.
    """
    entities = read_entities(predicted, spans_key=spans_key)
    # Predictions that are in the span group alone are judged by gold's group.
    prefer_group = not predicted.has_annotation("ENT_IOB")
    gold_data = read_gold(gold, spans_key=spans_key, prefer_group=prefer_group)
    return pair_annotation(gold, predicted, gold_data=gold_data, entities=entities)


def pair_annotation(
    gold: Doc, predicted: Doc, *, gold_data: Gold, entities: tuple[Entity, ...]
) -> DocPair:
    """Return what was read from two Docs of the same text, with all offsets in the gold text.

    Args:
        gold: The gold Doc.
        predicted: The predicted Doc; it may be tokenised differently.
        gold_data: What the gold Doc says.
        entities: What was predicted, with offsets in the predicted Doc.

    Raises:
        AlignmentError: The texts differ in more than white space.
    """
    gold_columns = _read_columns(gold)
    columns = _read_columns(predicted)
    gold_borders = _find_borders(gold_columns)
    borders = _find_borders(columns)

    text = gold.text
    predicted_text = text
    # Equal tokens at equal places make equal texts, and spaCy need not put the other one together.
    if not np.array_equal(gold_columns, columns):
        predicted_text = predicted.text
    text_map = map_text(text, predicted_text)
    if text_map is not None:
        entities = tuple([_move_entity(entity, text_map) for entity in entities])
        borders = _move_borders(borders, text_map)

    judged, unjudged = _split_by_annotation(entities, gold_data)
    all_borders = _merge_borders(gold_borders, borders)
    return DocPair(
        text=text,
        gold=gold_data.entities,
        predicted=judged,
        unjudged=unjudged,
        token_borders=_drop_missing(all_borders, gold_data.missing),
        sentence_starts=_read_sentence_starts(gold, gold_borders),
    )


def pair_examples(examples: Iterable[Example], *, spans_key: str) -> tuple[DocPair, ...]:
    """Return the entities of each example's two Docs; see :func:`pair_docs`.

    Raises:
        AlignmentError: The two texts of an example differ in more than white space.
    """
    pairs: list[DocPair] = []
    for example in examples:
        pairs.append(pair_docs(example.reference, example.predicted, spans_key=spans_key))
    return tuple(pairs)


def count_unjudged(pairs: Iterable[DocPair]) -> int:
    """Return how many predictions are on tokens that nobody has annotated."""
    return sum(len(pair.unjudged) for pair in pairs)


def _split_by_annotation(
    entities: tuple[Entity, ...], gold: Gold
) -> tuple[tuple[Entity, ...], tuple[Entity, ...]]:
    """Return the predicted entities that gold can judge, and those that it cannot, each once."""
    if len(gold.missing) == 0:
        return entities, ()
    judged: list[Entity] = []
    unjudged: set[Entity] = set()
    for entity in entities:
        if gold.can_judge(entity.start_char, entity.end_char):
            judged.append(entity)
        else:
            unjudged.add(entity)
    return tuple(judged), tuple(sorted(unjudged))


def _move_borders(borders: Ints, text_map: TextMap) -> Ints:
    """Return the borders that tokens have in the gold text. Shape: (n_tokens, 2)."""
    moved = [text_map.move(start_char, end_char) for start_char, end_char in borders.tolist()]
    return np.array(moved, dtype=np.int64).reshape(-1, 2)


def _move_entity(entity: Entity, text_map: TextMap) -> Entity:
    """Return an entity with the offsets that it has in the gold text."""
    start_char, end_char = text_map.move(entity.start_char, entity.end_char)
    return Entity(start_char, end_char, entity.entity_type, entity.score)


def _read_columns(doc: Doc) -> Ints:
    """Return first character, length and text of each token. Shape: (n_tokens, 3)."""
    # spaCy gives numbers without a sign, which numpy would not mix with others. No offset is so
    # large that it would change, and the numbers of texts are only compared.
    return doc.to_array(_TOKEN_COLUMNS).reshape(-1, len(_TOKEN_COLUMNS)).view(np.int64)


def _find_borders(columns: Ints) -> Ints:
    """Return first character and end of each token. Shape: (n_tokens, 2)."""
    start_char = columns[:, 0]
    length = columns[:, 1]
    return np.stack([start_char, start_char + length], axis=1)


def _read_sentence_starts(doc: Doc, borders: Ints) -> tuple[int, ...]:
    """Return the first character of each sentence; empty where nobody has set sentences."""
    if len(doc) == 0 or not doc.has_annotation("SENT_START"):
        return ()
    is_start = doc.to_array(SENT_START) == 1
    is_start[0] = True  # spaCy does not always say so
    return tuple(borders[is_start, 0].tolist())


def _merge_borders(first: Ints, second: Ints) -> Ints:
    """Return the tokens of both Docs, cut at the borders of both. Shape: (n_pieces, 2)."""
    # text      New York met      Each character shows the number of its token or piece.
    # first     00000000 111
    # second    000 1111 222
    # pieces    00012222 333      The last space is covered by no token, and is in no piece.
    if np.array_equal(first, second):
        return first
    edges = np.unique(np.concatenate([first.ravel(), second.ravel()]))
    pieces = np.stack([edges[:-1], edges[1:]], axis=1)
    return pieces[_are_covered(pieces, first) | _are_covered(pieces, second)]


def _drop_missing(borders: Ints, missing: Ints) -> Ints:
    """Return the borders of pieces that lie in no token without annotation. Shape: (n_left, 2)."""
    if len(missing) == 0:
        return borders
    return borders[~_are_covered(borders, missing)]


def _are_covered(pieces: Ints, tokens: Ints) -> Bools:
    """Return which pieces lie in a token. Shape: (n_pieces,).

    Args:
        pieces: Stretches that no border of a token cuts. Shape: (n_pieces, 2).
        tokens: In text order and disjoint. Shape: (n_tokens, 2).
    """
    if len(tokens) == 0:
        return np.zeros(len(pieces), dtype=bool)
    # The last token that does not start behind the start of the piece; -1 if all do.
    token_i = np.searchsorted(tokens[:, 0], pieces[:, 0], side="right") - 1
    ends_inside = pieces[:, 1] <= tokens[np.maximum(token_i, 0), 1]
    covered: Bools = (token_i >= 0) & ends_inside
    return covered
