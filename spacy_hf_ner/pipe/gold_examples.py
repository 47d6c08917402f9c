"""Examples whose gold entities may begin or end anywhere in the text.

spaCy's own ``Example.from_dict`` puts gold on the tokens of the predicted Doc, and drops, with its
warning W030, what does not fit. Here the tokens of the reference are cut instead.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_hf_ner.errors import CorpusError
from spacy_hf_ner.pipe.token_cuts import cut_tokens

__all__ = ["make_example"]


def make_example(doc: Doc, annotation: Mapping[str, Any]) -> Example:
    """Return an Example in whose reference tokens end wherever an entity does.

    Args:
        doc: The Doc whose text is annotated. It becomes the predicted one, and stays as it is.
        annotation: What ``Example.from_dict`` takes, with ``entities`` as (first character, end,
            label). White space at their ends is no part of them. Tokens in none of them are
            outside. ``links`` name the same characters as the entities that they belong to.

    Raises:
        CorpusError: An entity has no characters of the text, or is none; a link has no entity.
        ValueError: Two entities overlap (spaCy's E1010), or the annotation is none (E983).
    """
    rest = dict(annotation)
    entities = rest.pop("entities", None)
    if entities is None or any(isinstance(entity, str | Span) for entity in entities):
        return Example.from_dict(doc, dict(annotation))  # nothing, or spans or tags of tokens
    links = rest.pop("links", None) or {}
    example = Example.from_dict(doc, rest)
    reference = example.reference
    placed: list[_Entity] = []
    borders: set[int] = set()
    for entity in entities:
        start_char, end_char, label = _unpack(entity)
        start, end = _trim(reference.text, start_char, end_char)
        placed.append(_Entity(start, end, label))
        borders.update((start, end))
    kb_ids = _read_links(links, reference.text, placed)
    cut_tokens(reference, borders)
    spans: list[Span] = []
    for start, end, label in placed:
        span = reference.char_span(start, end, label=label, kb_id=kb_ids.get((start, end), ""))
        assert span is not None
        spans.append(span)
    reference.set_ents(spans, default="outside")
    return example


class _Entity(NamedTuple):
    """An entity without white space at its ends."""

    start_char: int
    end_char: int
    label: str


def _unpack(entity: object) -> _Entity:
    """Return an entity as it was given.

    Raises:
        CorpusError: It is not first character, end and label.
    """
    match entity:
        case [int() as start_char, int() as end_char, str() as label]:
            return _Entity(start_char, end_char, label)
        case _:
            raise CorpusError(
                "an entity must be (first character, end, label), such as (0, 3, 'PER'), got "
                f"{entity!r}. What it is linked to in a knowledge base belongs into `links`: "
                "{(0, 3): {'Q1': 1.0}}."
            )


def _read_links(
    links: Mapping[tuple[int, int], Mapping[str, float]], text: str, entities: Iterable[_Entity]
) -> dict[tuple[int, int], str]:
    """Return the identifier in a knowledge base for the characters of each linked entity.

    As spaCy has it, one whose value is 1 is the right one; the others are candidates.

    Raises:
        CorpusError: A link has no entity, or two identifiers are the right one.
    """
    known = {(entity.start_char, entity.end_char) for entity in entities}
    kb_ids: dict[tuple[int, int], str] = {}
    for (start_char, end_char), candidates in links.items():
        place = _trim(text, start_char, end_char)
        if place not in known:
            raise CorpusError(
                "links must have the characters of an entity, got one of those from "
                f"{start_char} to {end_char} ({text[start_char:end_char]!r}), which are none: "
                "tokens outside of entities keep no link. Add the entity, or take the link out."
            )
        right = [kb_id for kb_id, value in candidates.items() if value == 1.0]
        if len(right) > 1:
            raise CorpusError(
                f"a link must give 1.0 to one identifier at most, got {', '.join(right)} for the "
                f"characters from {start_char} to {end_char}: an entity is one thing. Give the "
                "others 0.0."
            )
        if right:
            kb_ids[place] = right[0]
    return kb_ids


def _trim(text: str, start_char: int, end_char: int) -> tuple[int, int]:
    """Return a stretch of a text without white space at its ends.

    Raises:
        CorpusError: Nothing is left, or it is not in the text.
    """
    inside = text[start_char:end_char] if start_char >= 0 else ""
    if end_char > len(text) or not inside.strip():
        raise CorpusError(
            f"an entity must have characters of its text, which has {len(text)}, got those from "
            f"{start_char} to {end_char}: {inside!r}."
        )
    start = start_char + len(inside) - len(inside.lstrip())
    return start, start + len(inside.strip())
