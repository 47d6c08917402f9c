"""Texts that one part of the data has several times."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from spacy_hf_ner.checking.findings import Finding, Place
from spacy_hf_ner.checking.parts import CheckedData
from spacy_hf_ner.checking.stretches import Stretch, find_stretches
from spacy_hf_ner.core.wording import count

__all__ = ["check_duplicates"]


def check_duplicates(data: CheckedData) -> Iterator[Finding]:
    """Yield findings on texts that repeat, and on those that are annotated differently."""
    by_text: defaultdict[tuple[str, str], list[Stretch]] = defaultdict(list)
    for stretch in find_stretches(data):
        by_text[stretch.part, stretch.text].append(stretch)

    for part in data.parts:
        repeated: list[Place] = []
        contradicting: list[Place] = []
        for (name, _), stretches in by_text.items():
            if name != part.name or len(stretches) == 1:
                continue
            repeated += [stretch.place for stretch in stretches[1:]]
            if not _agree(stretches):
                contradicting.append(stretches[0].place)
        if repeated:
            yield Finding(
                check="duplicates",
                severity="note",
                n=len(repeated),
                message=f"{part.name} has {count(len(repeated), 'text')} more than once.",
                advice="Leave out what repeats: it counts twice in training and in scores.",
                examples=repeated,
            )
        if contradicting:
            yield Finding(
                check="duplicates",
                severity="error",
                n=len(contradicting),
                message=f"{part.name} has {count(len(contradicting), 'text')} several times with "
                "different entities.",
                advice="Decide which annotation is right.",
                examples=contradicting,
            )


def _agree(stretches: Sequence[Stretch]) -> bool:
    first = stretches[0]
    return all(stretch.entities == first.entities for stretch in stretches)
