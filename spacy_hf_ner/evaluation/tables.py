"""An evaluation as JSON, and as rows of text for a console table or a page."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from html import escape
from typing import TYPE_CHECKING, Any, Final, TypeVar

from spacy_hf_ner.evaluation.confidence import Confidence, ThresholdCurve, ThresholdPoint
from spacy_hf_ner.evaluation.formatting import format_interval, format_percent
from spacy_hf_ner.evaluation.pairing import name_apart
from spacy_hf_ner.evaluation.resampling import Intervals
from spacy_hf_ner.evaluation.semeval import SemevalCounts
from spacy_hf_ner.evaluation.seqeval_report import SeqevalScores
from spacy_hf_ner.evaluation.strict import Averages, Counts, StrictScores

if TYPE_CHECKING:
    # An evaluation shows itself as one of these tables.
    from spacy_hf_ner.evaluation.levels import LevelScores
    from spacy_hf_ner.evaluation.results import Evaluation
    from spacy_hf_ner.evaluation.tagging import LabelScores, TaggingEvaluation

__all__ = [
    "FORMAT_VERSION",
    "LEVEL_HEADER",
    "PER_LABEL_HEADER",
    "PER_TYPE_HEADER",
    "as_html",
    "as_json",
    "interval_of",
    "level_rows",
    "per_label_rows",
    "per_type_rows",
    "program_rows",
    "tagging_as_json",
]

T = TypeVar("T")

FORMAT_VERSION: Final = 1

PER_TYPE_HEADER: Final = ("", "P", "R", "F1", "95 %", "correct", "predicted", "gold")

LEVEL_HEADER: Final = ("Level", "P", "R", "F1", "95 %", "correct", "predicted", "gold")

PER_LABEL_HEADER: Final = ("Label", "P", "R", "F1", "95 %", "correct", "predicted", "gold")

_HTML: Final = "<table><caption>{caption}</caption>{rows}</table>"

# The F1 of doc.ents, and of span groups: spaCy's Scorer names these by their key.
_SPACY_F1: Final = re.compile(r"ents_f|spans_.+_f")


def as_json(evaluation: "Evaluation") -> dict[str, Any]:
    """Return the evaluation as it is written to ``metrics.json``: plain values, no texts."""
    confusion = evaluation.confusion
    seqeval: dict[str, Any] = {}
    for scores in evaluation.seqeval:
        seqeval[scores.mode] = _seqeval_json(scores)
    slices: dict[str, Any] = {}
    for slicing in evaluation.slices:
        slices[slicing.name] = _map_values(_counts_json, slicing.counts)
    thresholds: dict[str, Any] = {}
    for curve in evaluation.thresholds:
        thresholds[curve.entity_type] = _curve_json(curve)
    return {
        "format_version": FORMAT_VERSION,
        "name": evaluation.name,
        "data": evaluation.data,
        "model": evaluation.model,
        "signature": evaluation.signature.to_json(),
        "n_docs": len(evaluation.pairs),
        "n_words": evaluation.n_words,
        "words_per_second": evaluation.words_per_second,
        "n_unjudged": evaluation.n_unjudged,
        "strict": _strict_json(evaluation.strict, evaluation.intervals),
        "semeval": _map_values(_semeval_json, evaluation.semeval),
        "token_accuracy": evaluation.token_accuracy,
        "seqeval": seqeval,
        "spacy": dict(evaluation.spacy_scores),
        "slices": slices,
        "confusion": {"types": confusion.types, "counts": confusion.counts},
        "confidence": _confidence_json(evaluation.confidence),
        "thresholds": thresholds,
        "labels": _labels_json(evaluation.labels),
        "levels": {level.name: _level_json(level) for level in evaluation.levels},
    }


def _level_json(level: "LevelScores") -> dict[str, Any]:
    interval = None if level.interval is None else asdict(level.interval)
    return {**_counts_json(level.counts), "interval_95": interval}


def tagging_as_json(evaluation: "TaggingEvaluation") -> dict[str, Any]:
    """Return the evaluation of labels as it is written to ``metrics.json``."""
    return {
        "format_version": FORMAT_VERSION,
        "name": evaluation.name,
        "data": evaluation.data,
        "model": evaluation.model,
        "signature": evaluation.signature.to_json(),
        "n_docs": evaluation.n_docs,
        "n_words": evaluation.n_words,
        "words_per_second": evaluation.words_per_second,
        "spacy": dict(evaluation.spacy_scores),
        "labels": _labels_json(evaluation.labels),
    }


def _labels_json(labels: "Sequence[LabelScores]") -> dict[str, Any]:
    """Return the scores of each kind of labels, by what they are."""
    by_target: dict[str, Any] = {}
    for scores in labels:
        interval = None if scores.interval is None else asdict(scores.interval)
        by_target[scores.target] = {
            "accuracy": scores.accuracy,
            "interval_95": interval,
            "per_label": _map_values(_counts_json, scores.strict.per_type),
            "confusion": {"labels": scores.confusion.types, "counts": scores.confusion.counts},
            "confidence": _confidence_json(scores.confidence),
        }
    return by_target


def per_type_rows(evaluation: "Evaluation") -> list[tuple[str, ...]]:
    """Return a row of text under :data:`PER_TYPE_HEADER` for each type, then for both averages.

    Shares are in percent.
    """
    strict = evaluation.strict
    rows: list[tuple[str, ...]] = []
    for entity_type, counts in strict.per_type.items():
        interval = interval_of(evaluation, entity_type)
        rows.append((entity_type, *_prf(counts), interval, *_numbers(counts)))

    micro_name = name_apart("micro average", strict.per_type)
    micro_interval = interval_of(evaluation)
    rows.append((micro_name, *_prf(strict.micro), micro_interval, *_numbers(strict.micro)))

    # The macro average is one over types, not over entities: it has no counts.
    macro_name = name_apart("macro average", strict.per_type)
    rows.append((macro_name, *_prf(strict.macro), "", "", "", ""))
    return rows


def per_label_rows(scores: "LabelScores") -> list[tuple[str, ...]]:
    """Return a row of text under :data:`PER_LABEL_HEADER` for each label, then for all together.

    Shares are in percent.
    """
    rows: list[tuple[str, ...]] = []
    for label, counts in scores.strict.per_type.items():
        interval = ""
        if scores.intervals is not None:
            interval = format_interval(scores.intervals.f1_per_type[label])
        rows.append((label, *_prf(counts), interval, *_numbers(counts)))
    micro = scores.strict.micro
    name = name_apart("accuracy", scores.strict.per_type)
    rows.append((name, *_prf(micro), format_interval(scores.interval), *_numbers(micro)))
    return rows


def level_rows(levels: "Sequence[LevelScores]") -> list[tuple[str, ...]]:
    """Return a row of text under :data:`LEVEL_HEADER` for each level; shares are in percent."""
    rows: list[tuple[str, ...]] = []
    for level in levels:
        interval = format_interval(level.interval)
        rows.append((level.name, *_prf(level.counts), interval, *_numbers(level.counts)))
    return rows


def as_html(evaluation: "Evaluation") -> str:
    """Return the scores of each type as a plain HTML table, for notebooks."""
    rows = [_make_html_row("th", PER_TYPE_HEADER)]
    for row in per_type_rows(evaluation):
        rows.append(_make_html_row("td", row))
    return _HTML.format(caption=escape(evaluation.title), rows="".join(rows))


def _make_html_row(element: str, cells: Sequence[str]) -> str:
    html = "<tr>"
    for cell in cells:
        html += f"<{element}>{escape(cell)}</{element}>"
    return html + "</tr>"


def program_rows(evaluation: "Evaluation") -> list[tuple[str, ...]]:
    """Return a row of text for each program that has judged the same entities.

    The columns are micro precision, recall and F1, and macro F1, all in percent.
    """
    rows = [_program_row("strict spans, by characters", evaluation.strict)]
    for scores in evaluation.seqeval:
        rows.append(_program_row(f"seqeval, {scores.mode} mode", scores))

    spacy_scores = evaluation.spacy_scores
    for key in spacy_scores:
        if not _SPACY_F1.fullmatch(key):
            continue
        # "ents_f" stands beside "ents_p" and "ents_r".
        prefix = key.removesuffix("f")
        precision = spacy_scores.get(f"{prefix}p")
        recall = spacy_scores.get(f"{prefix}r")
        f1 = spacy_scores[key]
        # The Scorer gives None where it had nothing to judge.
        if precision is None or recall is None or f1 is None:
            continue
        rows.append(
            (
                "spaCy's Scorer, by tokens",
                format_percent(precision),
                format_percent(recall),
                format_percent(f1),
                "",
            )
        )
    return rows


def interval_of(evaluation: "Evaluation", entity_type: str | None = None) -> str:
    """Return the 95 % interval of an F1 as text, such as ``"89.1–92.0"``; blank without intervals.

    Args:
        evaluation: The evaluation.
        entity_type: The type; None for micro F1.
    """
    intervals = evaluation.intervals
    if intervals is None:
        return ""
    if entity_type:
        return format_interval(intervals.f1_per_type[entity_type])
    return format_interval(intervals.f1)


def _program_row(name: str, scores: StrictScores | SeqevalScores) -> tuple[str, ...]:
    return (name, *_prf(scores.micro), format_percent(scores.macro.f1))


def _prf(row: Counts | Averages) -> tuple[str, str, str]:
    return format_percent(row.precision), format_percent(row.recall), format_percent(row.f1)


def _numbers(row: Counts) -> tuple[str, str, str]:
    return f"{row.n_correct:,}", f"{row.n_predicted:,}", f"{row.n_gold:,}"


def _averages_json(row: Counts | Averages | SemevalCounts) -> dict[str, Any]:
    return {"precision": row.precision, "recall": row.recall, "f1": row.f1}


def _counts_json(row: Counts) -> dict[str, Any]:
    return {
        **_averages_json(row),
        "n_correct": row.n_correct,
        "n_predicted": row.n_predicted,
        "n_gold": row.n_gold,
    }


def _strict_json(strict: StrictScores, intervals: Intervals | None) -> dict[str, Any]:
    json: dict[str, Any] = {
        "micro": _counts_json(strict.micro),
        "macro": _averages_json(strict.macro),
        "per_type": _map_values(_counts_json, strict.per_type),
        "intervals_95": None,
    }
    if intervals is not None:
        json["intervals_95"] = asdict(intervals)
    return json


def _semeval_json(row: SemevalCounts) -> dict[str, Any]:
    return {**asdict(row), **_averages_json(row)}


def _seqeval_json(scores: SeqevalScores) -> dict[str, Any]:
    return {
        "micro": _averages_json(scores.micro),
        "macro": _averages_json(scores.macro),
        "weighted": _averages_json(scores.weighted),
        "per_type": _map_values(_averages_json, scores.per_type),
    }


def _confidence_json(confidence: Confidence | None) -> dict[str, Any] | None:
    if confidence is None:
        return None
    return {
        "n": confidence.n,
        "n_unscored": confidence.n_unscored,
        "ece_equal_mass": confidence.equal_mass.expected_error,
        "ece_equal_width": confidence.equal_width.expected_error,
        "ece_noise": confidence.noise,
        "mce_equal_mass": confidence.equal_mass.maximum_error,
        "mce_equal_width": confidence.equal_width.maximum_error,
        "brier": confidence.brier,
        "auroc": confidence.auroc,
    }


def _curve_json(curve: ThresholdCurve) -> dict[str, Any]:
    json: dict[str, Any] = {"best_f1": _point_json(curve.best_f1), "high_precision": None}
    if curve.high_precision is not None:
        json["high_precision"] = _point_json(curve.high_precision)
    return json


def _map_values(to_json: Callable[[T], Any], rows: Mapping[Any, T]) -> dict[str, Any]:
    """Return each row as JSON, under the name that it has."""
    return {name: to_json(row) for name, row in rows.items()}


def _point_json(point: ThresholdPoint) -> dict[str, float]:
    return {
        "threshold": point.threshold,
        "precision": point.precision,
        "recall": point.recall,
        "f1": point.f1,
    }
