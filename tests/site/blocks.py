"""The blocks of code that the README and the pages of the site show."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

_BLOCK = re.compile(
    r"^(?:<!-- test: skip: (?P<reason>.+) -->\n)?```(?P<language>\w+)\n(?P<code>.*?)^```",
    re.DOTALL | re.MULTILINE,
)
_PROGRAMS = ("hf-ner ", "python -m spacy hf-ner ")
_END = re.compile(r"^[|;&<>]+$")  # what ends a command in a shell


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code, and why no test runs it, if none does."""

    page: str
    language: str
    code: str
    skipped: str | None

    @property
    def name(self) -> str:
        """What to call it: its page, and how it begins."""
        return f"{self.page}: {self.code.splitlines()[0]}"


def read_blocks(page: Path) -> list[Block]:
    """Return the blocks of a page, in their order."""
    text = page.read_text(encoding="utf8")
    name = page.relative_to(ROOT).as_posix()
    blocks: list[Block] = []
    for match in _BLOCK.finditer(text):
        blocks.append(Block(name, match["language"], match["code"], match["reason"]))
    return blocks


def read_commands(block: Block) -> list[list[str]]:
    """Return the words of each command in a block of a shell, without comments."""
    commands: list[list[str]] = []
    for line in block.code.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if words:
            commands.append(words)
    return commands


def find_ours(words: list[str]) -> list[str] | None:
    """Return the name and the arguments of our command in a line, wherever it stands in it."""
    for program in _PROGRAMS:
        beginning = program.split()
        for i in range(len(words)):
            if words[i : i + len(beginning)] == beginning:
                return _cut(words[i + len(beginning) :])
    return None


def _cut(words: list[str]) -> list[str]:
    """Return words up to the end of a command."""
    for i, word in enumerate(words):
        if _END.match(word):
            return words[:i]
    return words
