"""Running all checks, and what they have found as one object."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from spacy_hf_ner.checking.checks import CHECKS
from spacy_hf_ner.checking.findings import SEVERITIES, Finding
from spacy_hf_ner.checking.parts import CheckedData
from spacy_hf_ner.checking.suggestions import Suggestion, rank_suggestions
from spacy_hf_ner.checking.type_counts import count_types

__all__ = ["CheckReport", "run_checks"]

FORMAT_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What is known of the data.

    Attributes:
        n_docs: The documents of each part.
        n_entities: The entities of each type in each part: type, then part.
        findings: What checks have found, errors first.
        suggestions: Places where the annotation may be wrong, the likeliest first.
    """

    n_docs: Mapping[str, int]
    n_entities: Mapping[str, Mapping[str, int]]
    findings: tuple[Finding, ...]
    suggestions: tuple[Suggestion, ...]

    def __repr__(self) -> str:
        """Return the numbers of what was found."""
        return (
            f"<CheckReport of {', '.join(self.n_docs)}: {len(self.findings)} findings, "
            f"{len(self.suggestions)} suggestions>"
        )

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return {
            "format_version": FORMAT_VERSION,
            "n_docs": dict(self.n_docs),
            "n_entities": {name: dict(counts) for name, counts in self.n_entities.items()},
            "findings": [finding.to_json() for finding in self.findings],
            "suggestions": [suggestion.to_json() for suggestion in self.suggestions],
        }

    def type_rows(self) -> list[tuple[str, ...]]:
        """Return a row of text for each type, the most frequent first: its entities in each part.

        The parts are in the order of ``n_docs``.
        """
        by_frequency = sorted(
            self.n_entities, key=lambda name: (-sum(self.n_entities[name].values()), name)
        )
        rows: list[tuple[str, ...]] = []
        for entity_type in by_frequency:
            counts = self.n_entities[entity_type]
            cells = [f"{counts[part]:,}" for part in self.n_docs]
            rows.append((entity_type, *cells))
        return rows


def run_checks(data: CheckedData) -> CheckReport:
    """Return what all checks find."""
    findings: list[Finding] = []
    for check in CHECKS:
        findings.extend(check(data))
    # Python's sort is stable: findings of one severity stay in the order of the checks.
    findings.sort(key=lambda finding: SEVERITIES.index(finding.severity))

    n_docs: dict[str, int] = {}
    for part in data.parts:
        n_docs[part.name] = len(part.docs)

    n_entities: dict[str, dict[str, int]] = {}
    for part in data.parts:
        for entity_type, n in count_types(part).items():
            n_of_type = n_entities.setdefault(entity_type, dict.fromkeys(n_docs, 0))
            n_of_type[part.name] = n
    return CheckReport(n_docs, n_entities, tuple(findings), rank_suggestions(data))
