"""Entities of one side of a text, for properties."""

from hypothesis import strategies as st

from spacy_hf_ner.evaluation.pairing import Entity


def make_side(steps: list[tuple[int, int, str]]) -> list[Entity]:
    """Return entities one after the other, given as (gap before, length, type)."""
    entities, at = [], 0
    for gap, length, entity_type in steps:
        entities.append(Entity(at + gap, at + gap + length, entity_type))
        at += gap + length
    return entities


steps = st.tuples(st.integers(0, 3), st.integers(1, 4), st.sampled_from("AB"))
sides = st.lists(steps, max_size=8).map(make_side)
filled_sides = st.lists(steps, min_size=1, max_size=8).map(make_side)
