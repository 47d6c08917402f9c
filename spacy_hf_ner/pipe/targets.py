"""What gold teaches: a tag for each token of the predicted Doc, and spans known to be wrong.

Gold is aligned with tokens first (``read_targets``), whichever model learns from it, and placed on
the units that the model has rows for when it has given them (``TokenTargets.of_units``)::

    gold          Angela ␣␣ Merkel: PER        predicted tokens   Angela  ␣␣  Merkel  met
    tags          B-PER  I-PER  I-PER  O       of tokens
    of_units      B-PER         I-PER  O       white space is no unit
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from spacy.errors import Errors
from spacy.tokens import Span
from spacy.training import Example

from spacy_hf_ner.core.alignment import Units
from spacy_hf_ner.core.arrays import Ints
from spacy_hf_ner.core.labels import TagSet
from spacy_hf_ner.core.schemes import OUTSIDE, Scheme, Tag
from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.core.tags import write_tags
from spacy_hf_ner.errors import TagError
from spacy_hf_ner.model.training.loss import MISSING, Targets

__all__ = ["TokenTargets", "WrongPath", "read_targets"]

WrongPath = tuple[tuple[int, int], ...]
"""A run of (token, column), or (unit, column), that names a span known to be wrong."""

# Where a token stands in a span, and in a span of what length, for each prefix that spaCy writes.
_POSITION_AND_LENGTH = {"U": (0, 1), "B": (0, 2), "I": (1, 3), "L": (1, 2)}
_LAST_PREFIXES = ("L-", "U-")


@dataclass(frozen=True, slots=True)
class TokenTargets:
    """What gold says of the tokens of a Doc.

    Attributes:
        tags: The column of each token's gold tag, or -1 where the annotation is missing.
            Shape: (n_tokens,).
        wrong_paths: Runs of (token, column) that together name a span known to be wrong.
    """

    tags: Ints
    wrong_paths: Sequence[WrongPath] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to learn."""
        return not self.wrong_paths and bool((self.tags == MISSING).all())

    def of_units(self, units: Units) -> Targets:
        """Return what gold says of the units of the same Doc; paths need a unit for each token."""
        unit_of_token = np.full(len(self.tags), -1, dtype=np.int64)
        unit_of_token[units.token_i] = np.arange(len(units))
        wrong_paths: list[WrongPath] = []
        for path in self.wrong_paths:
            unit_path = tuple((int(unit_of_token[token_i]), column) for token_i, column in path)
            if all(unit >= 0 for unit, _ in unit_path):
                wrong_paths.append(unit_path)
        return Targets(self.tags[units.token_i], wrong_paths)


def read_targets(
    example: Example, tag_set: TagSet, *, incorrect_spans_key: str | None = None
) -> TokenTargets:
    """Return what an Example teaches.

    Missing annotation (``-``, tokens whose gold entity cannot be aligned, Docs without any) has no
    tag.

    Args:
        example: Gold in the reference, tokens in the predicted Doc.
        tag_set: The tags of the model.
        incorrect_spans_key: The key in the reference's ``spans`` of spans known to be wrong.

    Raises:
        TagError: A gold entity has a type that the model does not know.
        ValueError: A gold entity is marked as wrong as well (spaCy's E868).
    """
    biluo_tags = example.get_aligned_ner()
    columns = np.full(len(biluo_tags), MISSING, dtype=np.int64)
    previous: str | None = None
    for i, biluo_tag in enumerate(biluo_tags):
        if biluo_tag:
            tag = _read_biluo(biluo_tag, tag_set.scheme, previous=previous)
            columns[i] = _find_column(tag, tag_set)
        previous = biluo_tag
    if incorrect_spans_key is None or incorrect_spans_key not in example.reference.spans:
        return TokenTargets(columns)
    return TokenTargets(columns, _find_wrong_paths(example, tag_set, incorrect_spans_key))


def _read_biluo(biluo_tag: str, scheme: Scheme, *, previous: str | None) -> Tag:
    """Return the tag of a scheme that says what spaCy's BILUO tag says.

    Args:
        biluo_tag: spaCy's tag, such as ``U-PER``.
        scheme: The scheme.
        previous: spaCy's tag of the token before, if there is one.
    """
    prefix, _, entity_type = biluo_tag.partition("-")
    if not entity_type:
        return OUTSIDE
    # IOB1 writes B- only where an entity touches another of its type.
    touches = (
        previous is not None and previous[:2] in _LAST_PREFIXES and previous[2:] == entity_type
    )
    position, length = _POSITION_AND_LENGTH[prefix]
    return Tag(scheme.role(position, length, touches=touches), entity_type)


def _find_column(tag: Tag, tag_set: TagSet) -> int:
    """Return the column of a tag.

    Raises:
        TagError: The model has none.
    """
    if tag not in tag_set.columns:
        known = ", ".join(tag_set.entity_types) or "none"
        raise TagError(
            f"a gold entity has the type {tag.entity_type!r}, but the model knows {known} (and no "
            f"tag {str(tag)!r}). Call add_label before training, or initialize with data that has "
            "all types."
        )
    return tag_set.columns[tag]


def _find_wrong_paths(example: Example, tag_set: TagSet, key: str) -> list[WrongPath]:
    """Return, for each span known to be wrong, the tags that would name it.

    Raises:
        ValueError: A gold entity is marked as wrong as well (spaCy's E868).
    """
    wrong_spans = example.reference.spans[key]
    gold = {_locate(entity) for entity in example.reference.ents}
    for span in wrong_spans:
        if _locate(span) in gold:
            raise ValueError(Errors.E868.format(span=(span.start, span.end), label=span.label_))
    paths: list[WrongPath] = []
    for span in example.get_aligned_spans_y2x(wrong_spans, allow_overlap=True):
        if span.label_ not in tag_set.entity_types:
            continue
        n_tokens = span.end - span.start
        tags = write_tags([TokenSpan(0, n_tokens, span.label_)], n_tokens, tag_set.scheme)
        columns = [_find_column(tag, tag_set) for tag in tags]
        paths.append(tuple(zip(range(span.start, span.end), columns, strict=True)))
    return paths


def _locate(span: Span) -> tuple[int, int, str]:
    return span.start_char, span.end_char, span.label_
