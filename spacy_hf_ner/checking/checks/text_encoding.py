"""Texts that were read in the wrong encoding."""

import re
from collections.abc import Iterator
from typing import Final

from spacy_hf_ner.checking.findings import Finding, Place, make_place
from spacy_hf_ner.checking.parts import CheckedData
from spacy_hf_ner.core.wording import count

__all__ = ["check_text_encoding"]

# What UTF-8 looks like where it was read as Latin-1 or Windows-1252: "Ã¤" for "ä", "â€™" for "’";
# then what a decoder writes for what it cannot read, and control characters that no text has.
_WRONG: Final = re.compile(
    "[\u00c2\u00c3][\u0080-\u00bf]|\u00e2\u20ac.|\u00e2\u0080.|\ufffd|[\u0000-\u0008\u0080-\u009f]"
)


def check_text_encoding(data: CheckedData) -> Iterator[Finding]:
    """Yield a finding on documents that look as if they had been decoded wrongly."""
    places: list[Place] = []
    for part, doc_i, gold_doc in data.docs():
        match = _WRONG.search(gold_doc.doc.text)
        if match is not None:
            places.append(make_place(part.name, doc_i, gold_doc.doc, match.start(), match.end()))
    if places:
        yield Finding(
            check="text_encoding",
            severity="warning",
            n=len(places),
            message=f"{count(len(places), 'document')} with characters that come of a wrong "
            "encoding.",
            advice="Convert the source again, and name its encoding.",
            examples=places,
        )
