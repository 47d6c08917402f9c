"""``report.html``: one self-contained page about a pipeline on a data set.

Each section of the page has a function here, from the scores to the error browser; tables, charts
and the browser itself are made by modules of their own.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from spacy_hf_ner.evaluation.confidence import (
    HIGH_PRECISION,
    Confidence,
    ThresholdCurve,
    ThresholdPoint,
)
from spacy_hf_ner.evaluation.confusion import NOTHING, Confusion, ConfusionMatrix
from spacy_hf_ner.evaluation.formatting import format_percent
from spacy_hf_ner.evaluation.pairing import name_apart
from spacy_hf_ner.evaluation.results import Evaluation
from spacy_hf_ner.evaluation.slices import Slicing
from spacy_hf_ner.evaluation.tables import interval_of, per_type_rows, program_rows
from spacy_hf_ner.evaluation.training_log import TrainingStep
from spacy_hf_ner.visual.charts import Axis, Series, draw_chart
from spacy_hf_ner.visual.error_browser import make_error_browser
from spacy_hf_ner.visual.html_table import make_table
from spacy_hf_ner.visual.page import count, make_page, make_signature, make_tiles

__all__ = ["make_report"]

_MAX_ERRORS: Final = 25
_MAX_CURVES: Final = 8
"""In one chart, all types together included; the table beside it has every type."""

_PER_TYPE_HEADER: Final = ("Type", "P", "R", "F1", "F1, 95 %", "correct", "predicted", "gold")
_PROGRAM_HEADER: Final = ("", "P", "R", "F1", "macro F1")
_SEMEVAL_HEADER: Final = (
    "View", "P", "R", "F1", "correct", "incorrect", "partial", "missed", "spurious"
)  # fmt: skip
_SLICE_HEADER: Final = ("Property", "", "P", "R", "F1", "gold")
_ERROR_HEADER: Final = ("Times", "error", "gold", "type", "predicted", "type")
_THRESHOLD_HEADER: Final = (
    "Type", "threshold", "P", "R", "F1", f"P ≥ {HIGH_PRECISION:g} from", "R there"
)  # fmt: skip

_TRAINING_SCORES: Final = {"ents_p": "precision", "ents_r": "recall", "ents_f": "F1"}

_BODY: Final = (
    '<a class="skip" href="#scores">Skip to the scores</a><header><h1>How good is it?</h1>'
    '<p class="lead">{model} on {data}</p>{tiles}'
    '<nav class="contents" aria-label="Sections">{links}</nav></header><main>{sections}</main>'
    "{signature}"
)
_SECTION: Final = (
    '<section id="{id}" aria-labelledby="{id}-title"><h2 id="{id}-title">{title}</h2>'
    "{content}</section>"
)
_SIDE_BY_SIDE: Final = '<div class="pair">{left}{right}</div>'
_SCORES: Final = (
    '<p class="note">An entity is right if its characters and its type are right. Intervals: '
    "95 %, documents drawn 1,000 times with replacement.</p>"
    '{unjudged}{per_type}<div class="tables">{programs}{semeval}</div>'
)
_UNJUDGED: Final = '<p class="note">{n:,} predictions lie on tokens without gold annotation.</p>'
_CONFUSION: Final = (
    '<div class="scroll" tabindex="0" role="region" aria-label="Confusion matrix">'
    '<table class="heat">'
    "<caption>Gold types (rows) taken for predicted types (columns), borders aside</caption>"
    "<thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table></div>"
)


@dataclass(frozen=True, slots=True)
class _Section:
    """A part of the page that has a title and is linked from the top.

    Attributes:
        id: What links name it by.
        title: Plain text.
        content: HTML.
    """

    id: str
    title: str
    content: str


def make_report(evaluation: Evaluation, *, data: str, training: Sequence[TrainingStep] = ()) -> str:
    """Return the report as a self-contained HTML page.

    Args:
        evaluation: What to report.
        data: The name of the data set.
        training: The training run, if there is a log of it.
    """
    sections = _make_sections(evaluation, training)
    links: list[str] = []
    contents: list[str] = []
    for section in sections:
        links.append(f'<a href="#{section.id}">{section.title}</a>')
        contents.append(
            _SECTION.format(id=section.id, title=section.title, content=section.content)
        )
    body = _BODY.format(
        model=escape(evaluation.model),
        data=escape(data),
        tiles=_make_summary(evaluation),
        links="".join(links),
        sections="".join(contents),
        signature=make_signature(evaluation.signature),
    )
    return make_page(
        title=f"Evaluation · {evaluation.model}",
        body=body,
        styles=["report.css"],
        scripts=["report.js"],
    )


def _make_sections(evaluation: Evaluation, training: Sequence[TrainingStep]) -> list[_Section]:
    sections = [
        _Section("scores", "Scores", _make_scores(evaluation)),
        _Section("slices", "Where it fails", _make_failures(evaluation)),
    ]
    if evaluation.confidence:
        content = _make_confidence(evaluation.confidence, evaluation.thresholds)
        sections.append(_Section("confidence", "Can the scores be trusted?", content))
    if training:
        sections.append(_Section("training", "Training", _make_training(training)))
    browser = make_error_browser(evaluation.pairs, evaluation.matches)
    sections.append(_Section("browser", "Error browser", browser))
    return sections


# The summary


def _make_summary(evaluation: Evaluation) -> str:
    micro = evaluation.strict.micro
    interval = interval_of(evaluation)
    f1_name = "F1, strict spans"
    if interval:
        f1_name += f" ({interval})"
    tiles = [
        (f"{micro.f1:.1%}", f1_name),
        (f"{micro.precision:.1%}", "precision"),
        (f"{micro.recall:.1%}", "recall"),
        (f"{evaluation.strict.macro.f1:.1%}", "macro F1"),
    ]
    if evaluation.token_accuracy is not None:
        tiles.append((f"{evaluation.token_accuracy:.1%}", "token accuracy"))
    tiles.append((f"{evaluation.words_per_second:,.0f}", "words/s"))
    tiles.append((f"{len(evaluation.pairs):,}", "documents"))
    tiles.append((f"{micro.n_gold:,}", "gold entities"))
    if evaluation.confidence:
        calibration_error = evaluation.confidence.equal_mass.expected_error
        tiles.append((f"{calibration_error:.3f}", "calibration error"))
    return make_tiles(tiles)


# Scores


def _make_scores(evaluation: Evaluation) -> str:
    n_unjudged = evaluation.n_unjudged
    return _SCORES.format(
        unjudged=_UNJUDGED.format(n=n_unjudged) if n_unjudged else "",
        per_type=make_table(
            "Strict spans per type", _PER_TYPE_HEADER, per_type_rows(evaluation), n_sums=2
        ),
        programs=make_table(
            "The same entities, judged by others", _PROGRAM_HEADER, program_rows(evaluation)
        ),
        semeval=make_table("Four views (SemEval-2013)", _SEMEVAL_HEADER, _semeval_rows(evaluation)),
    )


def _semeval_rows(evaluation: Evaluation) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for view, row in evaluation.semeval.items():
        shares = (row.precision, row.recall, row.f1)
        numbers = (row.correct, row.incorrect, row.partial, row.missed, row.spurious)
        rows.append((view, *map(format_percent, shares), *map(_format_number, numbers)))
    return rows


def _format_number(n: int) -> str:
    return f"{n:,}"


# Where it fails


def _make_failures(evaluation: Evaluation) -> str:
    slices = make_table("By property", _SLICE_HEADER, _slice_rows(evaluation.slices), n_text=2)
    matrix = _make_confusion_matrix(evaluation.confusion)
    side_by_side = _SIDE_BY_SIDE.format(left=slices, right=matrix)
    return side_by_side + _make_frequent_errors(evaluation.confusions)


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


def _make_confusion_matrix(matrix: ConfusionMatrix) -> str:
    nothing = name_apart("nothing", matrix.types)
    head: list[str] = []
    body: list[str] = []
    for gold_type, counts in zip(matrix.types, matrix.counts, strict=True):
        name = escape(gold_type or nothing)
        head.append(f'<th scope="col">{name}</th>')
        cells = _make_confusion_cells(gold_type, matrix.types, counts)
        body.append(f'<tr><th scope="row">{name}</th>{cells}</tr>')
    return _CONFUSION.format(head="".join(head), body="".join(body))


def _make_confusion_cells(
    gold_type: str, predicted_types: Sequence[str], counts: Sequence[int]
) -> str:
    """Return the cells of one gold type, each as dark as its share of the row is large."""
    total = sum(counts) or 1
    cells: list[str] = []
    for predicted_type, n in zip(predicted_types, counts, strict=True):
        is_right = gold_type == predicted_type != NOTHING
        css_class = " class=same" if is_right else ""
        cells.append(f'<td style="--h:{n / total:.3f}"{css_class}>{n:,}</td>')
    return "".join(cells)


# Can the scores be trusted?


def _make_confidence(confidence: Confidence, thresholds: Sequence[ThresholdCurve]) -> str:
    calibration = make_table("Calibration", ("Measure", "value"), _calibration_rows(confidence))
    threshold_table = make_table(
        "Thresholds: best F1, and high precision",
        _THRESHOLD_HEADER,
        [_threshold_row(curve) for curve in thresholds],
    )
    reliability_chart = _draw_reliability(confidence)
    threshold_chart = _draw_thresholds(thresholds[:_MAX_CURVES])
    return _SIDE_BY_SIDE.format(left=reliability_chart, right=calibration) + _SIDE_BY_SIDE.format(
        left=threshold_chart, right=threshold_table
    )


def _draw_reliability(confidence: Confidence) -> str:
    bins = confidence.equal_mass
    points = list(zip(bins.mean_score.tolist(), bins.share_correct.tolist(), strict=True))
    return draw_chart(
        [
            Series("as sure as right", [(0, 0), (1, 1)], "guide"),
            Series("bins of equal mass", points, "both"),
        ],
        title=(
            "Reliability: of the spans with such a score, how many are right? "
            "Below the dashed line it is too sure."
        ),
        x=Axis("score", 0, 1),
        y=Axis("share of right spans", 0, 1),
    )


def _calibration_rows(confidence: Confidence) -> list[tuple[str, str]]:
    equal_mass = confidence.equal_mass
    equal_width = confidence.equal_width
    auroc = "–" if confidence.auroc is None else f"{confidence.auroc:.3f}"
    return [
        (
            "expected calibration error, 15 bins of equal mass",
            f"{equal_mass.expected_error:.4f}",
        ),
        ("the same by chance alone, were the scores true", f"{confidence.noise:.4f}"),
        (
            "expected calibration error, 15 bins of equal width",
            f"{equal_width.expected_error:.4f}",
        ),
        ("maximum calibration error, bins of equal mass", f"{equal_mass.maximum_error:.4f}"),
        ("Brier score", f"{confidence.brier:.4f}"),
        ("AUROC, right against wrong spans", auroc),
        ("spans with a score", f"{confidence.n:,}"),
        ("spans without one", f"{confidence.n_unscored:,}"),
    ]


def _draw_thresholds(curves: Sequence[ThresholdCurve]) -> str:
    lines: list[Series] = []
    dots: list[Series] = []
    rings: list[Series] = []
    lowest_precision = 1.0 if curves else 0.0
    for colour, curve in enumerate(curves):
        points = [_place(point) for point in curve.points]
        lines.append(Series(curve.entity_type, points, "line", colour))
        dots.append(Series("", [_place(curve.best_f1)], "dots", colour))
        if curve.high_precision:
            rings.append(Series("", [_place(curve.high_precision)], "rings", colour))
        for point in curve.points:
            lowest_precision = min(lowest_precision, point.precision)
    return draw_chart(
        # Marks come after all lines: no line is to cover the mark of another type.
        [*lines, *dots, *rings],
        title=(
            "Precision and recall over the threshold. Dots: best F1. "
            f"Rings: precision ≥ {HIGH_PRECISION:g}."
        ),
        x=Axis("recall", 0, 1),
        y=Axis("precision", math.floor(lowest_precision * 5) / 5, 1),
    )


def _place(point: ThresholdPoint) -> tuple[float, float]:
    return point.recall, point.precision


def _threshold_row(curve: ThresholdCurve) -> tuple[str, ...]:
    best = curve.best_f1
    cells = [curve.entity_type]
    for value in (best.threshold, best.precision, best.recall, best.f1):
        cells.append(f"{value:.3f}")

    precise = curve.high_precision
    if precise is None:
        return (*cells, "none", "")
    return (*cells, f"{precise.threshold:.3f}", f"{precise.recall:.3f}")


# Training


def _make_training(training: Sequence[TrainingStep]) -> str:
    last_step = max(step.step for step in training)
    x = Axis("step", 0, last_step)
    return _SIDE_BY_SIDE.format(
        left=_draw_training_scores(training, x), right=_draw_losses(training, x)
    )


def _draw_training_scores(training: Sequence[TrainingStep], x: Axis) -> str:
    series: list[Series] = []
    for colour, (key, name) in enumerate(_TRAINING_SCORES.items()):
        points = [(step.step, step.scores[key]) for step in training if key in step.scores]
        series.append(Series(name, points, "both", colour))
    return draw_chart(
        series,
        title="Scores on the development data while training.",
        x=x,
        y=Axis("percent", 0, 100),
    )


def _draw_losses(training: Sequence[TrainingStep], x: Axis) -> str:
    # A dict keeps the order in which the log names the pipes, so that colours stay.
    pipes: dict[str, None] = {}
    for step in training:
        pipes.update(dict.fromkeys(step.losses))

    series: list[Series] = []
    losses: list[float] = []
    for colour, pipe in enumerate(pipes):
        points = _read_losses(training, pipe)
        series.append(Series(pipe, points, "both", colour))
        losses += [loss for _, loss in points]
    highest = max(losses, default=1.0) or 1.0
    return draw_chart(
        series, title="Loss per update between evaluations.", x=x, y=Axis("loss", 0, highest)
    )


def _read_losses(training: Sequence[TrainingStep], pipe: str) -> list[tuple[float, float]]:
    """Return the mean loss of an update at each evaluation where it is known, with its step.

    spaCy logs the sum over the updates since the evaluation before.
    """
    points: list[tuple[float, float]] = []
    # The first evaluation comes after one update, which is step 0.
    previous_step = -1
    for step in training:
        n_updates = step.step - previous_step
        if n_updates > 0 and pipe in step.losses:
            points.append((float(step.step), step.losses[pipe] / n_updates))
        previous_step = step.step
    return points
