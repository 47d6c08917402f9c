"""The section of the report that says whether scores can be trusted, and where to cut them off."""

import math
from collections.abc import Sequence
from typing import Final

from spacy_hf_ner.evaluation.confidence import (
    HIGH_PRECISION,
    Confidence,
    ThresholdCurve,
    ThresholdPoint,
)
from spacy_hf_ner.visual.charts import Axis, Series, draw_chart
from spacy_hf_ner.visual.html_table import make_table
from spacy_hf_ner.visual.side_by_side import put_side_by_side

__all__ = ["make_confidence", "make_reliability"]

_MAX_CURVES: Final = 8
"""In one chart, all types together included; the table beside it has every type."""

_CALIBRATION_HEADER: Final = ("Measure", "value")
_THRESHOLD_HEADER: Final = (
    "Type", "threshold", "P", "R", "F1", f"P ≥ {HIGH_PRECISION:g} from", "R there"
)  # fmt: skip

# Borders between which the chart of thresholds may begin: 0, 0.2, 0.4, …
_PRECISION_STEPS: Final = 5


def make_confidence(confidence: Confidence, thresholds: Sequence[ThresholdCurve]) -> str:
    """Return the HTML of the section.

    Args:
        confidence: What the scores are worth.
        thresholds: Precision and recall over the threshold.
    """
    threshold_chart = _draw_thresholds(thresholds[:_MAX_CURVES])
    threshold_table = make_table(
        "Thresholds: best F1, and high precision",
        _THRESHOLD_HEADER,
        [_threshold_row(curve) for curve in thresholds],
    )
    second_row = put_side_by_side(threshold_chart, threshold_table)
    return make_reliability(confidence) + second_row


def make_reliability(confidence: Confidence, things: str = "spans") -> str:
    """Return the HTML of a chart and a table of what scores are worth.

    Args:
        confidence: What they are worth.
        things: What has the scores.
    """
    reliability = _draw_reliability(confidence, things)
    rows = _calibration_rows(confidence, things)
    return put_side_by_side(reliability, make_table("Calibration", _CALIBRATION_HEADER, rows))


def _draw_reliability(confidence: Confidence, things: str) -> str:
    bins = confidence.equal_mass
    points = list(zip(bins.mean_score.tolist(), bins.share_correct.tolist(), strict=True))
    return draw_chart(
        [
            Series("as sure as right", [(0, 0), (1, 1)], "guide"),
            Series("bins of equal mass", points, "both"),
        ],
        title=(
            f"Reliability: of the {things} with such a score, how many are right? "
            "Below the dashed line it is too sure."
        ),
        x=Axis("score", 0, 1),
        y=Axis(f"share of right {things}", 0, 1),
    )


def _calibration_rows(confidence: Confidence, things: str) -> list[tuple[str, str]]:
    equal_mass = confidence.equal_mass
    equal_width = confidence.equal_width
    auroc = "–"
    if confidence.auroc is not None:
        auroc = f"{confidence.auroc:.3f}"
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
        (f"AUROC, right against wrong {things}", auroc),
        (f"{things} with a score", f"{confidence.n:,}"),
        (f"{things} without one", f"{confidence.n_unscored:,}"),
    ]


def _draw_thresholds(curves: Sequence[ThresholdCurve]) -> str:
    lines: list[Series] = []
    dots: list[Series] = []
    rings: list[Series] = []
    for colour, curve in enumerate(curves):
        points = [_place(point) for point in curve.points]
        lines.append(Series(curve.entity_type, points, "line", colour))
        dots.append(Series("", [_place(curve.best_f1)], "dots", colour))
        if curve.high_precision:
            rings.append(Series("", [_place(curve.high_precision)], "rings", colour))
    return draw_chart(
        # Marks come after all lines: no line is to cover the mark of another type.
        [*lines, *dots, *rings],
        title=(
            "Precision and recall over the threshold. Dots: best F1. "
            f"Rings: precision ≥ {HIGH_PRECISION:g}."
        ),
        x=Axis("recall", 0, 1),
        y=Axis("precision", _find_lowest_precision(curves), 1),
    )


def _find_lowest_precision(curves: Sequence[ThresholdCurve]) -> float:
    """Return a round number that no precision is below; 0 without curves."""
    if not curves:
        return 0.0
    lowest = 1.0
    for curve in curves:
        for point in curve.points:
            lowest = min(lowest, point.precision)
    return math.floor(lowest * _PRECISION_STEPS) / _PRECISION_STEPS


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
