"""The section of the report that says where a pipeline fails.

It shows scores by properties of the entities, types taken for one another, and the most frequent
errors.
"""

from collections.abc import Sequence
from html import escape
from typing import Final

from spacy_hf_ner.core.wording import count
from spacy_hf_ner.evaluation.confusion import NOTHING, Confusion, ConfusionMatrix
from spacy_hf_ner.evaluation.pairing import name_apart
from spacy_hf_ner.evaluation.results import Evaluation
from spacy_hf_ner.evaluation.slices import Slicing
from spacy_hf_ner.visual.html_table import make_table
from spacy_hf_ner.visual.side_by_side import put_side_by_side

__all__ = ["make_confusion_matrix", "make_failures"]

_MAX_ERRORS: Final = 25

_SLICE_HEADER: Final = ("Property", "", "P", "R", "F1", "gold")
_ERROR_HEADER: Final = ("Times", "error", "gold", "type", "predicted", "type")

_CONFUSION: Final = (
    '<div class="scroll" tabindex="0" role="region" aria-label="Confusion matrix">'
    '<table class="heat">'
    "<caption>{caption}</caption>"
    "<thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table></div>"
)


def make_failures(evaluation: Evaluation) -> str:
    """Return the HTML of the section."""
    slices = make_table("By property", _SLICE_HEADER, _slice_rows(evaluation.slices), n_text=2)
    matrix = make_confusion_matrix(
        evaluation.confusion, "Gold types (rows) taken for predicted types (columns), borders aside"
    )
    errors = _make_frequent_errors(evaluation.confusions)
    return put_side_by_side(slices, matrix) + errors


def _slice_rows(slicings: Sequence[Slicing]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for slicing in slicings:
        for value, counts in slicing.counts.items():
            precision = f"{counts.precision * 100:.1f}"
            recall = f"{counts.recall * 100:.1f}"
            f1 = f"{counts.f1 * 100:.1f}"
            rows.append((slicing.name, value, precision, recall, f1, f"{counts.n_gold:,}"))
    return rows


def _make_frequent_errors(confusions: Sequence[Confusion]) -> str:
    frequent = confusions[:_MAX_ERRORS]
    n_left_out = len(confusions) - len(frequent)
    caption = "Most frequent errors"
    if n_left_out:
        caption += f"; {count(n_left_out, 'other')} in the error browser"
    rows = [_confusion_row(confusion) for confusion in frequent]
    return make_table(caption, _ERROR_HEADER, rows, n_text=6, row_headers=False)


def _confusion_row(confusion: Confusion) -> tuple[str, ...]:
    # A missed entity has no prediction, a spurious one no gold entity.
    return (
        f"{confusion.n:,}",
        confusion.kind,
        confusion.gold or "–",
        confusion.gold_type or "–",
        confusion.predicted or "–",
        confusion.predicted_type or "–",
    )


def make_confusion_matrix(matrix: ConfusionMatrix, caption: str) -> str:
    """Return the HTML of a table of what was taken for what."""
    nothing = name_apart("nothing", matrix.types)
    head: list[str] = []
    body: list[str] = []
    for gold_type, counts in zip(matrix.types, matrix.counts, strict=True):
        name = escape(gold_type or nothing)
        head.append(f'<th scope="col">{name}</th>')
        cells = _make_confusion_cells(gold_type, matrix.types, counts)
        body.append(f'<tr><th scope="row">{name}</th>{cells}</tr>')
    return _CONFUSION.format(caption=escape(caption), head="".join(head), body="".join(body))


def _make_confusion_cells(
    gold_type: str, predicted_types: Sequence[str], counts: Sequence[int]
) -> str:
    """Return the cells of one gold type, each as dark as its share of the row is large."""
    # A row may be empty: a type that was only predicted.
    total = sum(counts) or 1
    cells: list[str] = []
    for predicted_type, n in zip(predicted_types, counts, strict=True):
        css_class = ""
        if gold_type == predicted_type != NOTHING:
            css_class = " class=same"
        cells.append(f'<td style="--h:{n / total:.3f}"{css_class}>{n:,}</td>')
    return "".join(cells)
