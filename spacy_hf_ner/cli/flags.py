"""Settings as the command line spells them: the one place where a setting becomes a flag.

Errors come from rooms that know no command line, and name settings as Python and configs do.
Whoever runs a command reads its flags instead::

    tag_column            ->  --tag-column
    scheme = "bare"       ->  --scheme bare
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from spacy_hf_ner.errors import HFNerError

__all__ = ["explain", "find_flags"]

CONVERT_FIRST: Final = (
    "These are settings of `python -m spacy hf-ner convert`: "
    "convert first, and name what it writes."
)

# What may stand behind a setting: nothing, or a value, in quotes or bare.
_VALUE: Final = r'(?: = (?:"(?P<quoted>[^"]*)"|(?P<bare>[\w/.-]*\w)))?'


class Parameter(Protocol):
    """What is asked of a command's parameters: typer brings a click of its own, of other classes."""

    @property
    def name(self) -> str | None:
        """The parameter of the function."""

    @property
    def opts(self) -> Sequence[str]:
        """The flags."""


def find_flags(parameters: Sequence[Parameter]) -> dict[str, str]:
    """Return the flag of each setting that a command has.

    A setting is found under the name of its flag and under that of the function's parameter, which
    differ where the flag would be a word of Python's own, such as ``--format``.

    >>> from click import Option
    >>> find_flags([Option(["--format", "format_name"])])
    {'format_name': '--format', 'format': '--format'}
    """
    flags: dict[str, str] = {}
    for parameter in parameters:
        long_flags = [flag for flag in parameter.opts if flag.startswith("--")]
        if not long_flags:
            continue
        flag = long_flags[0]
        if parameter.name:
            flags[parameter.name] = flag
        flags[flag.removeprefix("--").replace("-", "_")] = flag
    return flags


def explain(
    error: HFNerError, *, flags: Mapping[str, str], convert_flags: Mapping[str, str]
) -> str:
    """Return the message of an error, for someone who runs a command.

    Args:
        error: The error.
        flags: The flag of each setting that the command has.
        convert_flags: Those of ``convert``, which the message points to for what the command lacks.

    >>> error = HFNerError('Set scheme = "bare".', settings=["scheme"])
    >>> explain(error, flags={"scheme": "--scheme"}, convert_flags={})
    'Set --scheme bare.'
    """
    message = str(error)
    needs_convert = False
    for setting in error.settings:
        if setting in flags:
            message = _spell(message, setting, flags[setting])
        elif setting in convert_flags:
            message = _spell(message, setting, convert_flags[setting])
            needs_convert = True
    if needs_convert:
        return f"{message} {CONVERT_FIRST}"
    return message


def _spell(message: str, setting: str, flag: str) -> str:
    """Return a message in which a setting, with its value if it has one, is written as a flag."""

    def write(match: re.Match[str]) -> str:
        value = match["quoted"] if match["quoted"] is not None else match["bare"]
        return flag if value is None else f"{flag} {value}"

    return re.sub(rf"(?<![\w-]){re.escape(setting)}\b(?!-)" + _VALUE, write, message)
