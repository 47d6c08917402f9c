"""A config with every setting that it can have, and with the comments of its author.

spaCy fills configs, but forgets what was written above a setting.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from thinc.api import Config

__all__ = ["Comments", "complete", "read_comments", "write_commented"]


@dataclass(frozen=True, slots=True)
class Comments:
    """The comments of a config file.

    Attributes:
        header: The lines at its top.
        above: The lines above a section, under ``(section, "")``, or above a setting of it.
    """

    header: list[str] = field(default_factory=list)
    above: dict[tuple[str, str], list[str]] = field(default_factory=dict)


def read_comments(text: str) -> Comments:
    r"""Return the comments of a config, each with what it stands above.

    >>> read_comments("# All.\n\n# Of a.\n[a]\n# Of x.\nx = 1\n").above
    {('a', ''): ['# Of a.'], ('a', 'x'): ['# Of x.']}
    """
    comments = Comments()
    block: list[str] = []
    for place, line in _walk(text.splitlines()):
        if line.startswith("#"):
            block.append(line)
        elif place is not None:
            if block:
                comments.above[place] = block
            block = []
        elif block:
            # Only the header has a blank line behind it.
            comments.header.extend(block)
            block = []
    return comments


def _walk(lines: Sequence[str]) -> Iterator[tuple[tuple[str, str] | None, str]]:
    """Yield each line of a config with the section and the setting that it begins, if any."""
    section = ""
    for line in lines:
        opened = re.fullmatch(r"\[(.+)\]", line)
        setting = re.match(r"(\S+) = ", line)
        if opened:
            section = opened[1]
            yield (section, ""), line
        elif setting:
            yield (section, setting[1]), line
        else:
            yield None, line


def complete(config: "Config") -> "Config":
    """Return a config with every setting that spaCy and its components have."""
    from spacy.util import load_model_from_config

    return load_model_from_config(config, auto_fill=True, validate=False).config


def write_commented(config: "Config", comments: Comments) -> str:
    """Return a config as text, with comments above its sections and settings."""
    lines = [*comments.header, ""] if comments.header else []
    for place, line in _walk(config.to_str().splitlines()):
        if place is not None:
            lines.extend(comments.above.get(place, ()))
        lines.append(line)
    return "\n".join(lines) + "\n"
