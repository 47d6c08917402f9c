"""What a check has found: how much of it, what it means, where to look, and what to do."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, get_args

from spacy.tokens import Doc

__all__ = ["MAX_EXAMPLES", "SEVERITIES", "Finding", "Place", "Severity", "make_place"]

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)

MAX_EXAMPLES: Final = 5
_CONTEXT_CHARS: Final = 30


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was found.

    Attributes:
        part: The part of the data, such as ``"train"``.
        doc: The number of the document in it, from 1.
        text: The characters around it, with brackets around what is meant.
    """

    part: str
    doc: int
    text: str

    def __str__(self) -> str:
        return f"{self.part} {self.doc}: {self.text}"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about the data that training will suffer from, or that one should know.

    Attributes:
        check: The name of the check.
        severity: ``"error"`` where training learns something wrong, or less than the data says;
            ``"warning"`` where it may; ``"note"`` for what is good to know.
        n: How often it occurs.
        message: What it is, in one sentence.
        advice: What to do about it.
        examples: Places where it occurs; the first ``MAX_EXAMPLES`` of those given are kept.
    """

    check: str
    severity: Severity
    n: int
    message: str
    advice: str
    examples: Sequence[Place] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "examples", self.examples[:MAX_EXAMPLES])

    def to_json(self) -> dict[str, Any]:
        """Return the finding as plain values."""
        return asdict(self)


def make_place(part: str, doc_i: int, doc: Doc, start_char: int, end_char: int) -> Place:
    """Return where something is in a document, with some characters around it.

    Args:
        part: The part of the data.
        doc_i: The index of the document in it.
        doc: The document.
        start_char: The first character of what is meant.
        end_char: The character after its last one.
    """
    text = doc.text
    before = text[max(start_char - _CONTEXT_CHARS, 0) : start_char]
    inside = text[start_char:end_char]
    after = text[end_char : end_char + _CONTEXT_CHARS]
    shown = f"{before}[{inside}]{after}"
    return Place(part, doc_i + 1, " ".join(shown.split()))
