"""Texts that are in the training data and in the data that it is judged by."""

from collections.abc import Iterator

from spacy_hf_ner.checking.findings import Finding, Place
from spacy_hf_ner.checking.parts import CheckedData
from spacy_hf_ner.checking.stretches import find_stretches

__all__ = ["check_leaks"]


def check_leaks(data: CheckedData) -> Iterator[Finding]:
    """Yield a finding for each part that shares texts with the training data."""
    training = data.training.name
    learned: set[str] = set()
    n_texts: dict[str, int] = {}
    leaked: dict[str, list[Place]] = {}
    stretches = list(find_stretches(data))
    for stretch in stretches:
        if stretch.part == training:
            learned.add(stretch.text)
    for stretch in stretches:
        if stretch.part == training:
            continue
        n_texts[stretch.part] = n_texts.get(stretch.part, 0) + 1
        if stretch.text in learned:
            leaked.setdefault(stretch.part, []).append(stretch.place)
    for part, places in leaked.items():
        yield Finding(
            check="leaks",
            severity="warning",
            n=len(places),
            message=f"{len(places):,} of {n_texts[part]:,} texts of {part} are in {training}, too: "
            "scores on them are too good.",
            advice=f"Take them out of {training}, or split the data anew by documents.",
            examples=places,
        )
