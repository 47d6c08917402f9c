"""What a command says on a terminal, whatever its width."""

import re

_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
_BORDERS = re.compile("[│╭╮╰╯─]")


def unwrap(output: str) -> str:
    """Return the output of a command as one line, without the boxes and colours around it.

    Errors stand in a box as wide as the terminal, and a long path breaks their sentences anywhere.
    """
    bare = _BORDERS.sub(" ", _ESCAPES.sub("", output))
    return " ".join(bare.split())
