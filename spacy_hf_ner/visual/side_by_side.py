"""Two parts of a page beside each other, or one below the other where the screen is narrow."""

from typing import Final

__all__ = ["put_side_by_side"]

_PAIR: Final = '<div class="pair">{left}{right}</div>'


def put_side_by_side(left: str, right: str) -> str:
    """Return the HTML of two parts, given as HTML."""
    return _PAIR.format(left=left, right=right)
