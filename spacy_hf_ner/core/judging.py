"""Which predictions can be judged: the one rule of evaluation and of calibration, by characters.

Two Docs of one text may be tokenised differently, so an entity is right if its characters and its
type are those of a gold entity, and nothing excuses it but tokens that nobody has annotated. Where
even the white space differs, because a tokenizer normalises it, offsets are moved by counting the
characters that are not white space.
"""

from os.path import commonprefix

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
    # Of the tokens that end behind the start of the stretch, the first is the nearest.
    token_i = int(np.searchsorted(tokens[:, 1], start_char, side="right"))
    return token_i < len(tokens) and bool(tokens[token_i, 0] < end_char)


class TextMap:
    """Moves offsets of one text to another that differs from it in white space only.

    The n-th visible character (one that is not white space) of the source is the n-th of the
    target::

        source   N e w _ Y o r k        "York" is characters 4 to 8 of the source, and its first
        visible  0 1 2   3 4 5 6        visible character is number 3
        target   N e w _ _ Y o r k      visible character 3 of the target is its character 5

    >>> TextMap(target="New  York", source="New York").move(4, 8)
    (5, 9)
    """

    def __init__(self, *, target: str, source: str) -> None:
        _check_visible(target, source)
        self._target_length = len(target)
        # The character of the target that each visible character is.
        self._target_char: Ints = np.flatnonzero(_find_visible(target))
        # How many visible characters there are before each offset of the source, the end included.
        self._n_before: Ints = np.concatenate([[0], np.cumsum(_find_visible(source))])

    def move(self, start_char: int, end_char: int) -> tuple[int, int]:
        """Return where a stretch of the source is in the target.

        White space at the ends of the stretch is not part of the result.
        """
        first = int(self._n_before[start_char])
        after = int(self._n_before[end_char])
        if first == len(self._target_char):
            start = self._target_length
        else:
            start = int(self._target_char[first])
        if first == after:
            return start, start
        return start, int(self._target_char[after - 1]) + 1


def _find_visible(text: str) -> Bools:
    """Return which characters are not white space. Shape: (n_chars,)."""
    return np.array([not char.isspace() for char in text], dtype=bool)


def _check_visible(target: str, source: str) -> None:
    """Check that two texts differ in white space only.

    Raises:
        AlignmentError: They differ in other characters.
    """
    target_visible = "".join(target.split())
    source_visible = "".join(source.split())
    if target_visible == source_visible:
        return
    same = commonprefix([target_visible, source_visible])  # noqa: RUF071 - characters, not folders
    start = len(same)
    end = start + 20
    raise AlignmentError(
        "the predicted Doc must have the text of the gold Doc but for white space, to be compared "
        f"with it; they part at {target_visible[start:end]!r} (gold) and "
        f"{source_visible[start:end]!r} (predicted). Evaluate with a tokenizer that keeps the text."
    )
