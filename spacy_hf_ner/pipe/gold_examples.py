"""Examples whose gold entities may begin or end anywhere in the text.

spaCy's own ``Example.from_dict`` puts gold on the tokens of the predicted Doc, and drops, with its
warning W030, what does not fit. Here the tokens of the reference are cut instead.
"""

from collections.abc import Mapping
from typing import Any

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
            outside.

    Raises:
        CorpusError: An entity has no characters of the text.
        ValueError: Two entities overlap (spaCy's E1010), or the annotation is none (E983).
    """
    rest = dict(annotation)
    entities = rest.pop("entities", None)
    if entities is None or any(isinstance(entity, str) for entity in entities):
        return Example.from_dict(doc, dict(annotation))  # nothing, or a tag for each token
    example = Example.from_dict(doc, rest)
    reference = example.reference
    placed: list[tuple[int, int, str]] = []
    borders: set[int] = set()
    for start_char, end_char, label in entities:
        start, end = _trim(reference.text, start_char, end_char)
        placed.append((start, end, label))
        borders.update((start, end))
    cut_tokens(reference, borders)
    spans: list[Span] = []
    for start, end, label in placed:
        span = reference.char_span(start, end, label=label)
        assert span is not None
        spans.append(span)
    reference.set_ents(spans, default="outside")
    return example


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
