"""Errors name settings; this file writes them as the flags of the command that the user ran.

The rooms below know nothing of the command line: a config that names ``tag_column`` and a command
with ``--tag-column`` meet the same error. Only in this file does one become the other.
"""

import re
import shlex
from collections.abc import Sequence
from typing import Any, Final

from spacy_hf_ner.errors import HFNerError

__all__ = ["CONVERT_FIRST", "explain", "list_flags", "write_flags"]

CONVERT_FIRST: Final = (
    "These are options of `python -m spacy hf-ner convert`: convert first, and name what it writes."
)

# Not in the middle of a path or of a longer name: /data/tag_column/x.conll is the user's own.
_NOT_BEFORE: Final = r"(?<![\w/\\.-])"
_NOT_AFTER: Final = r"(?![\w/\\-]|\.\w)"

# "IOB2" in quotes, or a number, true or None without: the full stop of the sentence is no part.
_VALUE: Final = r"""(?:"(?P<quoted>[^"]*)"|(?P<bare>-?\w(?:[\w.,:/+-]*\w)?))"""

# "format" and "split" are English words, too. They are settings only with a value, after one of
# these verbs and prepositions, or where a message begins with "split must".
_BEFORE_A_WORD: Final = r"\b(?:[Ss]et|[Cc]orrect|with|without|[Ll]eave) "


def explain(
    error: HFNerError,
    command: Any,  # noqa: ANN401 - click's command
    convert: Any,  # noqa: ANN401 - click's command
) -> str:
    """Return the message of an error with its settings written as flags.

    Where the command lacks settings that ``convert`` has, they are written as flags of that, and
    the message says so. Settings of neither stay as they are.

    Args:
        error: The error, which names its settings.
        command: The click command that raised it.
        convert: The click command ``hf-ner convert``.
    """
    flags = list_flags(command)
    convert_flags = list_flags(convert)
    missing = set(error.settings) - flags.keys()
    is_for_convert = bool(missing) and missing <= convert_flags.keys()
    if is_for_convert:
        flags = {**convert_flags, **flags}

    message = str(error)
    for setting in error.settings:
        if setting in flags:
            message = _write_flag(message, setting, flags[setting])
    return f"{message} {CONVERT_FIRST}" if is_for_convert else message


def write_flags(message: str, settings: Sequence[str]) -> str:
    """Return a message that is no error with its settings written as long flags.

    >>> write_flags("Export with a lower min_agreement.", ["min_agreement"])
    'Export with a lower --min-agreement.'
    """
    for setting in settings:
        message = _write_flag(message, setting, f"--{setting.replace('_', '-')}")
    return message


def list_flags(command: Any) -> dict[str, str]:  # noqa: ANN401 - a click command
    """Return the long flag of each setting: ``--tag-column`` for ``tag_column``."""
    flags: dict[str, str] = {}
    for parameter in command.params:
        for option in parameter.opts:
            if option.startswith("--"):
                flags[option.removeprefix("--").replace("-", "_")] = option
    return flags


def _write_flag(message: str, setting: str, flag: str) -> str:
    """Return a message with ``setting = value`` and the bare setting written as a flag."""

    def write_value(match: re.Match[str]) -> str:
        value = match["quoted"]
        if value is None:
            value = match["bare"]
        if value == "true":
            return flag
        if value in {"false", "None"}:
            return f"no {flag}"
        return f"{flag} {shlex.quote(value)}"

    name = f"{_NOT_BEFORE}{re.escape(setting)}"
    message = re.sub(rf"{name}\s*=\s*{_VALUE}", write_value, message)
    if "_" in setting:
        return re.sub(f"{name}{_NOT_AFTER}", flag, message)
    message = re.sub(f"^{name}(?= must )", flag, message)
    return re.sub(rf"({_BEFORE_A_WORD}){name}{_NOT_AFTER}", rf"\g<1>{flag}", message)
