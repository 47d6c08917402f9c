"""Which predictions can be judged: the one rule of evaluation and of calibration, by characters.

Two Docs of one text may be tokenised differently, so an entity is right if its characters and its
type are those of a gold entity, and nothing excuses it but tokens that nobody has annotated. Where
even the white space differs (a tokenizer that normalises it), offsets are moved by counting the
characters that are not white space, called ink::

    source   N e w ␣ Y o r k        [4, 8) "York" is ink 3 to 6
    ink      0 1 2   3 4 5 6
    target   N e w ␣ ␣ Y o r k      ink 3 to 6 is [5, 9)
"""

import numpy as np

from spacy_hf_ner.core.arrays import Bools, Ints
from spacy_hf_ner.errors import AlignmentError

__all__ = ["TextMap", "touches"]


def touches(tokens: Ints, start_char: int, end_char: int) -> bool:
    """Tell whether a stretch of text shares a character with one of the tokens.

    Args:
        tokens: First character and end of each token, in text order and disjoint.
            Shape: (n_tokens, 2).
        start_char: First character of the stretch.
        end_char: The character after its last one.

    >>> tokens = np.array([[0, 3], [8, 9]])
    >>> touches(tokens, 2, 8), touches(tokens, 3, 8)
    (True, False)
    """
    after = int(np.searchsorted(tokens[:, 1], start_char, side="right"))
    return after < len(tokens) and bool(tokens[after, 0] < end_char)


class TextMap:
    """Moves offsets of one text to another that differs from it in white space only.

    >>> TextMap(target="New  York", source="New York").move(4, 8)
    (5, 9)
    """

    def __init__(self, *, target: str, source: str) -> None:
        _check_same_ink(target, source)
        self._target_length = len(target)
        # The character of the target that each piece of ink is, and the ink before each of the
        # source's characters.
        self._char_of_ink = np.flatnonzero(_find_ink(target))
        self._ink_before = np.concatenate([[0], np.cumsum(_find_ink(source))])

    def move(self, start_char: int, end_char: int) -> tuple[int, int]:
        """Return where a stretch of the source is in the target."""
        first_ink = int(self._ink_before[start_char])
        end_ink = int(self._ink_before[end_char])
        start = self._target_length
        if first_ink < len(self._char_of_ink):
            start = int(self._char_of_ink[first_ink])
        if end_ink <= first_ink:
            return start, start
        return start, int(self._char_of_ink[end_ink - 1]) + 1


def _find_ink(text: str) -> Bools:
    """Tell which characters are not white space. Shape: (n_chars,)."""
    return np.array([not char.isspace() for char in text], dtype=bool)


def _check_same_ink(gold: str, predicted: str) -> None:
    """Check that two texts differ in nothing but white space."""
    gold_ink = "".join(gold.split())
    predicted_ink = "".join(predicted.split())
    if gold_ink == predicted_ink:
        return
    n_shared = 0
    for gold_char, predicted_char in zip(gold_ink, predicted_ink, strict=False):
        if gold_char != predicted_char:
            break
        n_shared += 1
    gold_rest = gold_ink[n_shared : n_shared + 20]
    predicted_rest = predicted_ink[n_shared : n_shared + 20]
    raise AlignmentError(
        "the predicted Doc must have the text of the gold Doc but for white space, to be compared "
        f"with it; they part at {gold_rest!r} (gold) and {predicted_rest!r} (predicted). "
        "Evaluate with a tokenizer that keeps the text."
    )
