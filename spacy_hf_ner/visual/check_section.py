"""What is known of the data: entities per type, what checks have found, likely wrong annotation."""

from collections.abc import Sequence
from html import escape
from typing import Final

from spacy_hf_ner.checking.check_report import CheckReport
from spacy_hf_ner.checking.findings import Finding
from spacy_hf_ner.checking.suggestions import Suggestion
from spacy_hf_ner.core.wording import count
from spacy_hf_ner.evaluation.formatting import format_score
from spacy_hf_ner.visual.html_table import make_table

__all__ = ["make_check"]

_MAX_SUGGESTIONS: Final = 100

_SUGGESTION_HEADER: Final = ("Where", "gold", "likelier", "suspicion", "why")

_FINDINGS: Final = '<ul class="findings">{items}</ul>'
_NO_FINDINGS: Final = '<p class="note">No check has found anything.</p>'
_FINDING: Final = (
    '<li class="card"><header><h3>{message}</h3><span class="badge {mood}">{severity}</span>'
    "</header><p>{advice}</p>{examples}</li>"
)
_EXAMPLES: Final = '<ul class="examples">{items}</ul>'
_EXAMPLE: Final = "<li>{place}</li>"

_MOODS: Final = {"error": "bad", "warning": "bad", "note": "none"}


def make_check(checked: CheckReport) -> str:
    """Return the HTML of the section."""
    parts = list(checked.n_docs)
    types = make_table("Entities of each type", ("Type", *parts), checked.type_rows())
    return types + _make_findings(checked.findings) + _make_suggestions(checked.suggestions)


def _make_findings(findings: Sequence[Finding]) -> str:
    if not findings:
        return _NO_FINDINGS
    items: list[str] = []
    for finding in findings:
        examples = ""
        if finding.examples:
            places = [_EXAMPLE.format(place=escape(str(place))) for place in finding.examples]
            examples = _EXAMPLES.format(items="".join(places))
        items.append(
            _FINDING.format(
                message=escape(finding.message),
                mood=_MOODS[finding.severity],
                severity=finding.severity,
                advice=escape(finding.advice),
                examples=examples,
            )
        )
    return _FINDINGS.format(items="".join(items))


def _make_suggestions(suggestions: Sequence[Suggestion]) -> str:
    if not suggestions:
        return ""
    shown = suggestions[:_MAX_SUGGESTIONS]
    caption = "Annotation that may be wrong, the likeliest first"
    n_left_out = len(suggestions) - len(shown)
    if n_left_out:
        caption += f"; {count(n_left_out, 'other')} in check.json"
    rows: list[tuple[str, ...]] = []
    for suggestion in shown:
        rows.append(
            (
                str(suggestion.place),
                str(suggestion.gold),
                str(suggestion.likelier),
                format_score(suggestion.suspicion),
                suggestion.reason,
            )
        )
    return make_table(caption, _SUGGESTION_HEADER, rows, n_text=5, row_headers=False)
