"""Which entities of a Doc the tokenizer of a pipeline cannot represent."""

import re
from itertools import pairwise
from typing import Final

from spacy.attrs import IDX, LENGTH
from spacy.language import Language
from spacy.tokens import Doc, Span

__all__ = ["find_cut_entities"]

# spaCy's tokenizer takes prefixes and suffixes off a run without white space one by one, and looks
# through the whole run for each of them: 20,000 brackets take it 39 seconds. What is further than
# this many characters from the ends of a run and from entities is left out.
N_BESIDE_BORDERS: Final = 500

_LONG_RUN = re.compile(rf"\S{{{2 * N_BESIDE_BORDERS + 1},}}")


def find_cut_entities(doc: Doc, nlp: Language) -> list[Span]:
    """Return the entities whose borders are no token borders when a pipeline reads the text."""
    if not doc.ents:
        return []
    # Rows of the array are tokens: their first character, and how many they have.
    tokens = nlp.tokenizer(_blank_long_runs(doc)).to_array([IDX, LENGTH])
    starts = set(tokens[:, 0].tolist())
    ends = set(tokens.sum(axis=1).tolist())
    cut: list[Span] = []
    for entity in doc.ents:
        if entity.start_char not in starts or entity.end_char not in ends:
            cut.append(entity)
    return cut


def _blank_long_runs(doc: Doc) -> str:
    """Return the text of a Doc, of the same length, with spaces in the midst of long runs.

    ::

        run       (((((((((((((((((((Rome)))))))))))))))))))
        borders   |                  |   |                 |
        becomes   (((((         (((((Rome)))))         )))))
    """
    text = doc.text
    runs = list(_LONG_RUN.finditer(text))
    if not runs:
        return text
    borders: set[int] = set()
    for run in runs:
        borders.update(run.span())
    for entity in doc.ents:
        borders.update((entity.start_char, entity.end_char))
    pieces: list[str] = []
    copied = 0
    for left, right in pairwise(sorted(borders)):
        start = left + N_BESIDE_BORDERS
        end = right - N_BESIDE_BORDERS
        if start < end and not any(map(str.isspace, text[left:right])):
            pieces += (text[copied:start], " " * (end - start))
            copied = end
    pieces.append(text[copied:])
    return "".join(pieces)
