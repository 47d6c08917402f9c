"""Documents whose sentences nobody has marked."""

from collections.abc import Iterator

from spacy_hf_ner.checking.findings import Finding
from spacy_hf_ner.checking.parts import CheckedData
from spacy_hf_ner.core.wording import count

__all__ = ["check_sentence_borders"]


def check_sentence_borders(data: CheckedData) -> Iterator[Finding]:
    """Yield a note on documents without sentence borders."""
    n_docs = 0
    n_unmarked = 0
    for _, _, gold_doc in data.docs():
        doc = gold_doc.doc
        # One token is one sentence.
        if len(doc) > 1:
            n_docs += 1
            n_unmarked += not doc.has_annotation("SENT_START")
    if n_unmarked:
        yield Finding(
            check="sentence_borders",
            severity="note",
            n=n_unmarked,
            message=f"{n_unmarked:,} of {count(n_docs, 'document')} without sentence borders: "
            'context = "sentence" reads them whole, and entities may cross sentences.',
            advice="That is fine where the pipeline gets texts without sentence borders, too.",
        )
