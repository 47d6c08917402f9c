"""Which entities of one side share characters with which of the other."""

from collections.abc import Iterator, Sequence

from spacy_hf_ner.evaluation.pairing import Entity

__all__ = ["find_overlaps"]


def find_overlaps(entities: Sequence[Entity], others: Sequence[Entity]) -> Iterator[list[int]]:
    """Return for each entity the indices of the others that share a character with it.

    ::

        characters    0123456789…
        entities      000000  11111           each character shows the index of its entity
        others          00000000 111 2222
        result        [0], [0, 1]

    Args:
        entities: Entities of one side in text order; they may overlap one another.
        others: Those of the other side, likewise.

    >>> entities = [Entity(0, 6, "A"), Entity(8, 13, "A")]
    >>> others = [Entity(2, 10, "A"), Entity(11, 14, "A"), Entity(15, 19, "A")]
    >>> list(find_overlaps(entities, others))
    [[0], [0, 1]]
    """
    first = 0
    for entity in entities:
        # Others that end before this entity starts end before all later ones start, too.
        while first < len(others) and others[first].end_char <= entity.start_char:
            first += 1
        overlapping: list[int] = []
        for i in range(first, len(others)):
            if others[i].start_char >= entity.end_char:
                break
            # Others that overlap one another do not end in the order in which they start, so that
            # one that lies wholly before the entity may follow `first`.
            if others[i].end_char > entity.start_char:
                overlapping.append(i)
        yield overlapping
