"""Which predictions can be judged: the one rule of evaluation and of calibration, by characters.

Two Docs of one text may be tokenised differently, so an entity is right if its characters and its type are those of a
gold entity, and nothing excuses it but tokens that nobody has annotated. Where even the white space differs (a
tokenizer that normalises it), offsets are moved by counting the characters that are not white space.
"""

import numpy as np

from spacy_hf_ner.core.arrays import Ints
from spacy_hf_ner.errors import AlignmentError


def touches(tokens: Ints, start_char: int, end_char: int) -> bool:
    """Tell whether a stretch of text shares a character with one of the tokens.

    Args:
        tokens: First character and end of each token, in text order and disjoint. Shape: (n_tokens, 2).
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
        self._target_length = len(target)
        self._positions = np.array(
            [i for i, char in enumerate(target) if not char.isspace()], dtype=np.int64
        )
        is_ink = np.array([not char.isspace() for char in source], dtype=np.int64)
        self._n_before = np.concatenate([[0], np.cumsum(is_ink)])
        inks = ["".join(text.split()) for text in (target, source)]
        if inks[0] != inks[1]:
            at = next(
                (i for i, (a, b) in enumerate(zip(*inks, strict=False)) if a != b),
                min(map(len, inks)),
            )
            raise AlignmentError(
                "the predicted Doc must have the text of the gold Doc but for white space, to be compared with it; "
                f"they part at {inks[0][at : at + 20]!r} (gold) and {inks[1][at : at + 20]!r} (predicted). "
                "Evaluate with a tokenizer that keeps the text."
            )

    def move(self, start_char: int, end_char: int) -> tuple[int, int]:
        """Return where a stretch of the source is in the target."""
        first, after = int(self._n_before[start_char]), int(self._n_before[end_char])
        start = int(self._positions[first]) if first < len(self._positions) else self._target_length
        return start, (int(self._positions[after - 1]) + 1 if after > first else start)
