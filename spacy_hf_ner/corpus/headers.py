"""Headers: the names that files give to their columns, and rows that are nothing but such names."""

from collections.abc import Iterable, Sequence
from typing import Final

from spacy_hf_ner.corpus.cells import (
    MISSING,
    OUTSIDE_DIGIT,
    is_prefixed_column,
    is_tag_like,
    is_untyped,
    types_of,
)

__all__ = [
    "CHUNK_NAMES",
    "DOCUMENT_NAMES",
    "POS_NAMES",
    "SENTENCE_NAMES",
    "TAG_NAMES",
    "WORD_NAMES",
    "find_known_name",
    "is_header",
    "is_unknown_header",
    "normalize_names",
]

# What columns are called in header rows, in CoNLL-U Plus and in data sets. Earlier names win.
WORD_NAMES: Final = ("token", "tokens", "word", "words", "form", "text")
TAG_NAMES: Final = (
    "tag",
    "tags",
    "ner",
    "ner_tag",
    "ner_tags",
    "ner-tags",
    "label",
    "labels",
    "entity",
    "bio",
    "iob",
)
POS_NAMES: Final = ("pos", "pos_tag", "pos_tags", "upos", "xpos")
CHUNK_NAMES: Final = ("chunk", "chunk_tag", "chunk_tags")
SENTENCE_NAMES: Final = (
    "sentence #",
    "sentence",
    "sentence_id",
    "sent_id",
    "sentence id",
    "sentence_idx",
)
DOCUMENT_NAMES: Final = ("document_id", "doc_id", "document")


def normalize_names(names: Iterable[str]) -> list[str]:
    """Return names as this module knows them: in lower case, without white space around them."""
    return [name.strip().lower() for name in names]


def find_known_name(known: Iterable[str], names: Sequence[str]) -> int | None:
    """Return the column with the first of some known names that is there, or None."""
    for name in known:
        if name in names:
            return names.index(name)
    return None


def is_header(
    first: Sequence[str],
    rest: Sequence[Sequence[str]],
    *,
    word_names: Sequence[str] = (),
    tag_names: Sequence[str] = (),
) -> bool:
    """Tell whether the first row names a column of words and one of tags, and holds no tag.

    Two names are needed: "word" alone, or "label", may be the first word of a text.

    Args:
        first: The row.
        rest: The rows below it.
        word_names: What only the user knows columns of words by.
        tag_names: What only the user knows columns of tags by.
    """
    if not rest or any(map(is_tag_like, first)):
        return False
    names = normalize_names(first)
    has_word = find_known_name((*WORD_NAMES, *word_names), names) is not None
    all_tag_names = (*TAG_NAMES, *POS_NAMES, *CHUNK_NAMES, *tag_names)
    return has_word and find_known_name(all_tag_names, names) is not None


def is_unknown_header(first: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    """Tell whether the first row is a header of unknown names (``Wort Marke``).

    It is one if it has no tag where the rows below have tags with prefixes: not even a damaged one,
    a missing one, or the bare type of one of theirs.
    """
    below = [row for row in rest if len(row) == len(first)]
    has_tags = False
    for column, name in enumerate(first):
        cells = [row[column] for row in below]
        if not is_prefixed_column(cells):
            continue
        has_tags = True
        is_missing = name in MISSING or name == OUTSIDE_DIGIT
        is_damaged = is_untyped(name) or name in types_of(cells)
        if is_tag_like(name) or is_missing or is_damaged:
            return False
    return has_tags
