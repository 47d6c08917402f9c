"""``report.html``: one self-contained page about a pipeline on a data set."""

import math
from collections.abc import Sequence
from html import escape

from spacy_hf_ner.evaluation.confidence import (
    HIGH_PRECISION,
    Confidence,
    ThresholdCurve,
    ThresholdPoint,
)
from spacy_hf_ner.evaluation.confusion import NOTHING, ConfusionMatrix
from spacy_hf_ner.evaluation.pairing import name_apart
from spacy_hf_ner.evaluation.results import Evaluation
from spacy_hf_ner.evaluation.tables import interval_of, per_type_rows, program_rows
from spacy_hf_ner.evaluation.training_log import TrainingStep
from spacy_hf_ner.visual.charts import Axis, Series, draw_chart
from spacy_hf_ner.visual.error_browser import make_error_browser
from spacy_hf_ner.visual.html_table import make_table
from spacy_hf_ner.visual.page import count, make_page, make_signature, make_tiles

_MAX_ERRORS = 25
_MAX_CURVES = 8  # in one chart, all types included; the table below it has every type


def make_report(evaluation: Evaluation, *, data: str, training: Sequence[TrainingStep] = ()) -> str:
    """Return the report as a self-contained HTML page.

    Args:
        evaluation: What to report.
        data: The name of the data set.
        training: The training run, if there is a log of it.
    """
    sections = [
        ("scores", "Scores", _scores(evaluation)),
        ("slices", "Where it fails", _failures(evaluation)),
    ]
    if evaluation.confidence:
        sections.append(
            (
                "confidence",
                "Can the scores be trusted?",
                _confidence(evaluation, evaluation.confidence),
            )
        )
    if training:
        sections.append(("training", "Training", _training(training)))
    sections.append(
        ("browser", "Error browser", make_error_browser(evaluation.pairs, evaluation.matches))
    )
    links = "".join(f'<a href="#{name}">{title}</a>' for name, title, _ in sections)
    body = "".join(
        f'<section id="{name}" aria-labelledby="{name}-title"><h2 id="{name}-title">{title}</h2>{content}</section>'
        for name, title, content in sections
    )
    return make_page(
        title=f"Evaluation · {evaluation.model}",
        body=(
            '<a class="skip" href="#scores">Skip to the scores</a><header><h1>How good is it?</h1>'
            f'<p class="lead">{escape(evaluation.model)} on {escape(data)}</p>{_tiles(evaluation)}'
            f'<nav class="contents" aria-label="Sections">{links}</nav></header><main>{body}</main>'
            f"{make_signature([evaluation.signature])}"
        ),
        styles=["report.css"],
        scripts=["report.js"],
    )


def _tiles(evaluation: Evaluation) -> str:
    micro, interval, accuracy = (
        evaluation.strict.micro,
        interval_of(evaluation),
        evaluation.token_accuracy,
    )
    tiles = [
        (f"{micro.f1:.1%}", f"F1, strict spans{f' ({interval})' if interval else ''}"),
        (f"{micro.precision:.1%}", "precision"),
        (f"{micro.recall:.1%}", "recall"),
        (f"{evaluation.strict.macro.f1:.1%}", "macro F1"),
        *([] if accuracy is None else [(f"{accuracy:.1%}", "token accuracy")]),
        (f"{evaluation.words_per_second:,.0f}", "words/s"),
        (f"{len(evaluation.pairs):,}", "documents"),
        (f"{micro.n_gold:,}", "gold entities"),
    ]
    if evaluation.confidence:
        tiles.append(
            (f"{evaluation.confidence.equal_mass.expected_error:.3f}", "calibration error")
        )
    return make_tiles(tiles)


def _scores(evaluation: Evaluation) -> str:
    header = ("Type", "P", "R", "F1", "F1, 95 %", "correct", "predicted", "gold")
    semeval = [
        (view, *(f"{v * 100:.2f}" for v in (row.precision, row.recall, row.f1)),
         *(f"{n:,}" for n in (row.correct, row.incorrect, row.partial, row.missed, row.spurious)))
        for view, row in evaluation.semeval.items()
    ]  # fmt: skip
    note = ""
    if evaluation.n_unjudged:
        note = f'<p class="note">{evaluation.n_unjudged:,} predictions lie on tokens without gold annotation.</p>'
    return (
        '<p class="note">An entity is right if its characters and its type are right. Intervals: 95 %, documents drawn '
        "1,000 times with replacement.</p>"
        + note
        + make_table("Strict spans per type", header, per_type_rows(evaluation), n_sums=2)
        + '<div class="tables">'
        + make_table(
            "The same entities, judged by others",
            ("", "P", "R", "F1", "macro F1"),
            program_rows(evaluation),
        )
        + make_table(
            "Four views (SemEval-2013)",
            ("View", "P", "R", "F1", "correct", "incorrect", "partial", "missed", "spurious"),
            semeval,
        )
        + "</div>"
    )


def _failures(evaluation: Evaluation) -> str:
    rows = [
        (
            slicing.name,
            value,
            *(f"{v * 100:.1f}" for v in (row.precision, row.recall, row.f1)),
            f"{row.n_gold:,}",
        )
        for slicing in evaluation.slices
        for value, row in slicing.counts.items()
    ]
    frequent = [
        (
            f"{c.n:,}",
            c.kind,
            c.gold or "–",
            c.gold_type or "–",
            c.predicted or "–",
            c.predicted_type or "–",
        )
        for c in evaluation.confusions[:_MAX_ERRORS]
    ]
    left_out = len(evaluation.confusions) - len(frequent)
    caption = "Most frequent errors" + (
        f"; {count(left_out, 'other')} in the error browser" if left_out else ""
    )
    header = ("Times", "error", "gold", "type", "predicted", "type")
    return (
        '<div class="pair">'
        + make_table("By property", ("Property", "", "P", "R", "F1", "gold"), rows, n_text=2)
        + _confusion(evaluation.confusion)
        + "</div>"
        + make_table(caption, header, frequent, n_text=6, row_headers=False)
    )


def _confusion(matrix: ConfusionMatrix) -> str:
    nothing = name_apart("nothing", matrix.types)
    names = [t or nothing for t in matrix.types]
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    body = ""
    for name, gold, row in zip(names, matrix.types, matrix.counts, strict=True):
        total = sum(row) or 1
        cells = "".join(
            f'<td style="--h:{n / total:.3f}"{" class=same" if gold == t != NOTHING else ""}>{n:,}</td>'
            for t, n in zip(matrix.types, row, strict=True)
        )
        body += f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>'
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Confusion matrix"><table class="heat">'
        "<caption>Gold types (rows) taken for predicted types (columns), borders aside</caption>"
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _confidence(evaluation: Evaluation, confidence: Confidence) -> str:
    bins = confidence.equal_mass
    points = list(zip(bins.mean_score.tolist(), bins.share_correct.tolist(), strict=True))
    reliability = draw_chart(
        [
            Series("as sure as right", [(0, 0), (1, 1)], "guide"),
            Series("bins of equal mass", points, "both"),
        ],
        title="Reliability: of the spans with such a score, how many are right? Below the dashed line it is too sure.",
        x=Axis("score", 0, 1),
        y=Axis("share of right spans", 0, 1),
    )
    auroc = "–" if confidence.auroc is None else f"{confidence.auroc:.3f}"
    rows = [
        ("expected calibration error, 15 bins of equal mass", f"{bins.expected_error:.4f}"),
        ("the same by chance alone, were the scores true", f"{confidence.noise:.4f}"),
        (
            "expected calibration error, 15 bins of equal width",
            f"{confidence.equal_width.expected_error:.4f}",
        ),
        ("maximum calibration error, bins of equal mass", f"{bins.maximum_error:.4f}"),
        ("Brier score", f"{confidence.brier:.4f}"),
        ("AUROC, right against wrong spans", auroc),
        ("spans with a score", f"{confidence.n:,}"),
        ("spans without one", f"{confidence.n_unscored:,}"),
    ]
    shown = evaluation.thresholds[:_MAX_CURVES]
    least = min((point.precision for curve in shown for point in curve.points), default=0.0)
    curves = draw_chart(
        [_curve(i, curve) for i, curve in enumerate(shown)]
        + [
            Series("", [(c.best_f1.recall, c.best_f1.precision)], "dots", i)
            for i, c in enumerate(shown)
        ]
        + [
            Series("", [(c.high_precision.recall, c.high_precision.precision)], "rings", i)
            for i, c in enumerate(shown)
            if c.high_precision
        ],
        title=f"Precision and recall over the threshold. Dots: best F1. Rings: precision ≥ {HIGH_PRECISION:g}.",
        x=Axis("recall", 0, 1),
        y=Axis("precision", math.floor(least * 5) / 5, 1),
    )
    header = ("Type", "threshold", "P", "R", "F1", f"P ≥ {HIGH_PRECISION:g} from", "R there")
    thresholds = [
        (curve.entity_type, *_point(curve.best_f1), *_precise(curve.high_precision))
        for curve in evaluation.thresholds
    ]
    return (
        f'<div class="pair">{reliability}{make_table("Calibration", ("Measure", "value"), rows)}</div>'
        f'<div class="pair">{curves}{make_table("Thresholds: best F1, and high precision", header, thresholds)}</div>'
    )


def _curve(colour: int, curve: ThresholdCurve) -> Series:
    return Series(
        curve.entity_type, [(p.recall, p.precision) for p in curve.points], "line", colour
    )


def _point(point: ThresholdPoint) -> tuple[str, str, str, str]:
    return (
        f"{point.threshold:.3f}",
        f"{point.precision:.3f}",
        f"{point.recall:.3f}",
        f"{point.f1:.3f}",
    )


def _precise(point: ThresholdPoint | None) -> tuple[str, str]:
    return (f"{point.threshold:.3f}", f"{point.recall:.3f}") if point else ("none", "")


def _training(training: Sequence[TrainingStep]) -> str:
    last = max(step.step for step in training)
    names = {"ents_p": "precision", "ents_r": "recall", "ents_f": "F1"}
    scores = [
        Series(name, [(s.step, s.scores[key]) for s in training if key in s.scores], "both", i)
        for i, (key, name) in enumerate(names.items())
    ]
    pipes = dict.fromkeys(pipe for step in training for pipe in step.losses)
    losses = [
        Series(pipe, _loss_per_step(training, pipe), "both", i) for i, pipe in enumerate(pipes)
    ]
    top = max((y for one in losses for _, y in one.points), default=1.0) or 1.0
    steps = Axis("step", 0, last)
    return (
        '<div class="pair">'
        + draw_chart(
            scores,
            title="Scores on the development data while training.",
            x=steps,
            y=Axis("percent", 0, 100),
        )
        + draw_chart(
            losses, title="Loss per update between evaluations.", x=steps, y=Axis("loss", 0, top)
        )
        + "</div>"
    )


def _loss_per_step(training: Sequence[TrainingStep], pipe: str) -> list[tuple[float, float]]:
    """Return the mean loss of the updates since the evaluation before, where known; spaCy logs their sum."""
    before = [-1, *(step.step for step in training)]
    return [
        (float(step.step), step.losses[pipe] / (step.step - old_step))
        for old_step, step in zip(before, training, strict=False)
        if step.step > old_step and pipe in step.losses
    ]
