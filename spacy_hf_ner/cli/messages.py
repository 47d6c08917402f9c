"""What commands say to people: spaCy's printer, with three rules of the terminal.

Warnings and errors go to stderr, ``--quiet`` leaves these alone, and ``NO_COLOR`` is obeyed.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, TextIO

from wasabi import msg as spacy_msg
from wasabi.printer import Printer

__all__ = ["Messages", "msg", "show_messages"]


class Messages(Printer):
    """The printer of all commands.

    Attributes:
        results: Where a command writes results that programs read: stdout, whatever messages do.
    """

    results: TextIO = sys.stdout

    def text(  # type: ignore[override] # the options are wasabi's
        self,
        title: Any = "",  # noqa: ANN401
        text: Any = "",  # noqa: ANN401
        **options: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Print a message; ``good``, ``info``, ``warn`` and ``fail`` come here, too."""
        is_warning = options.get("icon") in {"warn", "fail"}
        with redirect_stdout(sys.stderr if is_warning else sys.stdout):
            return super().text(title, text, **options)


msg = Messages()


@contextmanager
def show_messages(*, quiet: bool = False) -> Iterator[None]:
    """Let commands print inside as the user wants: in colour or without, all or the least.

    Args:
        quiet: Show warnings and errors alone, and no progress bars.
    """
    msg.results = sys.stdout
    # "NO_COLOR, when present and not an empty string, prevents colour": https://no-color.org
    has_color = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    before = (msg.show_color, spacy_msg.show_color)
    msg.show_color = msg.show_color and has_color
    spacy_msg.show_color = spacy_msg.show_color and has_color
    try:
        with ExitStack() as stack:
            if quiet:
                # Not only our own messages: spaCy has some, too.
                nowhere = stack.enter_context(Path(os.devnull).open("w", encoding="utf8"))
                stack.enter_context(redirect_stdout(nowhere))
                stack.enter_context(redirect_stderr(_NoTerminal(sys.stderr)))
            yield
    finally:
        msg.show_color, spacy_msg.show_color = before


class _NoTerminal:
    """A stream that says that it is no terminal: progress bars are shown on terminals alone."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def isatty(self) -> bool:
        return False

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the stream has
        return getattr(self._stream, name)
