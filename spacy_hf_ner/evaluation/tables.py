"""An evaluation as JSON and as rows of a console table."""

import re
from dataclasses import asdict
from typing import Any

from spacy_hf_ner.evaluation.confidence import Confidence, ThresholdPoint
from spacy_hf_ner.evaluation.pairing import name_apart
from spacy_hf_ner.evaluation.results import Evaluation
from spacy_hf_ner.evaluation.semeval import SemevalCounts
from spacy_hf_ner.evaluation.seqeval_report import SeqevalScores
from spacy_hf_ner.evaluation.strict import Averages, Counts

FORMAT_VERSION = 1


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """Return the evaluation as it is written to ``metrics.json``: plain values, no texts."""
    return {
        "format_version": FORMAT_VERSION,
        "model": evaluation.model,
        "signature": evaluation.signature.to_json(),
        "n_docs": len(evaluation.pairs),
        "n_words": evaluation.n_words,
        "words_per_second": evaluation.words_per_second,
        "n_unjudged": evaluation.n_unjudged,
        "strict": {
            "micro": _counts_json(evaluation.strict.micro),
            "macro": _averages_json(evaluation.strict.macro),
            "per_type": {t: _counts_json(row) for t, row in evaluation.strict.per_type.items()},
            "intervals_95": evaluation.intervals and asdict(evaluation.intervals),
        },
        "semeval": {
            view: {**asdict(row), **_averages_json(row)} for view, row in evaluation.semeval.items()
        },
        "token_accuracy": evaluation.token_accuracy,
        "seqeval": {scores.mode: _seqeval_json(scores) for scores in evaluation.seqeval},
        "spacy": dict(evaluation.spacy_scores),
        "slices": {
            s.name: {v: _counts_json(row) for v, row in s.counts.items()} for s in evaluation.slices
        },
        "confusion": {"types": evaluation.confusion.types, "counts": evaluation.confusion.counts},
        "confidence": evaluation.confidence and _confidence_json(evaluation.confidence),
        "thresholds": {
            curve.entity_type: {
                "best_f1": _point_json(curve.best_f1),
                "high_precision": curve.high_precision and _point_json(curve.high_precision),
            }
            for curve in evaluation.thresholds
        },
    }


def per_type_rows(evaluation: Evaluation) -> list[tuple[str, ...]]:
    """Return a row of text for each entity type, then for both averages: P, R, F1 in percent, F1's interval, counts."""
    strict = evaluation.strict
    micro, macro = (
        name_apart(name, strict.per_type) for name in ("micro average", "macro average")
    )
    return [
        *(
            (t, *_prf(row), interval_of(evaluation, t), *_numbers(row))
            for t, row in strict.per_type.items()
        ),
        (micro, *_prf(strict.micro), interval_of(evaluation), *_numbers(strict.micro)),
        (macro, *_prf(strict.macro), "", "", "", ""),
    ]


def program_rows(evaluation: Evaluation) -> list[tuple[str, ...]]:
    """Return a row of text for each program that has judged the same entities: micro P, R, F1 and macro F1."""
    strict = evaluation.strict
    rows: list[tuple[str, ...]] = [
        ("strict spans, by characters", *_prf(strict.micro), _percent(strict.macro.f1))
    ]
    rows += [
        (f"seqeval, {scores.mode} mode", *_prf(scores.micro), _percent(scores.macro.f1))
        for scores in evaluation.seqeval
    ]
    keys = [
        key for key in evaluation.spacy_scores if key == "ents_f" or re.fullmatch("spans_.+_f", key)
    ]
    for key in keys:  # of ents, of span groups, or of both
        prf = [evaluation.spacy_scores.get(key[:-1] + measure) for measure in "prf"]
        if all(isinstance(value, float) for value in prf):
            rows.append(
                ("spaCy's Scorer, by tokens", *(_percent(float(value or 0)) for value in prf), "")
            )
    return rows


def interval_of(evaluation: Evaluation, entity_type: str | None = None) -> str:
    """Return the 95 % interval of an F1 as text, such as ``"89.1–92.0"``; of micro F1 if no type is named."""
    if evaluation.intervals is None:
        return ""
    per_type = evaluation.intervals.f1_per_type
    interval = per_type[entity_type] if entity_type else evaluation.intervals.f1
    return f"{interval.low * 100:.1f}–{interval.high * 100:.1f}"


def _prf(row: Counts | Averages) -> tuple[str, str, str]:
    return _percent(row.precision), _percent(row.recall), _percent(row.f1)


def _percent(value: float) -> str:
    return f"{value * 100:.2f}"


def _numbers(row: Counts) -> tuple[str, str, str]:
    return f"{row.n_correct:,}", f"{row.n_predicted:,}", f"{row.n_gold:,}"


def _averages_json(row: Counts | Averages | SemevalCounts) -> dict[str, Any]:
    return {"precision": row.precision, "recall": row.recall, "f1": row.f1}


def _counts_json(row: Counts) -> dict[str, Any]:
    counts = {"n_correct": row.n_correct, "n_predicted": row.n_predicted, "n_gold": row.n_gold}
    return {**_averages_json(row), **counts}


def _seqeval_json(scores: SeqevalScores) -> dict[str, Any]:
    return {
        "micro": _averages_json(scores.micro),
        "macro": _averages_json(scores.macro),
        "weighted": _averages_json(scores.weighted),
        "per_type": {t: _averages_json(row) for t, row in scores.per_type.items()},
    }


def _confidence_json(confidence: Confidence) -> dict[str, Any]:
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


def _point_json(point: ThresholdPoint) -> dict[str, float]:
    return {
        "threshold": point.threshold,
        "precision": point.precision,
        "recall": point.recall,
        "f1": point.f1,
    }
