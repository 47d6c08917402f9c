"""How texts fit a model: subwords per word, and documents that are longer than its window."""

from collections.abc import Iterator
from typing import Final

from spacy_hf_ner.checking.findings import Finding, Severity
from spacy_hf_ner.checking.parts import CheckedData
from spacy_hf_ner.core.wording import count

__all__ = ["MAX_SUBWORDS_PER_WORD", "check_window_share"]

MAX_SUBWORDS_PER_WORD: Final = 2.5
"""An encoder that cuts words into more pieces hardly knows the language."""


def check_window_share(data: CheckedData) -> Iterator[Finding]:
    """Yield findings on the lengths of texts in subwords; none without a model."""
    if data.subwords is None:
        return
    n_docs = 0
    n_beyond = 0
    n_words = 0
    n_subwords = 0
    for part in data.parts:
        for subword_doc in data.subwords.read(part.spacy_docs()):
            n_docs += 1
            n_beyond += subword_doc.n_subwords > data.subwords.window
            n_words += len(subword_doc.units)
            n_subwords += subword_doc.n_subwords
    if n_words == 0:
        return
    per_word = n_subwords / n_words
    severity: Severity = "note"
    if per_word > MAX_SUBWORDS_PER_WORD:
        severity = "warning"
    yield Finding(
        check="window_share",
        severity=severity,
        n=n_subwords,
        message=f"{per_word:.2f} subwords per word.",
        advice=f"More than {MAX_SUBWORDS_PER_WORD} mean that an encoder hardly knows a language.",
    )
    if n_beyond:
        yield Finding(
            check="window_share",
            severity="note",
            n=n_beyond,
            message=f"{n_beyond:,} of {count(n_docs, 'document')} longer than the window of "
            f"{data.subwords.window} subwords.",
            advice="Nothing is cut off: they are read in windows that overlap.",
        )
