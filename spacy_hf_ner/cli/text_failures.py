"""Texts as a pipeline takes them, and what is said of those that fail."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from spacy_hf_ner.cli.messages import msg
from spacy_hf_ner.core.wording import count

if TYPE_CHECKING:
    from spacy_hf_ner.corpus.plain_texts import PlainText

__all__ = ["Failure", "unpack_texts", "warn_of_failures"]

_N_SHOWN: Final = 10  # failures that are shown one by one

Failure = tuple[int, str, str]
"""The index of a text that failed, where it comes from, and why it failed."""


def unpack_texts(texts: "Iterable[PlainText]") -> "Iterator[tuple[str, PlainText, str]]":
    """Give each text with its source and why it could not be read, as a pipeline takes them."""
    for text in texts:
        yield text.text, text, text.error


def warn_of_failures(failures: Sequence[Failure], n_texts: int, consequence: str) -> None:
    """Say which texts failed, the first of them by name, and what that means for the output."""
    for index, place, error in failures[:_N_SHOWN]:
        msg.warn(f"Text {index} ({place}) failed: {error}")
    if failures:
        failed = count(len(failures), "text")
        msg.warn(f"{failed} of {n_texts:,} failed. {consequence}")
