"""Errors name settings; this file writes them as the flags of the command that the user ran.

The rooms below know nothing of the command line: a config that names ``tag_column`` and a command
with ``--tag-column`` meet the same error. Only in this file does one become the other.
"""

import re
import shlex
from typing import Any, Final

from spacy_hf_ner.errors import HFNerError

__all__ = ["CONVERT_FIRST", "explain", "list_flags"]

CONVERT_FIRST: Final = (
    "These are settings of `python -m spacy hf-ner convert`: "
    "convert first, and name what it writes."
)

# Not in the middle of a path or of a longer name: /data/tag_column/x.conll is the user's own.
_NOT_BEFORE: Final = r"(?<![\w/\\.-])"
_NOT_AFTER: Final = r"(?![\w/\\-]|\.\w)"
_VALUE: Final = r"""(?:"(?P<quoted>[^"]*)"|(?P<bare>-?\w(?:[\w.,:/+-]*\w)?))"""
# "format" is an English word, too: it is a setting only with a value, or after one of these.
_BEFORE_A_SETTING: Final = r"(?:[Ss]et|[Cc]orrect|with|[Ll]eave)"


def explain(
    error: HFNerError,
    command: Any,  # noqa: ANN401 - click's command
    convert: Any,  # noqa: ANN401 - click's command
) -> str:
    """Return the message of an error with its settings written as flags.

    Settings that the command does not have stay as they are. Where they are those of ``convert``,
    the message says so.

    Args:
        error: The error, which names its settings.
        command: The click command that raised it.
        convert: The click command ``hf-ner convert``.
    """
    message = str(error)
    flags = list_flags(command)
    for setting in error.settings:
        if setting in flags:
            message = _write_flag(message, setting, flags[setting])
    missing = [setting for setting in error.settings if setting not in flags]
    if missing and list_flags(convert).keys() >= set(missing):
        return f"{message} {CONVERT_FIRST}"
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
        if value == "false":
            return f"no {flag}"
        return f"{flag} {shlex.quote(value)}"

    name = f"{_NOT_BEFORE}{re.escape(setting)}"
    message = re.sub(rf"{name}\s*=\s*{_VALUE}", write_value, message)
    if "_" in setting:
        return re.sub(f"{name}{_NOT_AFTER}", flag, message)
    return re.sub(rf"\b({_BEFORE_A_SETTING} ){name}{_NOT_AFTER}", rf"\g<1>{flag}", message)
