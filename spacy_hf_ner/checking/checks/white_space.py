"""Entities with white space at a border, and those without a letter or digit."""

from collections.abc import Callable, Iterator

from spacy_hf_ner.checking.findings import Finding, Place, make_place
from spacy_hf_ner.checking.parts import CheckedData
from spacy_hf_ner.core.wording import count

__all__ = ["check_white_space"]


def check_white_space(data: CheckedData) -> Iterator[Finding]:
    """Yield findings on entities whose text does not look like that of an entity."""
    padded = _find_places(data, _has_white_space)
    if padded:
        yield Finding(
            check="white_space",
            severity="warning",
            n=len(padded),
            message=f"{count(len(padded), 'entity', 'entities')} with white space at a border.",
            advice="Trim them: a model that learns borders never ends an entity in white space.",
            examples=padded,
        )
    empty = _find_places(data, _has_no_word)
    if empty:
        yield Finding(
            check="white_space",
            severity="warning",
            n=len(empty),
            message=f"{count(len(empty), 'entity', 'entities')} without a letter or digit.",
            advice="Check the offsets.",
            examples=empty,
        )


def _find_places(data: CheckedData, is_odd: Callable[[str], bool]) -> list[Place]:
    places: list[Place] = []
    for part, doc_i, gold_doc in data.docs():
        text = gold_doc.doc.text
        for entity in gold_doc.entities:
            start = entity.start_char
            end = entity.end_char
            if is_odd(text[start:end]):
                places.append(make_place(part.name, doc_i, gold_doc.doc, start, end))
    return places


def _has_white_space(text: str) -> bool:
    return text != text.strip()


def _has_no_word(text: str) -> bool:
    return not any(map(str.isalnum, text))
