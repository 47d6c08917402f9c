"""What the reader of a corpus had to repair or leave out, such as tags that follow no scheme."""

from collections.abc import Iterator

from spacy_hf_ner.checking.findings import Finding
from spacy_hf_ner.checking.parts import CheckedData

__all__ = ["check_wrong_sequences"]


def check_wrong_sequences(data: CheckedData) -> Iterator[Finding]:
    """Yield a finding for each kind of repair in each part; DocBins need none."""
    for part in data.parts:
        for kind, n in sorted(part.problems.items()):
            yield Finding(
                check="wrong_sequences",
                severity="warning",
                n=n,
                message=f"{part.name}: {n:,} × {kind}.",
                advice="Look at them: `hf-ner convert --strict` stops at the first.",
            )
