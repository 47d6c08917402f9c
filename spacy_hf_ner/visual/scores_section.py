"""The first section of the report: scores per type, by other programs, and in four views."""

from typing import Final

from spacy_hf_ner.core.wording import name_count
from spacy_hf_ner.evaluation.formatting import format_percent
from spacy_hf_ner.evaluation.results import Evaluation
from spacy_hf_ner.evaluation.tables import (
    LEVEL_HEADER,
    level_rows,
    per_type_rows,
    program_rows,
)
from spacy_hf_ner.visual.html_table import make_table

__all__ = ["make_scores"]

_PER_TYPE_HEADER: Final = ("Type", "P", "R", "F1", "F1, 95 %", "correct", "predicted", "gold")
_PROGRAM_HEADER: Final = ("", "P", "R", "F1", "macro F1")
_SEMEVAL_HEADER: Final = (
    "View", "P", "R", "F1", "correct", "incorrect", "partial", "missed", "spurious"
)  # fmt: skip

# At the bottom of the first table: both averages.
_N_AVERAGES: Final = 2

_SCORES: Final = (
    '<p class="note">An entity is right if its characters and its type are right. Intervals: '
    "95 %, documents drawn 1,000 times with replacement.</p>"
    '{unjudged}{per_type}<div class="tables">{programs}{semeval}</div>'
)
_UNJUDGED: Final = '<p class="note">{n:,} {lie} on tokens without gold annotation.</p>'


def make_scores(evaluation: Evaluation) -> str:
    """Return the HTML of the section."""
    per_type = make_table(
        "Strict spans per type",
        _PER_TYPE_HEADER,
        per_type_rows(evaluation),
        n_sums=_N_AVERAGES,
    )
    levels = ""
    if evaluation.levels:
        rows = level_rows(evaluation.levels)
        levels = make_table("Levels of nested entities", LEVEL_HEADER, rows, n_sums=1)
    programs = make_table(
        "The same entities, judged by others", _PROGRAM_HEADER, program_rows(evaluation)
    )
    semeval = make_table("Four views (SemEval-2013)", _SEMEVAL_HEADER, _semeval_rows(evaluation))
    return _SCORES.format(
        unjudged=_make_unjudged_note(evaluation.n_unjudged),
        per_type=per_type + levels,
        programs=programs,
        semeval=semeval,
    )


def _make_unjudged_note(n_unjudged: int) -> str:
    if n_unjudged == 0:
        return ""
    lie = name_count(n_unjudged, "prediction lies", "predictions lie")
    return _UNJUDGED.format(n=n_unjudged, lie=lie)


def _semeval_rows(evaluation: Evaluation) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for view, row in evaluation.semeval.items():
        cells: list[str] = [view]
        for share in (row.precision, row.recall, row.f1):
            cells.append(format_percent(share))
        for n in (row.correct, row.incorrect, row.partial, row.missed, row.spurious):
            cells.append(f"{n:,}")
        rows.append(tuple(cells))
    return rows
