"""Types that only some parts of the data have, and types that are spelt in two ways."""

from collections import defaultdict
from collections.abc import Iterator

from spacy_hf_ner.checking.findings import Finding
from spacy_hf_ner.checking.parts import CheckedData, Part
from spacy_hf_ner.checking.type_counts import count_types

__all__ = ["check_label_sets"]


def check_label_sets(data: CheckedData) -> Iterator[Finding]:
    """Yield findings on types that training lacks, that only it has, and that are spelt twice."""
    training = count_types(data.training)
    others = [part for part in data.parts if part is not data.training]
    for part in others:
        yield from _find_unlearnt(part, data.training, known=set(training))
    if others:
        judged: set[str] = set()
        for part in others:
            judged.update(count_types(part))
        unjudged = sorted(training.keys() - judged)
        if unjudged:
            yield Finding(
                check="label_sets",
                severity="warning",
                n=len(unjudged),
                message=f"Only {data.training.name} has {', '.join(unjudged)}: nobody can tell how "
                "well they are learned.",
                advice="Move some documents with these types to the other parts.",
            )
    yield from _find_spellings(data)


def _find_unlearnt(part: Part, training: Part, *, known: set[str]) -> Iterator[Finding]:
    counts = count_types(part)
    unknown = sorted(counts.keys() - known)
    if not unknown:
        return
    n = sum(counts[entity_type] for entity_type in unknown)
    yield Finding(
        check="label_sets",
        severity="error",
        n=n,
        message=f"{part.name} has types that {training.name} does not have, and that are never "
        f"learned: {', '.join(unknown)}.",
        advice="Rename them when converting (label_map), or split the data anew.",
    )


def _find_spellings(data: CheckedData) -> Iterator[Finding]:
    spellings: defaultdict[str, set[str]] = defaultdict(set)
    for part in data.parts:
        for entity_type in count_types(part):
            letters = "".join(filter(str.isalnum, entity_type))
            spellings[letters.casefold()].add(entity_type)
    for types in spellings.values():
        if len(types) > 1:
            yield Finding(
                check="label_sets",
                severity="error",
                n=len(types),
                message=f"One type seems to be spelt in several ways: {', '.join(sorted(types))}.",
                advice="Give them one name when converting (label_map).",
            )
