"""The commands that the pages name, run as a reader would run them."""

import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from spacy.cli._util import app
from spacy.util import registry
from typer.testing import CliRunner

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "python -m spacy "

registry.cli.get_all()  # as `python -m spacy` does: it finds our commands by their entry point


def find_command(page: str, beginning: str) -> str:
    """Return the command of a page that begins like this, without its comment."""
    text = (ROOT / page).read_text(encoding="utf8")
    for line in text.splitlines():
        bare = line.strip().strip("`.")
        if bare.startswith(beginning):
            return re.split(r"\s+#", bare)[0]
    raise AssertionError(f"{page} names no command that begins with {beginning!r}")


def run_command(
    command: str,
    folder: Path,
    names: Mapping[str, str] | None = None,
    *,
    more: str = "",
    stdin: str = "",
) -> str:
    """Return what a command prints that is run in a folder; it must succeed.

    Args:
        command: The command, as a page has it.
        folder: The working directory.
        names: What stands in place of names of the page, such as ``MODEL``.
        more: Options that make a test short.
        stdin: What the command reads.
    """
    words = shlex.split(command.removeprefix(PROGRAM))
    arguments = [(names or {}).get(word, word) for word in words] + shlex.split(more)
    before = Path.cwd()
    os.chdir(folder)
    try:
        result = CliRunner().invoke(app, arguments, input=stdin)
    finally:
        os.chdir(before)
    assert result.exit_code == 0, (command, result.output, result.exception)
    return result.stdout
